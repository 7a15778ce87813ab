/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.c - temporary files: how much of a disk bodies and answers may take
 *
 * nginx writes a request's body to a file when it outgrows its buffer; so does
 * collecting.c with an answer. Both are counted here before they are written,
 * for all requests of a worker together, and given back when the request ends.
 * The files have no name as soon as they are there: what a killed worker had
 * open is free at once.
 */
#include "gateway/spool.h"

#include "gateway/conf.h"
#include "gateway/request.h"
#include "gateway/worker.h"
/* What a request has; a cleanup of its pool gives it back. */
struct ngx_http_trivet_spooled_s {
    ngx_http_trivet_main_conf_t *tmcf;
    off_t size;
};


static ngx_http_request_body_filter_pt ngx_http_next_request_body_filter;


static void
ngx_http_trivet_release_room(void *data)
{
    ngx_http_trivet_spooled_t *spooled = data;

    spooled->tmcf->worker->temp_used -= spooled->size;
}


static ngx_uint_t
ngx_http_trivet_has_room(ngx_http_trivet_main_conf_t *tmcf, off_t size)
{
    return size <= (off_t) tmcf->temp_limit - tmcf->worker->temp_used;
}


enum trivet_reason
ngx_http_trivet_reserve_room(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, off_t size)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    if (!ngx_http_trivet_has_room(tmcf, size)) {
        return TRIVET_REASON_TEMP_FULL;
    }

    if (ctx->spooled == NULL) {
        cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_trivet_spooled_t));
        if (cln == NULL) {
            return TRIVET_REASON_INTERNAL;
        }

        ctx->spooled = cln->data;
        ctx->spooled->tmcf = tmcf;
        ctx->spooled->size = 0;
        cln->handler = ngx_http_trivet_release_room;
    }

    ctx->spooled->size += size;
    tmcf->worker->temp_used += size;

    return TRIVET_REASON_NONE;
}


void
ngx_http_trivet_unname(ngx_temp_file_t *tf)
{
    if (tf->file.fd != NGX_INVALID_FILE && tf->file.name.len > 0) {
        (void) ngx_delete_file(tf->file.name.data);
    }
}


/* ---- bodies of requests ------------------------------------------------ */

/* How much of a body nginx holds in memory; where the operator wants files,
 * nothing. */
static off_t
ngx_http_trivet_body_buffer(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    return r->request_body_in_file_only ? 0
                                        : (off_t) clcf->client_body_buffer_size;
}


static ngx_uint_t
ngx_http_trivet_has_no_length(ngx_http_request_t *r)
{
#if (NGX_HTTP_V2)
    if (r->stream != NULL && r->headers_in.content_length_n < 0) {
        return !r->stream->in_closed;
    }
#endif

    return r->headers_in.chunked;
}


ngx_uint_t
ngx_http_trivet_is_body_costly(ngx_http_request_t *r)
{
    off_t free = ngx_min(
        (off_t) NGX_HTTP_TRIVET_FREE_BODY, ngx_http_trivet_body_buffer(r));

    return ngx_http_trivet_has_no_length(r)
           || r->headers_in.content_length_n > free;
}


enum trivet_reason
ngx_http_trivet_expect_body(ngx_http_request_t *r)
{
    off_t len = r->headers_in.content_length_n;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    return len <= ngx_http_trivet_body_buffer(r)
                   || ngx_http_trivet_has_room(tmcf, len)
               ? TRIVET_REASON_NONE
               : TRIVET_REASON_TEMP_FULL;
}


/* Whether the part that has come may be kept; NONE when it may. */
static enum trivet_reason
ngx_http_trivet_check_part(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, ngx_chain_t *in)
{
    off_t len = 0, buffer = ngx_http_trivet_body_buffer(r);
    enum trivet_reason reason;

    for (/* void */; in != NULL; in = in->next) {
        len += ngx_buf_size(in->buf);
    }

    ctx->body_len += len;

    if (ctx->request.call != NULL && ctx->body_len > TRIVET_MAX_CALL_BODY) {
        return TRIVET_REASON_BODY_TOO_LARGE;
    }

    /* A body without a length is written when its buffer is full, and the
     * lengths of its chunks are in that buffer too: it counts from the start.
     */
    if (!ngx_http_trivet_has_no_length(r) && ctx->body_len <= buffer
        && r->headers_in.content_length_n <= buffer)
    {
        return TRIVET_REASON_NONE;
    }

    /* nginx is going to write it, and what it has in memory with it. */
    reason =
        ngx_http_trivet_reserve_room(r, ctx, ctx->body_len - ctx->body_room);
    if (reason == TRIVET_REASON_NONE) {
        ctx->body_room = ctx->body_len;
    }

    return reason;
}


/* The rest of the body is still to come, and nginx takes a body whose reading
 * failed for one that was read: without the end of the connection, the rest
 * would be taken for the next request. */
static ngx_int_t
ngx_http_trivet_break_off(ngx_http_request_t *r, enum trivet_reason reason)
{
    r->keepalive = 0;
    r->lingering_close = 1;

    return (ngx_int_t) trivet_reason_row(reason)->status;
}


static ngx_int_t
ngx_http_trivet_request_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t rc;
    ngx_temp_file_t *tf;
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_trivet_module);

    if (ctx == NULL || r != r->main) {
        return ngx_http_next_request_body_filter(r, in);
    }

    ctx->reason = ngx_http_trivet_check_part(r, ctx, in);
    if (ctx->reason != TRIVET_REASON_NONE) {
        return ngx_http_trivet_break_off(r, ctx->reason);
    }

    rc = ngx_http_next_request_body_filter(r, in);
    tf = r->request_body->temp_file;

    if (tf != NULL && rc == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        ctx->reason = TRIVET_REASON_TEMP_FAILED;
        return ngx_http_trivet_break_off(r, ctx->reason);
    }

    if (tf != NULL && !ctx->is_body_unnamed && !r->request_body_in_file_only) {
        ngx_http_trivet_unname(tf);
        ctx->is_body_unnamed = 1;
    }

    return rc;
}


void
ngx_http_trivet_init_spool(void)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_trivet_request_body_filter;
}
