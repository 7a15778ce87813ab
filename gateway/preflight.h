/* SPDX-License-Identifier: Apache-2.0 */
/* preflight.h - what a browser asks before it sends a request (CORS) */
#ifndef TRIVET_GATEWAY_PREFLIGHT_H
#define TRIVET_GATEWAY_PREFLIGHT_H

#include "gateway/request.h"

/* Whether r is such a request, in a location that lets it pass. */
ngx_uint_t ngx_http_trivet_is_preflight(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);

#endif
