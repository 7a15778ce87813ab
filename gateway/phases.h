/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phases.h - the handlers in nginx's phases. Each returns as nginx's own do:
 * NGX_OK or NGX_DECLINED, go on; NGX_AGAIN or NGX_DONE, not yet; else a
 * status.
 */
#ifndef TRIVET_GATEWAY_PHASES_H
#define TRIVET_GATEWAY_PHASES_H

#include "gateway/conf.h"

ngx_int_t ngx_http_trivet_rewrite_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_trivet_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_trivet_precontent_handler(ngx_http_request_t *r);

#endif
