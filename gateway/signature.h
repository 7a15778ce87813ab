/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h - X-Bunq-Server-Signature */
#ifndef TRIVET_GATEWAY_SIGNATURE_H
#define TRIVET_GATEWAY_SIGNATURE_H

#include "gateway/request.h"
#include "gateway/turns.h"

/* Starts the digest of an answer with what is signed in front of its body. */
ngx_int_t ngx_http_trivet_start_digest(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, struct trivet_digest *digest);
/*
 * Signs digest with the installation's server key; adds the field.
 *
 * NGX_AGAIN  it is signed later: then done is called, which adds the field by
 *            ngx_http_trivet_add_signed. Never with done NULL, nor for what
 *            cannot wait.
 */
ngx_int_t ngx_http_trivet_add_signature(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, const unsigned char digest[TRIVET_DIGEST_LEN],
    ngx_http_trivet_turn_pt done);
ngx_int_t ngx_http_trivet_add_signed(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_turn_t *turn);
/* The same for an answer that has this body; of a HEAD, none. */
ngx_int_t ngx_http_trivet_sign_bytes(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, const char *data, size_t len,
    ngx_http_trivet_turn_pt done);

#endif
