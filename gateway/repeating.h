/* SPDX-License-Identifier: Apache-2.0 */
/* repeating.h - a request that the API may have read is not sent again */
#ifndef TRIVET_GATEWAY_REPEATING_H
#define TRIVET_GATEWAY_REPEATING_H

#include "gateway/request.h"

/* When the configuration was read: of all groups of servers. */
ngx_int_t ngx_http_trivet_watch_peers(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* Before the content of a request that was admitted. */
void ngx_http_trivet_watch_content(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

#endif
