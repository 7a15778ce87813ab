/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collecting.c - an answer's body, kept back until it is whole
 *
 * In memory of the request at first; past a threshold in memory that the worker
 * has for all large answers, and digested on the way. When there is no more of
 * that, what is in memory is written to a temporary file, and takes the next
 * bytes.
 */
#include "gateway/collecting.h"

#include "gateway/chunks.h"
#include "gateway/conf.h"
#include "gateway/encrypting.h"
#include "gateway/request.h"
#include "gateway/signature.h"
#include "gateway/spool.h"
#include "gateway/worker.h"
enum {
    NGX_HTTP_TRIVET_FIRST_CHUNK = 4096,
    NGX_HTTP_TRIVET_LEAST_ROOM = 1024 /* there is always something to fill */
};


void
ngx_http_trivet_start_collecting(ngx_http_trivet_ctx_t *ctx)
{
    trivet_digest_free(ctx->sending.digest);
    ctx->sending.digest = NULL;
    ctx->sending.mode = NGX_HTTP_TRIVET_COLLECT;
    ctx->sending.collected = NULL;
    ctx->sending.filling = NULL;
    ctx->sending.len = 0;
    ctx->sending.room = 0;
    ctx->sending.next_chunk = 0;
    ctx->sending.spool = NULL;
    ctx->sending.out = NULL;
}


/* ---- the temporary file -------------------------------------------------- */

static ngx_int_t
ngx_http_trivet_make_spool(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_temp_file_t *tf;
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_main_conf_t *tmcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    tf = ngx_pcalloc(r->pool, sizeof(ngx_temp_file_t));
    if (tf == NULL) {
        return NGX_ERROR;
    }

    tf->file.fd = NGX_INVALID_FILE;
    tf->file.log = r->connection->log;
    tf->path =
        tmcf->temp_path != NULL ? tmcf->temp_path : clcf->client_body_temp_path;
    tf->pool = r->pool;
    tf->clean = 1;

    ctx->sending.spool = tf;

    return NGX_OK;
}


/* All that is in memory goes to the file; the memory is empty then. */
static enum trivet_reason
ngx_http_trivet_write_out(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    off_t len = 0;
    ngx_chain_t *cl;
    ngx_temp_file_t *tf;
    enum trivet_reason reason;

    for (cl = ctx->sending.collected; cl != NULL; cl = cl->next) {
        len += cl->buf->last - cl->buf->pos;
    }

    reason = ngx_http_trivet_reserve_room(r, ctx, len);
    if (reason != TRIVET_REASON_NONE) {
        return reason;
    }

    tf = ctx->sending.spool;

    if (ngx_write_chain_to_temp_file(tf, ctx->sending.collected) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
            "trivet: the answer could not be written to a temporary file");
        return TRIVET_REASON_TEMP_FAILED;
    }

    if (tf->offset == 0) {
        ngx_http_trivet_unname(tf);
    }

    tf->offset += len;

    for (cl = ctx->sending.collected; cl != NULL; cl = cl->next) {
        cl->buf->last = cl->buf->pos;
    }
    ctx->sending.filling = ctx->sending.collected;

    return TRIVET_REASON_NONE;
}


/* ---- memory -------------------------------------------------------------- */

