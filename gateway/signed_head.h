/* SPDX-License-Identifier: Apache-2.0 */
/* signed_head.h - what the full scheme signs in front of a body */
#ifndef TRIVET_GATEWAY_SIGNED_HEAD_H
#define TRIVET_GATEWAY_SIGNED_HEAD_H

#include "gateway/request.h"

/* What the request's scheme signs in front of the body, into ctx->head; empty
 * when nobody will look at it. */
ngx_int_t ngx_http_trivet_make_request_head(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* The same of the answer, whose fields are all there but the signature. */
ngx_int_t ngx_http_trivet_make_response_head(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, struct trivet_slice *out);

#endif
