/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signing.c - the filters: every answer's exact body bytes are signed
 *
 * The signature is a header field, and the header goes first: so the header is
 * kept back, the body collected (in memory, past a threshold in a temporary
 * file), and at its end both are sent. Answers of our own come here signed
 * already. nginx's own error pages are replaced by the protocol's form.
 */
#include "gateway/signing.h"

#include "gateway/answer_headers.h"
#include "gateway/api_answer.h"
#include "gateway/collecting.h"
#include "gateway/conf.h"
#include "gateway/encrypting.h"
#include "gateway/fill.h"
#include "gateway/replacing.h"
#include "gateway/request.h"
#include "gateway/signature.h"
/* Our bit of r->buffered; nginx's filters use 0x01, 0x02, 0x04 and 0xf0. */
#define NGX_HTTP_TRIVET_BUFFERED 0x08

#define NGX_HTTP_TRIVET_HEADER_TOO_LARGE 431


static ngx_http_output_header_filter_pt ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt ngx_http_next_body_filter;


static void ngx_http_trivet_go_on(
    ngx_http_request_t *r, ngx_http_trivet_turn_t *turn, ngx_int_t rc);


/* Until the signature is made, which calls ngx_http_trivet_go_on. */
static void
ngx_http_trivet_wait(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_mode_e then)
{
    ctx->sending.mode = NGX_HTTP_TRIVET_WAIT;
    ctx->sending.then = then;
    r->buffered |= NGX_HTTP_TRIVET_BUFFERED;
}


static ngx_int_t
ngx_http_trivet_set_accept_ranges(ngx_http_request_t *r)
{
    ngx_str_t none = ngx_string("none");

    ngx_http_clear_accept_ranges(r);

    return ngx_http_trivet_add_header(r, "Accept-Ranges", &none);
}


/* Nothing was sent yet: the caller gets a whole error instead of half an
 * answer. */
static ngx_int_t
ngx_http_trivet_give_up(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    enum trivet_reason reason)
{
    ctx->reason = reason;
    ctx->sending.mode = NGX_HTTP_TRIVET_PASS;
    ctx->sending.is_given_up = 1;
    r->keepalive = 0;  /* nginx ends the connection behind such an answer, */
    r->error_page = 1; /* and has no time for a page of the operator's     */

    return ngx_http_filter_finalize_request(r, &ngx_http_trivet_module,
        (ngx_int_t) trivet_reason_row(reason)->status);
}


/*
 * The upstream module ends. If it ends with an error in the middle of an answer
 * that is still being collected, the caller has seen nothing of it: an answer
 * that says so can take its place.
 */
static void
ngx_http_trivet_upstream_ends(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r);
    ctx->sending.upstream_ends(r, rc);

    if (ctx->sending.mode != NGX_HTTP_TRIVET_COLLECT || r->connection->error) {
        return;
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        /* nginx will answer with rc when it thinks that no header was sent. */
        ctx->sending.mode = NGX_HTTP_TRIVET_PASS;
        ctx->reason = TRIVET_REASON_UPSTREAM_TRUNCATED;
        ngx_http_clean_header(r);
        r->upstream->header_sent = 0;

    } else if (rc == NGX_ERROR) {
        /* nginx will close the connection: answer before that. */
        (void) ngx_http_trivet_give_up(
            r, ctx, TRIVET_REASON_UPSTREAM_TRUNCATED);
    }
}


static void
ngx_http_trivet_watch_upstream(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    if (r->upstream != NULL && r->upstream->finalize_request != NULL
        && r->upstream->finalize_request != ngx_http_trivet_upstream_ends)
    {
        ctx->sending.upstream_ends = r->upstream->finalize_request;
        r->upstream->finalize_request = ngx_http_trivet_upstream_ends;
    }
}