static ngx_int_t
ngx_http_trivet_start_digesting(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_chain_t *cl;
    struct trivet_digest *digest;

    digest = trivet_digest_new();
    ctx->sending.digest = digest;
    if (digest == NULL
        || ngx_http_trivet_start_digest(r, ctx, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    for (cl = ctx->sending.collected; cl != NULL; cl = cl->next) {
        trivet_digest_add(digest, trivet_slice_make(cl->buf->pos,
                                      (size_t) (cl->buf->last - cl->buf->pos)));
    }

    return NGX_OK;
}


/* Where the header is signed too, its fields come before the body: those of
 * encryption are not known before the end, so that no digest can begin. */
static ngx_uint_t
ngx_http_trivet_is_for_memory(ngx_http_trivet_ctx_t *ctx)
{
    return ctx->sending.encryption != NULL
           && ctx->request.profile->response_signing
                  != TRIVET_RESPONSE_SIGNING_BODY;
}


static size_t
ngx_http_trivet_own_room(ngx_http_trivet_loc_conf_t *tlcf)
{
    return ngx_max(tlcf->answer_buffer, (size_t) NGX_HTTP_TRIVET_LEAST_ROOM);
}


/* The next piece of the request's own memory: they grow, so that neither a
 * small answer costs much nor a large one has many. */
static ngx_buf_t *
ngx_http_trivet_add_room(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf, size_t limit)
{
    size_t size;

    size = ctx->sending.next_chunk;

    if (size == 0) {
        size = NGX_HTTP_TRIVET_FIRST_CHUNK;

        if (r->headers_out.content_length_n > 0) {
            size = ngx_min((size_t) r->headers_out.content_length_n,
                ngx_http_trivet_own_room(tlcf));
        }
    }

    size = ngx_min(size, limit);
    ctx->sending.room += size;
    ctx->sending.next_chunk = size * 2;

    return ngx_create_temp_buf(r->pool, size);
}


static enum trivet_reason
ngx_http_trivet_fill_next(ngx_http_trivet_ctx_t *ctx, ngx_buf_t *b)
{
    ngx_chain_t *cl;

    cl = b == NULL ? NULL : ngx_alloc_chain_link(ctx->owner->pool);
    if (cl == NULL) {
        return TRIVET_REASON_INTERNAL;
    }

    cl->buf = b;
    cl->next = NULL;

    if (ctx->sending.filling == NULL) {
        ctx->sending.collected = cl;
    } else {
        ctx->sending.filling->next = cl;
    }
    ctx->sending.filling = cl;

    return TRIVET_REASON_NONE;
}


/* Past the request's own memory. */
static enum trivet_reason
ngx_http_trivet_make_room_for_large(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_buf_t *b;

    if (ctx->sending.digest == NULL
        && ngx_http_trivet_start_digesting(r, ctx) != NGX_OK)
    {
        return TRIVET_REASON_INTERNAL;
    }

    if (ctx->sending.spool == NULL) {
        b = ngx_http_trivet_take_chunk(r, ctx);
        if (b != NULL) {
            return ngx_http_trivet_fill_next(ctx, b);
        }

        if (ngx_http_trivet_make_spool(r, ctx) != NGX_OK) {
            return TRIVET_REASON_INTERNAL;
        }
    }

    return ngx_http_trivet_write_out(r, ctx);
}


/* The buffer that is being filled is full, or there is none. */
static enum trivet_reason
ngx_http_trivet_make_room(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    size_t limit = ngx_http_trivet_own_room(tlcf);

    if (ctx->sending.filling != NULL && ctx->sending.filling->next != NULL) {
        ctx->sending.filling = ctx->sending.filling->next;
        return TRIVET_REASON_NONE;
    }

    if (ngx_http_trivet_is_for_memory(ctx)) {
        return ngx_http_trivet_fill_next(
            ctx, ngx_http_trivet_add_room(r, ctx, tlcf, tlcf->answer_limit));
    }

    if (ctx->sending.room < limit) {
        return ngx_http_trivet_fill_next(ctx,
            ngx_http_trivet_add_room(r, ctx, tlcf, limit - ctx->sending.room));
    }

    return ngx_http_trivet_make_room_for_large(r, ctx);
}


static enum trivet_reason
ngx_http_trivet_keep_bytes(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf, u_char *data, size_t len)
{
    size_t size;
    ngx_buf_t *b;
    enum trivet_reason reason;

    ctx->sending.len += len;

    while (len > 0) {
        b = ctx->sending.filling == NULL ? NULL : ctx->sending.filling->buf;

        if (b == NULL || b->last == b->end) {
            reason = ngx_http_trivet_make_room(r, ctx, tlcf);
            if (reason != TRIVET_REASON_NONE) {
                return reason;
            }
            continue;
        }

        size = ngx_min(len, (size_t) (b->end - b->last));
        b->last = ngx_cpymem(b->last, data, size);

        if (ctx->sending.digest != NULL) {
            trivet_digest_add(
                ctx->sending.digest, trivet_slice_make(data, size));
        }

        data += size;
        len -= size;
    }

    return TRIVET_REASON_NONE;
}


enum trivet_reason
ngx_http_trivet_keep(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf, ngx_buf_t *b)
{
    size_t len = (size_t) (b->last - b->pos);

    return ctx->sending.encryption == NULL
               ? ngx_http_trivet_keep_bytes(r, ctx, tlcf, b->pos, len)
               : ngx_http_trivet_encrypt_part(
                   r, ctx, tlcf, b->pos, len, ngx_http_trivet_keep_bytes);
}


enum trivet_reason
ngx_http_trivet_keep_last(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    enum trivet_reason reason = TRIVET_REASON_NONE;

    if (ctx->sending.encryption != NULL) {
        reason = ngx_http_trivet_finish_encrypting(
            r, ctx, tlcf, ngx_http_trivet_keep_bytes);
    }

    if (reason == TRIVET_REASON_NONE && ctx->sending.spool != NULL) {
        reason = ngx_http_trivet_write_out(r, ctx);
    }

    return reason;
}


ngx_int_t
ngx_http_trivet_finish_digest(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    unsigned char out[TRIVET_DIGEST_LEN])
{
    ngx_chain_t *cl;
    struct trivet_digest *digest;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    digest = ctx->sending.digest;

    if (digest == NULL) {
        digest = tmcf->worker->digest;
        if (ngx_http_trivet_start_digest(r, ctx, digest) != NGX_OK) {
            return NGX_ERROR;
        }

        for (cl = ctx->sending.collected; cl != NULL; cl = cl->next) {
            trivet_digest_add(
                digest, trivet_slice_make(cl->buf->pos,
                            (size_t) (cl->buf->last - cl->buf->pos)));
        }
    }

    return trivet_digest_finish(digest, out) == TRIVET_OK ? NGX_OK : NGX_ERROR;
}


ngx_chain_t *
ngx_http_trivet_make_output(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_buf_t *b;
    ngx_chain_t *cl;

    if (ctx->sending.spool == NULL && ctx->sending.collected != NULL) {
        ctx->sending.filling->buf->last_buf = 1;
        ctx->sending.filling->buf->last_in_chain = 1;

        return ctx->sending.collected;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);
    if (b == NULL || cl == NULL) {
        return NULL;
    }

    if (ctx->sending.spool != NULL) {
        b->in_file = 1;
        b->file = &ctx->sending.spool->file;
        b->file_last = ctx->sending.spool->offset;
    }

    b->last_buf = 1;
    b->last_in_chain = 1;
    cl->buf = b;
    cl->next = NULL;

    return cl;
}
