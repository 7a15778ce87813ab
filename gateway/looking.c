/* SPDX-License-Identifier: Apache-2.0 */
/*
 * looking.c - whose token is it? One look at the store, on the event loop
 *
 * It decides nothing. It lets a body be read without a hop, and it finds the
 * key that signs what is answered before anybody was asked.
 */
#include "gateway/looking.h"

#include "gateway/body.h"
#include "gateway/checks.h"
#include "gateway/chores.h"
#include "gateway/conf.h"
#include "gateway/fill.h"
#include "gateway/request.h"
#include "gateway/turns.h"
#include "gateway/worker.h"
static ngx_uint_t
ngx_http_trivet_look(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const struct trivet_request *request)
{
    ngx_uint_t may_go_on;
    struct trivet_answer answer;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    if (tmcf->worker->authority_here == NULL || request->num_tokens != 1) {
        return 0;
    }

    may_go_on =
        trivet_authority_look(tmcf->worker->authority_here, request, &answer);
    ctx->answer.server_key = answer.server_key;
    ctx->answer.identity = answer.identity;

    return may_go_on;
}


ngx_uint_t
ngx_http_trivet_may_send_body(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    return ngx_http_trivet_look(r, ctx, &ctx->request);
}


void
ngx_http_trivet_find_signer(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    struct trivet_request request;

    if (ctx->answer.server_key >= 0
        || (ctx->request.call != NULL
            && ctx->request.rule.token == TRIVET_NEEDS_NO_TOKEN))
    {
        return;
    }

    ngx_http_trivet_fill_look(r, ctx, &request);
    (void) ngx_http_trivet_look(r, ctx, &request);
}


/* One that waits for others is not verified here, once. */
static ngx_int_t
ngx_http_trivet_admit_or_wait(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_main_conf_t *tmcf)
{
    bool is_put_off;
    struct trivet_verification put_off;

    if (ctx->is_put_off || r != r->main || !ngx_http_trivet_has_turns(tmcf)) {
        return trivet_authority_admit(
                   tmcf->worker->authority_here, &ctx->request, &ctx->answer)
                   ? NGX_OK
                   : NGX_DECLINED;
    }

    if (trivet_authority_admit_or_put_off(tmcf->worker->authority_here,
            &ctx->request, &ctx->answer, &put_off, &is_put_off))
    {
        return NGX_OK;
    }

    if (!is_put_off) {
        return NGX_DECLINED;
    }

    ctx->is_put_off = 1;
    trivet_answer_init(&ctx->answer);

    return ngx_http_trivet_take_check(r, ctx, &put_off) == NGX_OK ? NGX_AGAIN
                                                                  : NGX_ERROR;
}


/* It was counted as one that is remembered. */
static void
ngx_http_trivet_tell_check(ngx_http_trivet_ctx_t *ctx)
{
    struct trivet_measures *measures = &ctx->answer.measures;

    if (ctx->checked_lanes > 0 && measures->is_verify_cache_hit) {
        measures->is_verify_cache_hit = false;
        measures->has_verified = true;
        measures->verify_lanes = ctx->checked_lanes;
        measures->verifying_ns = ctx->checked_ns;
    }
}


/* Of the event loop: no hop, where none is needed. */
ngx_int_t
ngx_http_trivet_admit_here(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    off_t len;
    ngx_int_t rc;
    ngx_chain_t *cl, *body;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    if (ctx->request.call != NULL || tmcf->worker->authority_here == NULL) {
        return NGX_DECLINED;
    }

    body = ngx_http_trivet_body(r);

    len = 0;

    for (cl = body; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);

        /* Digesting much takes longer than the hop. */
        if (cl->buf->in_file || len > NGX_HTTP_TRIVET_READ_SIZE) {
            return NGX_DECLINED;
        }
    }

    if (ngx_http_trivet_digest_request(tmcf->worker->digest, NULL, ctx, body)
        != TRIVET_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_trivet_admit_or_wait(r, ctx, tmcf);
    if (rc == NGX_DECLINED) {
        trivet_answer_init(&ctx->answer);
    }
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_trivet_tell_check(ctx);
    ctx->state = NGX_HTTP_TRIVET_DECIDED;
    ctx->reason = TRIVET_REASON_NONE;
    ngx_http_trivet_tell_time(tmcf);

    return NGX_OK;
}
