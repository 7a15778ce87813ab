/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encrypting.h - answers that only the caller's installation can read
 *
 * The answer to a request whose body was decrypted is encrypted: what this
 * gateway answers itself, what nginx does (an error page) and what the API
 * does. It is signed afterwards, over what goes over the wire.
 */
#ifndef TRIVET_GATEWAY_ENCRYPTING_H
#define TRIVET_GATEWAY_ENCRYPTING_H

#include "gateway/request.h"

/* Whether the answer, when it has a body, is to be encrypted. */
ngx_uint_t ngx_http_trivet_is_encrypting(ngx_http_trivet_ctx_t *ctx);
/* An answer whose bytes are known (of REPLACE), with its fields. */
ngx_int_t ngx_http_trivet_encrypt_settled(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* An answer that is collected: begins, encrypts a part of the body with keep
 * (which gets at most 16 KiB at a time), and ends, with its fields. */
typedef enum trivet_reason (*ngx_http_trivet_keep_pt)(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf, u_char *data,
    size_t len);
ngx_int_t ngx_http_trivet_start_encrypting(ngx_http_trivet_ctx_t *ctx);
enum trivet_reason ngx_http_trivet_encrypt_part(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf, u_char *data,
    size_t len, ngx_http_trivet_keep_pt keep);
enum trivet_reason ngx_http_trivet_finish_encrypting(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf,
    ngx_http_trivet_keep_pt keep);

#endif
