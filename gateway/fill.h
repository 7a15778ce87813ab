/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.h - what the authority is asked: the one place that fills a struct
 * trivet_request, a step at a time
 *
 * Other files read it; tools/check-layers refuses those that write it.
 */
#ifndef TRIVET_GATEWAY_FILL_H
#define TRIVET_GATEWAY_FILL_H

#include "gateway/request.h"

/* ---- 1. read ------------------------------------------------------------- */

/* The context, made when there is none, and what the fields of the caller's
 * request say: token, signature, language, id, encryption. NULL when memory ran
 * out. */
ngx_http_trivet_ctx_t *ngx_http_trivet_make_ctx(ngx_http_request_t *r);

/* ---- 2. route ------------------------------------------------------------ */

/* What a location asks for. Forgets what was decided before, for another
 * location, URI or method. */
void ngx_http_trivet_start(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf);
/* Which call it is, its rule, and whether its body may be encrypted. NONE, or
 * why it is refused; *search has what a 405 allows. */
enum trivet_reason ngx_http_trivet_find_rule(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf,
    struct trivet_call_search *search);
/* Instead of find_rule, for a preflight: it asks for no credential. */
void ngx_http_trivet_fill_preflight(ngx_http_trivet_ctx_t *ctx);
/* Another request in *out, which asks for any known token and no signature: to
 * find out whose token it is. */
void ngx_http_trivet_fill_look(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, struct trivet_request *out);

/* ---- 3. guard ------------------------------------------------------------ */

/* headers=strict: the name of the field that is missing, or NULL. */
const char *ngx_http_trivet_missing_header(ngx_http_trivet_ctx_t *ctx);
/* There are more fields than any client signs: no full signature is valid. */
void ngx_http_trivet_fill_too_many_fields(ngx_http_trivet_ctx_t *ctx);

/* ---- 4. body ------------------------------------------------------------- */

/* Whether the body is still to be read. */
void ngx_http_trivet_fill_body_unread(
    ngx_http_trivet_ctx_t *ctx, ngx_uint_t is_unread);
/* The digests of what the client may have signed: one thing, or (signing=both)
 * one of two. buffer: as of ngx_http_trivet_digest_body. May run on a pool
 * thread, as the functions below. */
enum trivet_status ngx_http_trivet_digest_request(struct trivet_digest *digest,
    u_char *buffer, ngx_http_trivet_ctx_t *ctx, ngx_chain_t *body);
/* The body of a protocol call, joined or decrypted; the bytes are the caller's.
 * An empty slice takes it out again. */
void ngx_http_trivet_fill_body(
    ngx_http_trivet_ctx_t *ctx, struct trivet_slice body);
/* Who decrypts the body; gets ctx. */
void ngx_http_trivet_fill_decrypt(
    ngx_http_trivet_ctx_t *ctx, enum trivet_status (*decrypt)(void *data,
                                    struct trivet_decrypter *decrypter));
/* What the sandbox explains a refused signature by; NULL: nothing. The caller
 * takes it out before it is gone. */
void ngx_http_trivet_fill_evidence(
    ngx_http_trivet_ctx_t *ctx, const struct trivet_evidence *evidence);

#endif
