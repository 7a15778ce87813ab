/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decrypting.c - a request's encrypted body, and the plain one that is made of
 * it
 *
 * The event loop makes room; the pool thread reads the encrypted body twice
 * (the HMAC first), and writes the plain one: into memory, or into a second
 * temporary file when the body is in one. Neither side sees more than a piece
 * of a large body at a time.
 */
#include "gateway/decrypting.h"

#include "gateway/body.h"
#include "gateway/fill.h"
#include "gateway/slice.h"
#include "gateway/spool.h"
enum { NGX_HTTP_TRIVET_PIECE = 16 * 1024 };


/* One step with a piece of the encrypted body. */
typedef enum trivet_status (*ngx_http_trivet_step_pt)(
    ngx_http_trivet_encryption_t *e, struct trivet_decryption *decryption,
    struct trivet_slice piece);


/* ---- the pool thread ----------------------------------------------------- */

static enum trivet_status
ngx_http_trivet_authenticate_piece(ngx_http_trivet_encryption_t *e,
    struct trivet_decryption *decryption, struct trivet_slice piece)
{
    (void) e;

    return trivet_decryption_authenticate(decryption, piece);
}


/* Adds len bytes at the end of the plain body. In memory they are there
 * already. */
static enum trivet_status
ngx_http_trivet_keep_plain(
    ngx_http_trivet_encryption_t *e, const u_char *data, size_t len)
{
    size_t done;
    ssize_t n;

    for (done = 0; e->memory == NULL && done < len; done += (size_t) n) {
        n = pwrite(
            e->file->file.fd, data + done, len - done, e->len + (off_t) done);
        if (n <= 0) {
            return TRIVET_E_UNAVAILABLE;
        }
    }

    e->len += (off_t) len;

    return TRIVET_OK;
}


static enum trivet_status
ngx_http_trivet_decrypt_piece(ngx_http_trivet_encryption_t *e,
    struct trivet_decryption *decryption, struct trivet_slice piece)
{
    u_char buffer[NGX_HTTP_TRIVET_PIECE + TRIVET_AES_BLOCK_LEN];
    u_char *out = buffer;
    size_t len;
    enum trivet_status status;

    if (e->memory != NULL) {
        out = e->memory + e->len;
    }

    status = trivet_decryption_add(decryption, piece, out, &len);
    if (status == TRIVET_OK) {
        status = ngx_http_trivet_keep_plain(e, out, len);
    }

    if (e->memory == NULL) {
        trivet_wipe(buffer, sizeof(buffer));
    }

    return status;
}


static enum trivet_status
ngx_http_trivet_each_in_file(ngx_http_trivet_encryption_t *e,
    struct trivet_decryption *decryption, ngx_buf_t *b,
    ngx_http_trivet_step_pt step)
{
    off_t offset;
    size_t size;
    ssize_t n;
    u_char buffer[NGX_HTTP_TRIVET_PIECE];

    for (offset = b->file_pos; offset < b->file_last; offset += n) {
        size = (size_t) ngx_min(
            b->file_last - offset, (off_t) NGX_HTTP_TRIVET_PIECE);

        n = pread(b->file->fd, buffer, size, offset);
        if (n <= 0) {
            return TRIVET_E_UNAVAILABLE;
        }

        TRIVET_TRY(step(e, decryption, trivet_slice_make(buffer, (size_t) n)));
    }

    return TRIVET_OK;
}


/* step for the whole encrypted body. */
static enum trivet_status
ngx_http_trivet_each_piece(ngx_http_trivet_encryption_t *e,
    struct trivet_decryption *decryption, ngx_http_trivet_step_pt step)
{
    u_char *p;
    size_t size;
    ngx_buf_t *b;
    ngx_chain_t *cl;

    for (cl = e->body; cl != NULL; cl = cl->next) {
        b = cl->buf;

        if (!ngx_buf_in_memory(b)) {
            TRIVET_TRY(ngx_http_trivet_each_in_file(e, decryption, b, step));
            continue;
        }

        for (p = b->pos; p < b->last; p += size) {
            size =
                ngx_min((size_t) (b->last - p), (size_t) NGX_HTTP_TRIVET_PIECE);
            TRIVET_TRY(step(e, decryption, trivet_slice_make(p, size)));
        }
    }

    return TRIVET_OK;
}


static enum trivet_status
ngx_http_trivet_run_decryption(
    ngx_http_trivet_encryption_t *e, struct trivet_decryption *decryption)
{
    u_char last[TRIVET_AES_BLOCK_LEN];
    size_t len;
    enum trivet_status status;

    TRIVET_TRY(ngx_http_trivet_each_piece(
        e, decryption, ngx_http_trivet_authenticate_piece));
    TRIVET_TRY(trivet_decryption_check(decryption));
    TRIVET_TRY(ngx_http_trivet_each_piece(
        e, decryption, ngx_http_trivet_decrypt_piece));

    status = trivet_decryption_finish(decryption, last, &len);
    if (status == TRIVET_OK && e->memory != NULL) {
        ngx_memcpy(e->memory + e->len, last, len);
    }
    if (status == TRIVET_OK) {
        status = ngx_http_trivet_keep_plain(e, last, len);
    }
    trivet_wipe(last, sizeof(last));

    return status;
}


