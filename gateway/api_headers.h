/* SPDX-License-Identifier: Apache-2.0 */
/* api_headers.h - the request's header on its way to the API */
#ifndef TRIVET_GATEWAY_API_HEADERS_H
#define TRIVET_GATEWAY_API_HEADERS_H

#include "gateway/request.h"

/* Adds the identity; takes out credentials, what only a proxy may send, and
 * what would change the answer's bytes. */
ngx_int_t ngx_http_trivet_set_identity(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);

#endif
