/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collecting.c - an answer's body, kept back until it is whole
 *
 * In memory at first; past a threshold in a temporary file, digested on the
 * way.
 */
#include "gateway/collecting.h"

#include "gateway/conf.h"
#include "gateway/encrypting.h"
#include "gateway/request.h"
#include "gateway/signature.h"
#include "gateway/spool.h"
#include "gateway/worker.h"
enum { NGX_HTTP_TRIVET_FIRST_CHUNK = 4096 };


void
ngx_http_trivet_start_collecting(ngx_http_trivet_ctx_t *ctx)
{
    trivet_digest_free(ctx->sending.digest);
    ctx->sending.digest = NULL;
    ctx->sending.mode = NGX_HTTP_TRIVET_COLLECT;
    ctx->sending.collected = NULL;
    ctx->sending.last = &ctx->sending.collected;
    ctx->sending.chunk = NULL;
    ctx->sending.len = 0;
    ctx->sending.next_chunk = 0;
    ctx->sending.spool = NULL;
    ctx->sending.out = NULL;
}


/* A new chunk at the end of what is collected. They grow, so that neither a
 * small answer costs much memory nor a large one many chunks. */
static ngx_int_t
ngx_http_trivet_add_chunk(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    size_t size;
    ngx_chain_t *cl;

    size = ctx->sending.next_chunk;

    if (size == 0) {
        size = NGX_HTTP_TRIVET_FIRST_CHUNK;

        if (r->headers_out.content_length_n > 0) {
            size = ngx_min(
                (size_t) r->headers_out.content_length_n, tlcf->answer_buffer);
        }
    }

    ctx->sending.chunk = ngx_create_temp_buf(r->pool, size);
    cl = ngx_alloc_chain_link(r->pool);
    if (ctx->sending.chunk == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf = ctx->sending.chunk;
    cl->next = NULL;
    *ctx->sending.last = cl;
    ctx->sending.last = &cl->next;
    ctx->sending.next_chunk = size * 2;

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_keep_in_memory(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf, u_char *data,
    size_t len)
{
    size_t size;

    while (len > 0) {
        if (ctx->sending.chunk == NULL
            || ctx->sending.chunk->last == ctx->sending.chunk->end)
        {
            if (ngx_http_trivet_add_chunk(r, ctx, tlcf) != NGX_OK) {
                return NGX_ERROR;
            }
        }

        size = ngx_min(
            len, (size_t) (ctx->sending.chunk->end - ctx->sending.chunk->last));
        ctx->sending.chunk->last =
            ngx_cpymem(ctx->sending.chunk->last, data, size);
        data += size;
        len -= size;
    }

    return NGX_OK;
}


static enum trivet_reason
ngx_http_trivet_write_spool(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, ngx_chain_t *in)
{
    off_t len = 0;
    ngx_chain_t *cl;
    enum trivet_reason reason;

    for (cl = in; cl != NULL; cl = cl->next) {
        len += cl->buf->last - cl->buf->pos;
        trivet_digest_add(
            ctx->sending.digest, trivet_slice_make(cl->buf->pos,
                                     (size_t) (cl->buf->last - cl->buf->pos)));
    }

    reason = ngx_http_trivet_reserve_room(r, ctx, len);
    if (reason != TRIVET_REASON_NONE) {
        return reason;
    }

    if (ngx_write_chain_to_temp_file(ctx->sending.spool, in) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
            "trivet: the answer could not be written to a temporary file");
        return TRIVET_REASON_TEMP_FAILED;
    }

    if (ctx->sending.spool->offset == 0) {
        ngx_http_trivet_unname(ctx->sending.spool);
    }

    ctx->sending.spool->offset += len;

    return TRIVET_REASON_NONE;
}


/* The answer outgrew its memory: what was collected goes to a file. */
static enum trivet_reason
ngx_http_trivet_start_spool(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_temp_file_t *tf;
    enum trivet_reason reason;
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_main_conf_t *tmcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    tf = ngx_pcalloc(r->pool, sizeof(ngx_temp_file_t));
    if (tf == NULL) {
        return TRIVET_REASON_INTERNAL;
    }

    tf->file.fd = NGX_INVALID_FILE;
    tf->file.log = r->connection->log;
    tf->path =
        tmcf->temp_path != NULL ? tmcf->temp_path : clcf->client_body_temp_path;
    tf->pool = r->pool;
    tf->clean = 1;

    ctx->sending.spool = tf;
    ctx->sending.digest = trivet_digest_new();
    if (ctx->sending.digest == NULL
        || ngx_http_trivet_start_digest(r, ctx, ctx->sending.digest) != NGX_OK)
    {
        return TRIVET_REASON_INTERNAL;
    }

    if (ctx->sending.collected != NULL) {
        reason = ngx_http_trivet_write_spool(r, ctx, ctx->sending.collected);
        if (reason != TRIVET_REASON_NONE) {
            return reason;
        }
    }

    ctx->sending.collected = NULL;
    ctx->sending.last = &ctx->sending.collected;
    ctx->sending.chunk = NULL;

    return TRIVET_REASON_NONE;
}


/* Where the header is signed too, its fields come before the body: those of
 * encryption are not known before the end, so that no digest can begin. */
static ngx_uint_t
ngx_http_trivet_is_for_memory(
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf)
{
    return ctx->sending.len <= tlcf->answer_buffer
           || (ctx->sending.encryption != NULL
               && ctx->request.profile->response_signing
                      != TRIVET_RESPONSE_SIGNING_BODY);
}


static enum trivet_reason
ngx_http_trivet_keep_bytes(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf, u_char *data, size_t len)
{
    ngx_buf_t b;
    ngx_chain_t one;
    enum trivet_reason reason;

    if (len == 0) {
        return TRIVET_REASON_NONE;
    }

    ctx->sending.len += len;

    if (ngx_http_trivet_is_for_memory(ctx, tlcf)) {
        return ngx_http_trivet_keep_in_memory(r, ctx, tlcf, data, len) == NGX_OK
                   ? TRIVET_REASON_NONE
                   : TRIVET_REASON_INTERNAL;
    }

    if (ctx->sending.spool == NULL) {
        reason = ngx_http_trivet_start_spool(r, ctx);
        if (reason != TRIVET_REASON_NONE) {
            return reason;
        }
    }

    ngx_memzero(&b, sizeof(ngx_buf_t));
    b.pos = data;
    b.last = data + len;
    b.memory = 1;

    one.buf = &b;
    one.next = NULL;

    return ngx_http_trivet_write_spool(r, ctx, &one);
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
    return ctx->sending.encryption == NULL
               ? TRIVET_REASON_NONE
               : ngx_http_trivet_finish_encrypting(
                   r, ctx, tlcf, ngx_http_trivet_keep_bytes);
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

    if (ctx->sending.collected == NULL) {
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

        cl->buf = b;
        cl->next = NULL;
        ctx->sending.collected = cl;
        ctx->sending.chunk = b;
    }

    ctx->sending.chunk->last_buf = 1;
    ctx->sending.chunk->last_in_chain = 1;

    return ctx->sending.collected;
}
