/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body.h - the body of the main request, which is the body of its subrequests.
 * r may be either. A body that is not there any more is never taken for an
 * empty one.
 */
#ifndef TRIVET_GATEWAY_BODY_H
#define TRIVET_GATEWAY_BODY_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "crypto/digest.h"

/* What a file is read with, a piece at a time; in bytes. */
enum { NGX_HTTP_TRIVET_READ_SIZE = 64 * 1024 };

/* Whether there is one, whether it can still be read, and whether all of it was
 * read. */
ngx_uint_t ngx_http_trivet_has_body(ngx_http_request_t *r);
ngx_uint_t ngx_http_trivet_is_body_unread(ngx_http_request_t *r);
ngx_uint_t ngx_http_trivet_is_body_whole(ngx_http_request_t *r);
/* What was read of it; NULL: nothing. */
ngx_chain_t *ngx_http_trivet_body(ngx_http_request_t *r);
/* Reads it, of a main request; then the phases run again. NGX_DONE: it will
 * come, or has come; else a status. */
ngx_int_t ngx_http_trivet_receive_body(ngx_http_request_t *r);

/* The digest of head and body. buffer: NGX_HTTP_TRIVET_READ_SIZE bytes, for
 * what nginx put into a file; NULL when nothing is in one. Blocks when
 * something is. */
enum trivet_status ngx_http_trivet_digest_body(struct trivet_digest *digest,
    u_char *buffer, struct trivet_slice head, ngx_chain_t *body,
    unsigned char out[TRIVET_DIGEST_LEN]);
/* A body of at most limit bytes in one piece, in buffer. TRIVET_E_LIMIT: it is
 * longer. Blocks when something is in a file. */
enum trivet_status ngx_http_trivet_join_body(
    u_char *buffer, size_t limit, ngx_chain_t *body, struct trivet_slice *out);

#endif
