/* SPDX-License-Identifier: Apache-2.0 */
/* answering.h - answers of the gateway's own: refusals, the protocol's calls */
#ifndef TRIVET_GATEWAY_ANSWERING_H
#define TRIVET_GATEWAY_ANSWERING_H

#include "gateway/request.h"

/* Sends ctx->answer. The result is for ngx_http_finalize_request. */
ngx_int_t ngx_http_trivet_send_answer(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Refuses without having asked the authority. */
ngx_int_t ngx_http_trivet_send_refusal(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, enum trivet_reason reason);
/* The same; subject (NULL: none) stands for the "%s" of its text. */
ngx_int_t ngx_http_trivet_send_refusal_of(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, enum trivet_reason reason, const char *subject);
/* Sends a body of JSON, which it takes over, as the answer of a built-in API:
 * it is behind the gateway like any other API, so the filters sign it. */
ngx_int_t ngx_http_trivet_send_built_in(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, struct trivet_buffer *body);
/* trivet_identity: a built-in API, which answers with who is calling. */
ngx_int_t ngx_http_trivet_identity_handler(ngx_http_request_t *r);
/* One line in nginx's log: ctx->reason, and what the machine reported. */
void ngx_http_trivet_log_refusal(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

#endif