/* Called by the authority when the signature was verified. */
static enum trivet_status
ngx_http_trivet_decrypt(void *data, struct trivet_decrypter *decrypter)
{
    ngx_http_trivet_ctx_t *ctx = data;

    enum trivet_status status;
    struct trivet_decryption *decryption;
    ngx_http_trivet_encryption_t *e = ctx->encryption;
    const struct trivet_encryption_received received = {
        .key = e->fields[0], .iv = e->fields[1], .hmac = e->fields[2]};

    e->len = 0;

    TRIVET_TRY(trivet_decryption_start(decrypter, &received, &decryption));
    status = ngx_http_trivet_run_decryption(e, decryption);
    trivet_decryption_free(decryption);

    if (status == TRIVET_OK && ctx->request.call != NULL) {
        ngx_http_trivet_fill_body(
            ctx, trivet_slice_make(e->memory, (size_t) e->len));
    }

    return status;
}


/* ---- the event loop ------------------------------------------------------ */

static enum trivet_reason
ngx_http_trivet_make_plain_file(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, off_t len)
{
    ngx_temp_file_t *tf;
    enum trivet_reason reason;
    ngx_http_core_loc_conf_t *clcf;

    reason = ngx_http_trivet_reserve_room(r, ctx, len);
    if (reason != TRIVET_REASON_NONE) {
        return reason;
    }

    tf = ngx_pcalloc(r->pool, sizeof(ngx_temp_file_t));
    if (tf == NULL) {
        return TRIVET_REASON_INTERNAL;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    tf->file.fd = NGX_INVALID_FILE;
    tf->file.log = r->connection->log;
    tf->path = clcf->client_body_temp_path;
    tf->pool = r->pool;

    if (ngx_create_temp_file(&tf->file, tf->path, tf->pool, 0, 1, 0) != NGX_OK)
    {
        return TRIVET_REASON_TEMP_FAILED;
    }

    if (!r->request_body_in_file_only) {
        ngx_http_trivet_unname(tf);
    }

    ctx->encryption->file = tf;

    return TRIVET_REASON_NONE;
}


enum trivet_reason
ngx_http_trivet_prepare_decrypting(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    off_t len = 0;
    ngx_uint_t is_in_file = 0;
    ngx_chain_t *cl;
    ngx_http_trivet_encryption_t *e = ctx->encryption;

    if (e == NULL || ctx->request.encrypted.rule == TRIVET_ENCRYPTION_OFF) {
        return TRIVET_REASON_NONE;
    }

    e->body = ngx_http_trivet_body(r);

    for (cl = e->body; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
        is_in_file |= !ngx_buf_in_memory(cl->buf) && cl->buf->in_file;
    }

    ngx_http_trivet_fill_decrypt(ctx, ngx_http_trivet_decrypt);

    if (is_in_file && ctx->request.call == NULL) {
        return e->file != NULL ? TRIVET_REASON_NONE
                               : ngx_http_trivet_make_plain_file(r, ctx, len);
    }

    if (e->memory == NULL) {
        e->size = (size_t) len + TRIVET_AES_BLOCK_LEN;
        e->memory = ngx_palloc(r->pool, e->size);
        if (e->memory == NULL) {
            return TRIVET_REASON_INTERNAL;
        }
    }

    return TRIVET_REASON_NONE;
}


static ngx_int_t
ngx_http_trivet_set_plain_length(ngx_http_request_t *r, off_t len)
{
    ngx_table_elt_t *h;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->value.data = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
    if (h->value.data == NULL) {
        return NGX_ERROR;
    }

    h->value.len =
        (size_t) (ngx_sprintf(h->value.data, "%O", len) - h->value.data);
    ngx_str_set(&h->key, "Content-Length");
    h->lowcase_key = (u_char *) "content-length";
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);

    r->headers_in.content_length = h;
    r->headers_in.content_length_n = len;
    r->headers_in.chunked = 0;

    return NGX_OK;
}


/* The buffer of what was decrypted. */
static ngx_chain_t *
ngx_http_trivet_make_plain_chain(
    ngx_http_request_t *r, ngx_http_trivet_encryption_t *e)
{
    ngx_buf_t *b;
    ngx_chain_t *cl;

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);
    if (b == NULL || cl == NULL) {
        return NULL;
    }

    if (e->memory != NULL) {
        b->start = e->memory;
        b->pos = e->memory;
        b->last = e->memory + e->len;
        b->end = b->last;
        b->temporary = 1;

    } else {
        b->in_file = 1;
        b->file = &e->file->file;
        b->file_last = e->len;
    }

    cl->buf = b;
    cl->next = NULL;

    return cl;
}


ngx_int_t
ngx_http_trivet_use_plain_body(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_chain_t *cl = NULL;
    ngx_http_request_body_t *rb = r->request_body;
    ngx_http_trivet_encryption_t *e = ctx->encryption;

    if (ctx->answer.client_key.der_len == 0 || rb == NULL) {
        return NGX_OK;
    }

    if (e->len > 0) {
        cl = ngx_http_trivet_make_plain_chain(r, e);
        if (cl == NULL) {
            return NGX_ERROR;
        }
    }

    e->sent = e->body;
    rb->bufs = cl;
    rb->temp_file = e->memory != NULL ? NULL : e->file;

    return ngx_http_trivet_set_plain_length(r, e->len);
}
