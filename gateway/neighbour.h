/* SPDX-License-Identifier: Apache-2.0 */
/* neighbour.h - directives of other modules that would let requests past us */
#ifndef TRIVET_GATEWAY_NEIGHBOUR_H
#define TRIVET_GATEWAY_NEIGHBOUR_H

#include "gateway/conf.h"

/* Of a location that was merged: sets is_asking, is_early and the server's
 * is_protected. NGX_ERROR: logged. */
ngx_int_t ngx_http_trivet_check_location(
    ngx_conf_t *cf, ngx_http_trivet_loc_conf_t *tlcf);
/* Of all servers, when the configuration was read. NGX_ERROR: logged. */
ngx_int_t ngx_http_trivet_check_servers(ngx_conf_t *cf);

#endif
