/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission.c - the access phase: who may pass
 *
 * The handler is entered several times: at first; when the body has been read;
 * when the pool thread is done. Whatever is not admitted is answered from
 * here and goes no further. An internal redirect to another location, URI or
 * method is decided again. Subrequests come here from subrequest.c.
 */
#include "gateway/admission.h"

#include "gateway/answering.h"
#include "gateway/api_headers.h"
#include "gateway/body.h"
#include "gateway/conf.h"
#include "gateway/decrypting.h"
#include "gateway/fill.h"
#include "gateway/looking.h"
#include "gateway/preflight.h"
#include "gateway/request.h"
#include "gateway/signed_head.h"
#include "gateway/spool.h"
#include "gateway/subrequest.h"
#include "gateway/task.h"
static ngx_int_t ngx_http_trivet_begin(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
static ngx_int_t ngx_http_trivet_look_first(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
static ngx_int_t ngx_http_trivet_read_body(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
static ngx_int_t ngx_http_trivet_decide(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
static ngx_int_t ngx_http_trivet_conclude(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);


static ngx_uint_t
ngx_http_trivet_is_same(const ngx_str_t *one, const ngx_str_t *other)
{
    return one->len == other->len
           && ngx_strncmp(one->data, other->data, one->len) == 0;
}


/* Whether it is still the request that ctx speaks of. After an internal
 * redirect it may be for a location that asks for more, or a call of ours. */
static ngx_uint_t
ngx_http_trivet_is_as_decided(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    return ctx->decided_by != NULL
           && ngx_http_trivet_is_same_rule(ctx->decided_by, tlcf)
           && ngx_http_trivet_is_same(&ctx->decided_uri, &r->uri)
           && ngx_http_trivet_is_same(&ctx->decided_method, &r->method_name);
}


ngx_int_t
ngx_http_trivet_admit(ngx_http_request_t *r, ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->state == NGX_HTTP_TRIVET_DECIDING) {
        return NGX_AGAIN;
    }

    if (!ngx_http_trivet_is_as_decided(r, ctx, tlcf)) {
        ctx->state = NGX_HTTP_TRIVET_NEW;
        ctx->is_admitted = 0;
    }

    if (ctx->is_admitted) {
        return NGX_OK;
    }

    switch (ctx->state) {
    case NGX_HTTP_TRIVET_NEW:
        return ngx_http_trivet_begin(r, ctx, tlcf);

    case NGX_HTTP_TRIVET_LOOKED:
        return ngx_http_trivet_read_body(r, ctx, tlcf);

    case NGX_HTTP_TRIVET_READING:
        return ngx_http_trivet_decide(r, ctx, tlcf);

    case NGX_HTTP_TRIVET_DECIDING:
        return NGX_AGAIN;

    case NGX_HTTP_TRIVET_DECIDED:
        break;
    }

    return ngx_http_trivet_conclude(r, ctx, tlcf);
}


/* The answer ends the request here: the phases stop. */
static ngx_int_t
ngx_http_trivet_stop(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


/* Without a token there is nothing to look up: neither the body is read nor a
 * thread asked. The decision is the same one. */
static ngx_int_t
ngx_http_trivet_refuse_early(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    const struct trivet_request *request = &ctx->request;
    struct trivet_verdict verdict;
    struct trivet_facts facts = {
        .token = request->num_tokens == 0 ? TRIVET_TOKEN_ABSENT
                                          : TRIVET_TOKEN_DUPLICATE,
    };

    verdict = trivet_decide(&request->rule, &facts, request->profile, 0);

    return ngx_http_trivet_stop(
        r, ngx_http_trivet_send_refusal(r, ctx, verdict.reason));
}


/* Nobody's request, but one that may pass. The decision is the same one. */
static ngx_int_t
ngx_http_trivet_pass_preflight(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf)
{
    struct trivet_facts facts = {.token = TRIVET_TOKEN_ABSENT};
    const struct trivet_request *request = &ctx->request;

    ngx_http_trivet_fill_preflight(ctx);

    ctx->is_preflight = 1;
    ctx->answer.verdict =
        trivet_decide(&request->rule, &facts, request->profile, 0);
    ctx->state = NGX_HTTP_TRIVET_DECIDED;

    return ngx_http_trivet_conclude(r, ctx, tlcf);
}


static ngx_int_t
ngx_http_trivet_refuse_method(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const struct trivet_call_search *search)
{
    ctx->allow.len = ngx_strlen(search->allow);
    ctx->allow.data = ngx_pnalloc(r->pool, ctx->allow.len);
    if (ctx->allow.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_memcpy(ctx->allow.data, search->allow, ctx->allow.len);

    return ngx_http_trivet_stop(r,
        ngx_http_trivet_send_refusal(r, ctx, TRIVET_REASON_METHOD_NOT_ALLOWED));
}


static ngx_int_t
ngx_http_trivet_begin(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    const char *missing;
    enum trivet_reason reason;
    struct trivet_call_search search;
    const struct trivet_request *request = &ctx->request;

    ngx_http_trivet_start(r, ctx, tlcf);

    if (ngx_http_trivet_is_preflight(r, ctx, tlcf)) {
        return ngx_http_trivet_pass_preflight(r, ctx, tlcf);
    }

    missing = ngx_http_trivet_missing_header(ctx);
    if (missing != NULL) {
        return ngx_http_trivet_stop(
            r, ngx_http_trivet_send_refusal_of(
                   r, ctx, TRIVET_REASON_HEADER_MISSING, missing));
    }

    reason = ngx_http_trivet_find_rule(r, ctx, tlcf, &search);

    if (reason == TRIVET_REASON_METHOD_NOT_ALLOWED) {
        return ngx_http_trivet_refuse_method(r, ctx, &search);
    }

    if (reason != TRIVET_REASON_NONE) {
        return ngx_http_trivet_stop(
            r, ngx_http_trivet_send_refusal(r, ctx, reason));
    }

    if (ngx_http_trivet_admit_with_main(r, ctx)) {
        return ngx_http_trivet_conclude(r, ctx, tlcf);
    }

    if (request->rule.token != TRIVET_NEEDS_NO_TOKEN
        && request->num_tokens != 1) {
        return ngx_http_trivet_refuse_early(r, ctx);
    }

    if (ngx_http_trivet_make_request_head(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_trivet_look_first(r, ctx, tlcf);
}


/* Of a request to which an error happened, that error. */
static ngx_int_t
ngx_http_trivet_refuse_body(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    enum trivet_reason reason = TRIVET_REASON_BODY_LOST;

    if (r == r->main && r->err_status >= NGX_HTTP_BAD_REQUEST) {
        reason = trivet_reason_of_status((unsigned) r->err_status);
    }

    return ngx_http_trivet_stop(
        r, ngx_http_trivet_send_refusal(r, ctx, reason));
}


/* The phases go on when the pool thread is done. */
static ngx_int_t
ngx_http_trivet_ask(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    if (ngx_http_trivet_post_task(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->state = NGX_HTTP_TRIVET_DECIDING;

    return NGX_AGAIN;
}


/* Why the body, which is still to be read, is not even begun; else NONE. */
static enum trivet_reason
ngx_http_trivet_refuse_unread(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    if (ctx->request.call != NULL
        && r->headers_in.content_length_n > TRIVET_MAX_CALL_BODY)
    {
        return TRIVET_REASON_BODY_TOO_LARGE;
    }

    return ngx_http_trivet_expect_body(r);
}


/* The token is looked up before a body is read that costs something. When that
 * cannot be said at once, the pool is asked: its refusal is as any other. */
static ngx_int_t
ngx_http_trivet_look_first(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    enum trivet_reason reason;

    if (!ngx_http_trivet_is_body_unread(r)
        || !ngx_http_trivet_is_body_costly(r->main))
    {
        return ngx_http_trivet_read_body(r, ctx, tlcf);
    }

    if (r == r->main) {
        reason = ngx_http_trivet_refuse_unread(r, ctx);
        if (reason != TRIVET_REASON_NONE) {
            return ngx_http_trivet_stop(
                r, ngx_http_trivet_send_refusal(r, ctx, reason));
        }
    }

    if (ctx->request.rule.token == TRIVET_NEEDS_NO_TOKEN
        || ngx_http_trivet_may_send_body(r, ctx))
    {
        return ngx_http_trivet_read_body(r, ctx, tlcf);
    }

    ngx_http_trivet_fill_body_unread(ctx, 1);

    return ngx_http_trivet_ask(r, ctx);
}


static ngx_int_t
ngx_http_trivet_read_body(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_http_trivet_fill_body_unread(ctx, 0);
    ctx->state = NGX_HTTP_TRIVET_READING;

    if (r != r->main || !ngx_http_trivet_is_body_unread(r)) {
        return ngx_http_trivet_decide(r, ctx, tlcf);
    }

    return ngx_http_trivet_receive_body(r);
}


static ngx_int_t
ngx_http_trivet_decide(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_chain_t *cl;
    off_t len = 0;
    enum trivet_reason reason;

    if (!ngx_http_trivet_is_body_whole(r)) {
        return ngx_http_trivet_refuse_body(r, ctx);
    }

    cl = ngx_http_trivet_body(r);

    for (/* void */; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    /* A chunked body does not tell its length before. */
    if (r == r->main && ctx->request.call != NULL && len > TRIVET_MAX_CALL_BODY)
    {
        return ngx_http_trivet_stop(r,
            ngx_http_trivet_send_refusal(r, ctx, TRIVET_REASON_BODY_TOO_LARGE));
    }

    switch (ngx_http_trivet_admit_here(r, ctx)) {
    case NGX_OK:
        return ngx_http_trivet_conclude(r, ctx, tlcf);

    case NGX_AGAIN:
        ctx->state = NGX_HTTP_TRIVET_DECIDING;
        return NGX_AGAIN;

    case NGX_ERROR:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    reason = ngx_http_trivet_prepare_decrypting(r, ctx);
    if (reason != TRIVET_REASON_NONE) {
        return ngx_http_trivet_stop(
            r, ngx_http_trivet_send_refusal(r, ctx, reason));
    }

    return ngx_http_trivet_ask(r, ctx);
}


static ngx_int_t
ngx_http_trivet_conclude(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    if (ctx->answer.verdict.admission != TRIVET_ALLOW
        || ctx->request.call != NULL) {
        return ngx_http_trivet_stop(r, ngx_http_trivet_send_answer(r, ctx));
    }

    if (ngx_http_trivet_set_identity(r, ctx, tlcf) != NGX_OK
        || ngx_http_trivet_use_plain_body(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->is_admitted = 1;

    return NGX_OK;
}
