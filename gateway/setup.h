/* SPDX-License-Identifier: Apache-2.0 */
/* setup.h - the module's part in nginx's reading of the configuration */
#ifndef TRIVET_GATEWAY_SETUP_H
#define TRIVET_GATEWAY_SETUP_H

#include "gateway/conf.h"

/* Before the configuration is read: adds the variables. */
ngx_int_t ngx_http_trivet_preconfiguration(ngx_conf_t *cf);
/* After it was read: checks it as a whole, loads keys, adds shared memory,
 * handlers and filters. NGX_ERROR: logged. A module that no location uses needs
 * nothing. */
ngx_int_t ngx_http_trivet_postconfiguration(ngx_conf_t *cf);

#endif
