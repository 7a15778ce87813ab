/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.h - what the authority is asked: the one place that fills a struct
 * trivet_request, a step at a time
 */
#ifndef TRIVET_GATEWAY_FILL_H
#define TRIVET_GATEWAY_FILL_H

#include "gateway/request.h"

/* 1. The context, made when there is none, and what the fields of the caller's
 * request say: token, signature, language, id. NULL when memory ran out. */
ngx_http_trivet_ctx_t *ngx_http_trivet_make_ctx(ngx_http_request_t *r);
/* 2. What a location asks for. Forgets what was judged before, for another
 * location, URI or method. */
void ngx_http_trivet_start(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf);
/* 3. Which call it is, and its rule. NONE, or why it is refused; *search has
 * what a 405 allows. */
enum trivet_reason ngx_http_trivet_find_rule(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf,
    struct trivet_call_search *search);
/* headers=strict: the name of the field that is missing, or NULL. */
const char *ngx_http_trivet_missing_header(ngx_http_trivet_ctx_t *ctx);
/* 4. The digests of what the client may have signed: one thing, or
 * (signing=both) one of two. buffer: as of ngx_http_trivet_digest_body. May run
 * on a pool thread. */
enum trivet_status ngx_http_trivet_digest_request(struct trivet_digest *digest,
    u_char *buffer, ngx_http_trivet_ctx_t *ctx, ngx_chain_t *body);

#endif