/* The answer of the API behind, to a caller that was admitted. */
static ngx_int_t
ngx_http_trivet_filter_admitted(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_uint_t is_signed, is_collected;
    enum trivet_reason reason;

    is_signed = ctx->answer.server_key >= 0
                && trivet_profile_signs(
                    ctx->request.profile, (unsigned) r->headers_out.status);

    is_collected = is_signed || ngx_http_trivet_is_encrypting(ctx);

    reason = ngx_http_trivet_check_answer(r, ctx, tlcf);
    if (reason == TRIVET_REASON_NONE && is_collected
        && !ngx_http_trivet_is_bodiless(r) && ngx_http_trivet_is_endless(r))
    {
        reason = TRIVET_REASON_UPSTREAM_ENDLESS;
    }

    if (reason != TRIVET_REASON_NONE) {
        ctx->reason = reason;
        ngx_http_clean_header(r);
        return NGX_HTTP_BAD_GATEWAY;
    }

    if (ngx_http_trivet_set_accept_ranges(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!is_collected) {
        return ngx_http_next_header_filter(r);
    }

    if (ngx_http_trivet_is_bodiless(r)) {
        if (is_signed
            && ngx_http_trivet_sign_bytes(r, ctx, NULL, 0, NULL) != NGX_OK) {
            return NGX_ERROR;
        }
        return ngx_http_next_header_filter(r);
    }

    ngx_http_trivet_start_collecting(ctx);
    ctx->sending.is_signed = is_signed;
    if (ngx_http_trivet_start_encrypting(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_trivet_watch_upstream(r, ctx);
    r->main_filter_need_in_memory = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_header_filter(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    if (r != r->main || (!tlcf->calls && !tlcf->protect)) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_http_trivet_drop_headers(r);
    ctx->sending.mode = NGX_HTTP_TRIVET_PASS;

    if (r->filter_finalize) {
        ctx->is_own = 0; /* another filter put an error in our answer's place */
    }

    if (ngx_http_trivet_is_unasked(r, ctx, tlcf)) {
        ngx_http_trivet_hold_up(r, ctx);
    }

    if (ctx->is_own) {
        ngx_http_trivet_settle(r, ctx, &ctx->answer.body);

    } else if (ngx_http_trivet_is_nginx_error(r, ctx)
               && ngx_http_trivet_settle_error(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_add_headers(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->sending.mode == NGX_HTTP_TRIVET_REPLACE) {
        if (ngx_http_trivet_encrypt_settled(r, ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = ngx_http_trivet_sign_settled(r, ctx, ngx_http_trivet_go_on);
        if (rc == NGX_AGAIN) {
            ngx_http_trivet_wait(r, ctx, NGX_HTTP_TRIVET_REPLACE);
            return NGX_OK;
        }
        if (rc != NGX_OK) {
            return rc;
        }

    } else if (ctx->answer.verdict.admission == TRIVET_ALLOW) {
        return ngx_http_trivet_filter_admitted(r, ctx, tlcf);
    }

    return ngx_http_next_header_filter(r);
}


/* ---- sending ----------------------------------------------------------- */

/* Behind us nothing reads files any more: this part of ours does, a piece at
 * a time, as fast as the caller takes them. */
static ngx_int_t
ngx_http_trivet_init_output(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_output_chain_ctx_t *out;

    out = ngx_pcalloc(r->pool, sizeof(ngx_output_chain_ctx_t));
    if (out == NULL) {
        return NGX_ERROR;
    }

    out->need_in_memory = 1;
    out->pool = r->pool;
    out->bufs.num = 2;
    out->bufs.size = 32768;
    out->tag = (ngx_buf_tag_t) &ngx_http_trivet_module;
    out->output_filter = (ngx_output_chain_filter_pt) ngx_http_next_body_filter;
    out->filter_ctx = r;

    ctx->sending.out = out;

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_send(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_int_t rc;

    rc = ngx_output_chain(ctx->sending.out, in);

    if (ctx->sending.out->in == NULL) {
        r->buffered &= ~NGX_HTTP_TRIVET_BUFFERED;

    } else {
        r->buffered |= NGX_HTTP_TRIVET_BUFFERED;
    }

    return rc;
}


static ngx_int_t
ngx_http_trivet_sign_collected(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    if (!ctx->sending.is_signed) {
        return NGX_OK;
    }

    if (ngx_http_trivet_finish_digest(r, ctx, digest) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_trivet_add_signature(r, ctx, digest, ngx_http_trivet_go_on);
}


/* The answer is whole, and signed: let the header and the body go. */
static ngx_int_t
ngx_http_trivet_send_collected(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_int_t rc;
    ngx_chain_t *out;

    if (ngx_http_trivet_init_output(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = (off_t) ctx->sending.len;
    ctx->sending.mode = NGX_HTTP_TRIVET_SEND;

    rc = ngx_http_next_header_filter(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out = ngx_http_trivet_make_output(r, ctx);
    if (out == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_trivet_send(r, ctx, out);
}


static ngx_int_t
ngx_http_trivet_finish(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_int_t rc;
    enum trivet_reason reason;

    reason = ngx_http_trivet_keep_last(r, ctx, tlcf);
    if (reason != TRIVET_REASON_NONE) {
        return ngx_http_trivet_give_up(r, ctx, reason);
    }

    rc = ngx_http_trivet_sign_collected(r, ctx);
    if (rc == NGX_AGAIN) {
        ngx_http_trivet_wait(r, ctx, NGX_HTTP_TRIVET_COLLECT);
        return NGX_AGAIN;
    }

    return rc == NGX_OK ? ngx_http_trivet_send_collected(r, ctx) : NGX_ERROR;
}


/* ---- the body ---------------------------------------------------------- */

static void
ngx_http_trivet_consume(ngx_buf_t *b)
{
    b->pos = b->last;
    b->file_pos = b->file_last;
}


static ngx_int_t
ngx_http_trivet_collect(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_uint_t last = 0;
    ngx_chain_t *cl;
    enum trivet_reason reason;
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    for (cl = in; cl != NULL; cl = cl->next) {
        size_t len = (size_t) (cl->buf->last - cl->buf->pos);

        if (len > tlcf->answer_limit - ctx->sending.len) {
            return ngx_http_trivet_give_up(
                r, ctx, TRIVET_REASON_UPSTREAM_TOO_LARGE);
        }

        reason = len == 0 ? TRIVET_REASON_NONE
                          : ngx_http_trivet_keep(r, ctx, tlcf, cl->buf);
        if (reason != TRIVET_REASON_NONE) {
            return ngx_http_trivet_give_up(r, ctx, reason);
        }

        last |= cl->buf->last_buf;
        ngx_http_trivet_consume(cl->buf);
    }

    return last ? ngx_http_trivet_finish(r, ctx, tlcf) : NGX_OK;
}


/* Takes all of it; whether the last one was there. */
static ngx_uint_t
ngx_http_trivet_consume_all(ngx_chain_t *in)
{
    ngx_uint_t last = 0;
    ngx_chain_t *cl;

    for (cl = in; cl != NULL; cl = cl->next) {
        last |= cl->buf->last_buf;
        ngx_http_trivet_consume(cl->buf);
    }

    return last;
}


static ngx_int_t
ngx_http_trivet_send_whole(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_buf_t *b;
    ngx_chain_t out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) ctx->sending.whole->data;
    b->last = b->pos + ctx->sending.whole->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}


/* What came goes, what was settled comes. */
static ngx_int_t
ngx_http_trivet_replace(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, ngx_chain_t *in)
{
    if (!ngx_http_trivet_consume_all(in)) {
        return in == NULL ? ngx_http_next_body_filter(r, in) : NGX_OK;
    }

    return ngx_http_trivet_send_whole(r, ctx);
}


/* ---- the signature was waited for ---------------------------------------- */

static ngx_int_t
ngx_http_trivet_send_replaced(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_int_t rc;

    ctx->sending.mode = NGX_HTTP_TRIVET_REPLACE;

    rc = ngx_http_next_header_filter(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only
        || !ctx->sending.is_whole) {
        return rc;
    }

    return ngx_http_trivet_send_whole(r, ctx);
}


/*
 * Sends what was kept back. nginx has to be woken too: an empty chain does not
 * come through its postpone filter for r->buffered alone, and the request ends
 * in its writer.
 */
static void
ngx_http_trivet_go_on(
    ngx_http_request_t *r, ngx_http_trivet_turn_t *turn, ngx_int_t rc)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r);
    r->buffered &= ~NGX_HTTP_TRIVET_BUFFERED;

    if (rc == NGX_OK) {
        rc = ngx_http_trivet_add_signed(r, ctx, turn);
    }

    if (rc == NGX_OK) {
        rc = ctx->sending.then == NGX_HTTP_TRIVET_REPLACE
                 ? ngx_http_trivet_send_replaced(r, ctx)
                 : ngx_http_trivet_send_collected(r, ctx);
    }

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    r->write_event_handler(r);
}


static ngx_int_t
ngx_http_trivet_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_trivet_module);

    if (ctx == NULL || r != r->main) {
        return ngx_http_next_body_filter(r, in);
    }

    switch (ctx->sending.mode) {
    case NGX_HTTP_TRIVET_COLLECT:
        return ngx_http_trivet_collect(r, ctx, in);

    case NGX_HTTP_TRIVET_REPLACE:
        return ngx_http_trivet_replace(r, ctx, in);

    case NGX_HTTP_TRIVET_WAIT:
        ctx->sending.is_whole |= ngx_http_trivet_consume_all(in);
        return NGX_AGAIN;

    case NGX_HTTP_TRIVET_SEND:
        return ngx_http_trivet_send(r, ctx, in);

    case NGX_HTTP_TRIVET_PASS:
        break;
    }

    return ngx_http_next_body_filter(r, in);
}


void
ngx_http_trivet_init_filters(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_trivet_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_trivet_body_filter;
}
