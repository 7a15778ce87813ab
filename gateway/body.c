/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - the body of the main request */
#include "gateway/body.h"

#include "gateway/request.h"
/* A part of the body that nginx put into a file. */
static enum trivet_status
ngx_http_trivet_digest_file(
    struct trivet_digest *digest, u_char *buffer, ngx_buf_t *b)
{
    off_t offset;
    size_t size;
    ssize_t n;

    for (offset = b->file_pos; offset < b->file_last; offset += n) {
        size = (size_t) ngx_min(
            b->file_last - offset, (off_t) NGX_HTTP_TRIVET_READ_SIZE);

        n = pread(b->file->fd, buffer, size, offset);
        if (n <= 0) {
            return TRIVET_E_INTERNAL;
        }

        trivet_digest_add(digest, trivet_slice_make(buffer, (size_t) n));
    }

    return TRIVET_OK;
}


/* buffer: NGX_HTTP_TRIVET_READ_SIZE bytes, for what is in a file. */
enum trivet_status
ngx_http_trivet_digest_body(struct trivet_digest *digest, u_char *buffer,
    struct trivet_slice head, ngx_chain_t *body,
    unsigned char out[TRIVET_DIGEST_LEN])
{
    ngx_buf_t *b;
    ngx_chain_t *cl;

    trivet_digest_start(digest);
    trivet_digest_add(digest, head);

    for (cl = body; cl != NULL; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            trivet_digest_add(
                digest, trivet_slice_make(b->pos, (size_t) (b->last - b->pos)));

        } else if (b->in_file) {
            TRIVET_TRY(ngx_http_trivet_digest_file(digest, buffer, b));
        }
    }

    return trivet_digest_finish(digest, out);
}


enum trivet_status
ngx_http_trivet_join_body(
    u_char *buffer, size_t limit, ngx_chain_t *body, struct trivet_slice *out)
{
    size_t len = 0, size;
    ssize_t n;
    ngx_buf_t *b;
    ngx_chain_t *cl;

    for (cl = body; cl != NULL; cl = cl->next) {
        b = cl->buf;
        size = (size_t) ngx_buf_size(b);

        if (size > limit - len) {
            return TRIVET_E_LIMIT;
        }

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(buffer + len, b->pos, size);

        } else if (b->in_file) {
            n = pread(b->file->fd, buffer + len, size, b->file_pos);
            if (n != (ssize_t) size) {
                return TRIVET_E_INTERNAL;
            }
        }

        len += size;
    }

    *out = trivet_slice_make(buffer, len);

    return TRIVET_OK;
}


/* Content-Length as it was sent: r->headers_in.content_length_n counts down
 * while a body is thrown away. 0 when there is none. */
static off_t
ngx_http_trivet_sent_length(ngx_http_request_t *r)
{
    off_t len;
    ngx_table_elt_t *h = r->headers_in.content_length;

    if (h == NULL) {
        return 0;
    }

    len = ngx_atoof(h->value.data, h->value.len);

    return len == (off_t) NGX_ERROR ? 0 : len;
}


/* What was sent in the place of a plain body that is in use now; else NULL. */
static ngx_chain_t *
ngx_http_trivet_replaced_body(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r->main);

    return ctx == NULL || ctx->encryption == NULL ? NULL
                                                  : ctx->encryption->sent;
}


ngx_uint_t
ngx_http_trivet_has_body(ngx_http_request_t *r)
{
    r = r->main;

    return ngx_http_trivet_replaced_body(r) != NULL || r->headers_in.chunked
           || ngx_http_trivet_sent_length(r) > 0;
}


/* Nobody has begun to read it, or to throw it away. */
ngx_uint_t
ngx_http_trivet_is_body_unread(ngx_http_request_t *r)
{
    r = r->main;

    if (r->request_body != NULL || r->discard_body) {
        return 0;
    }

#if (NGX_HTTP_V2)
    if (r->stream != NULL && r->stream->skip_data) {
        return 0;
    }
#endif

    if (r->headers_in.chunked) {
        return r->headers_in.content_length_n < 0;
    }

    return ngx_http_trivet_sent_length(r) == 0
           || r->headers_in.content_length_n == ngx_http_trivet_sent_length(r);
}


ngx_chain_t *
ngx_http_trivet_body(ngx_http_request_t *r)
{
    ngx_chain_t *replaced;

    replaced = ngx_http_trivet_replaced_body(r);
    if (replaced != NULL) {
        return replaced;
    }

    return r->main->request_body == NULL ? NULL : r->main->request_body->bufs;
}


ngx_uint_t
ngx_http_trivet_is_body_whole(ngx_http_request_t *r)
{
    off_t len = 0;
    ngx_chain_t *cl;
    ngx_http_request_body_t *rb;

    r = r->main;
    rb = r->request_body;

    if (ngx_http_trivet_replaced_body(r) != NULL
        || !ngx_http_trivet_has_body(r)) {
        return 1;
    }

    if (rb == NULL || rb->rest != 0) {
        return 0;
    }

    for (cl = rb->bufs; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (!r->headers_in.chunked) {
        return len == ngx_http_trivet_sent_length(r);
    }

    /* nginx sums up the chunks there, but not those of HTTP/2. */
    return r->headers_in.content_length_n < 0
           || len == r->headers_in.content_length_n;
}


static void
ngx_http_trivet_body_handler(ngx_http_request_t *r)
{
    r->preserve_body = 1;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


ngx_int_t
ngx_http_trivet_receive_body(ngx_http_request_t *r)
{
    ngx_int_t rc;

    rc = ngx_http_read_client_request_body(r, ngx_http_trivet_body_handler);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}
