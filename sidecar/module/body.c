/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - the body of a request, in one piece */
#include "sidecar/module/body.h"


/* A part that nginx put into a file. */
static enum trivet_status
ngx_http_trivet_proxy_append_file(struct trivet_buffer *copy, ngx_buf_t *b)
{
    off_t offset;
    ssize_t n;
    size_t size = (size_t) (b->file_last - b->file_pos);

    TRIVET_TRY(trivet_buffer_reserve(copy, size));

    for (offset = b->file_pos; offset < b->file_last; offset += n) {
        n = pread(b->file->fd, copy->data + copy->len,
            (size_t) (b->file_last - offset), offset);
        if (n <= 0) {
            return TRIVET_E_INTERNAL;
        }

        copy->len += (size_t) n;
    }

    copy->data[copy->len] = '\0';

    return TRIVET_OK;
}


static enum trivet_status
ngx_http_trivet_proxy_append(struct trivet_buffer *copy, ngx_buf_t *b)
{
    if (ngx_buf_in_memory(b)) {
        return trivet_buffer_append(
            copy, trivet_slice_make(b->pos, (size_t) (b->last - b->pos)));
    }

    return b->in_file ? ngx_http_trivet_proxy_append_file(copy, b) : TRIVET_OK;
}


enum trivet_status
ngx_http_trivet_proxy_join_body(
    ngx_chain_t *body, struct trivet_buffer *copy, struct trivet_slice *out)
{
    ngx_chain_t *cl;

    if (body == NULL) {
        *out = trivet_slice_make(NULL, 0);
        return TRIVET_OK;
    }

    if (body->next == NULL && ngx_buf_in_memory(body->buf)) {
        *out = trivet_slice_make(
            body->buf->pos, (size_t) (body->buf->last - body->buf->pos));
        return TRIVET_OK;
    }

    for (cl = body; cl != NULL; cl = cl->next) {
        TRIVET_TRY(ngx_http_trivet_proxy_append(copy, cl->buf));
    }

    *out = trivet_buffer_slice(copy);

    return TRIVET_OK;
}
