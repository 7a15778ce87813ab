/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunks.c - memory of a worker for large answers
 *
 * Fresh memory costs a page fault for each four kilobytes, which is more than
 * copying them: so chunks that were given back are kept for the next answer, a
 * few of them.
 */
#include "gateway/chunks.h"

#include "gateway/conf.h"
#include "gateway/worker.h"
enum { NGX_HTTP_TRIVET_SPARE_CHUNKS = 64 };

/* In front of its own bytes. */
struct ngx_http_trivet_chunk_s {
    ngx_http_trivet_chunk_t *next;
};

/* What a request has. */
struct ngx_http_trivet_chunks_s {
    ngx_http_trivet_worker_t *worker;
    ngx_http_trivet_chunk_t *first;
};


static void
ngx_http_trivet_give_back_chunk(
    ngx_http_trivet_worker_t *worker, ngx_http_trivet_chunk_t *chunk)
{
    worker->chunks_used -= NGX_HTTP_TRIVET_CHUNK_SIZE;

    if (worker->num_spare_chunks == NGX_HTTP_TRIVET_SPARE_CHUNKS) {
        ngx_free(chunk);
        return;
    }

    chunk->next = worker->spare_chunks;
    worker->spare_chunks = chunk;
    worker->num_spare_chunks++;
}


static void
ngx_http_trivet_give_back_chunks(void *data)
{
    ngx_http_trivet_chunks_t *chunks = data;
    ngx_http_trivet_chunk_t *chunk;

    while ((chunk = chunks->first) != NULL) {
        chunks->first = chunk->next;
        ngx_http_trivet_give_back_chunk(chunks->worker, chunk);
    }
}


static ngx_http_trivet_chunk_t *
ngx_http_trivet_new_chunk(ngx_http_trivet_worker_t *worker, ngx_log_t *log)
{
    ngx_http_trivet_chunk_t *chunk;

    chunk = worker->spare_chunks;

    if (chunk != NULL) {
        worker->spare_chunks = chunk->next;
        worker->num_spare_chunks--;

    } else {
        chunk = ngx_alloc(
            sizeof(ngx_http_trivet_chunk_t) + NGX_HTTP_TRIVET_CHUNK_SIZE, log);
    }

    if (chunk != NULL) {
        worker->chunks_used += NGX_HTTP_TRIVET_CHUNK_SIZE;
    }

    return chunk;
}


static ngx_http_trivet_chunks_t *
ngx_http_trivet_chunks_of(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_worker_t *worker)
{
    ngx_pool_cleanup_t *cln;

    if (ctx->sending.chunks != NULL) {
        return ctx->sending.chunks;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_trivet_chunks_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx->sending.chunks = cln->data;
    ctx->sending.chunks->worker = worker;
    ctx->sending.chunks->first = NULL;
    cln->handler = ngx_http_trivet_give_back_chunks;

    return ctx->sending.chunks;
}


ngx_buf_t *
ngx_http_trivet_take_chunk(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_buf_t *b;
    ngx_http_trivet_chunk_t *chunk;
    ngx_http_trivet_chunks_t *chunks;
    ngx_http_trivet_worker_t *worker;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    worker = tmcf->worker;

    if (worker->chunks_used + NGX_HTTP_TRIVET_CHUNK_SIZE > tmcf->answer_memory)
    {
        return NULL;
    }

    chunks = ngx_http_trivet_chunks_of(r, ctx, worker);
    b = ngx_calloc_buf(r->pool);
    if (chunks == NULL || b == NULL) {
        return NULL;
    }

    chunk = ngx_http_trivet_new_chunk(worker, r->connection->log);
    if (chunk == NULL) {
        return NULL;
    }

    chunk->next = chunks->first;
    chunks->first = chunk;

    b->start = (u_char *) (chunk + 1);
    b->end = b->start + NGX_HTTP_TRIVET_CHUNK_SIZE;
    b->pos = b->start;
    b->last = b->start;
    b->temporary = 1;

    return b;
}


void
ngx_http_trivet_free_chunks(ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_http_trivet_chunk_t *chunk;
    ngx_http_trivet_worker_t *worker = tmcf->worker;

    while ((chunk = worker->spare_chunks) != NULL) {
        worker->spare_chunks = chunk->next;
        ngx_free(chunk);
    }
}
