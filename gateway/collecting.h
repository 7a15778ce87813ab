/* SPDX-License-Identifier: Apache-2.0 */
/* collecting.h - an answer's body, kept back until it is whole */
#ifndef TRIVET_GATEWAY_COLLECTING_H
#define TRIVET_GATEWAY_COLLECTING_H

#include "gateway/request.h"

/* Anew: an answer before this one may have been given up half-way. */
void ngx_http_trivet_start_collecting(ngx_http_trivet_ctx_t *ctx);
/* Adds the bytes of b, which is in memory; NONE, or why it could not. */
enum trivet_reason ngx_http_trivet_keep(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf, ngx_buf_t *b);
/* When all was kept: what encryption puts behind it, and its fields. */
enum trivet_reason ngx_http_trivet_keep_last(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
/* The digest of all that was kept, behind what is signed in front of it. */
ngx_int_t ngx_http_trivet_finish_digest(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, unsigned char out[TRIVET_DIGEST_LEN]);
/* What goes out after the header: the chunks, the file, or nothing at all. */
ngx_chain_t *ngx_http_trivet_make_output(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

#endif
