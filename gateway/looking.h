/* SPDX-License-Identifier: Apache-2.0 */
/*
 * looking.h - what the event loop asks the authority itself, which takes a few
 * microseconds of reading
 */
#ifndef TRIVET_GATEWAY_LOOKING_H
#define TRIVET_GATEWAY_LOOKING_H

#include "gateway/request.h"

/*
 * NGX_OK        the request is admitted here and now.
 * NGX_AGAIN     its signature waits to be verified with others (checks.h); the
 *               phases go on then, and it is asked again.
 * NGX_DECLINED  nothing was decided.
 */
ngx_int_t ngx_http_trivet_admit_here(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Whether nothing speaks against having the request's body; if something
 * does, or it is not known, nothing was decided. */
ngx_uint_t ngx_http_trivet_may_send_body(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Fills server_key and identity of ctx->answer when the token is known, for an
 * answer that is made without the authority. */
void ngx_http_trivet_find_signer(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

#endif
