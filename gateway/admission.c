/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission.c - the access phase: who may pass
 *
 * The handler is entered several times: at first; when the body has been read;
 * when the pool thread is done. Whatever is not admitted is answered from
 * here and goes no further.
 */
#include "module.h"


static ngx_int_t ngx_http_trivet_begin(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
static ngx_int_t ngx_http_trivet_read_body(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
static ngx_int_t ngx_http_trivet_judge(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
static ngx_int_t ngx_http_trivet_conclude(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);


ngx_int_t
ngx_http_trivet_access_handler(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    if (!tlcf->calls && !tlcf->protect) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->state != NGX_HTTP_TRIVET_JUDGING && ctx->judged_by != tlcf) {
        /* An internal redirect: this location may ask for more. */
        ctx->state = NGX_HTTP_TRIVET_NEW;
    }

    switch (ctx->state) {
    case NGX_HTTP_TRIVET_NEW:
        return ngx_http_trivet_begin(r, ctx, tlcf);

    case NGX_HTTP_TRIVET_READING:
        return ngx_http_trivet_judge(r, ctx, tlcf);

    case NGX_HTTP_TRIVET_JUDGING:
        return NGX_AGAIN;

    case NGX_HTTP_TRIVET_JUDGED:
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


struct trivet_address
ngx_http_trivet_address(ngx_connection_t *c)
{
    struct trivet_address none;

    switch (c->sockaddr->sa_family) {
    case AF_INET:
        return trivet_address_from_ipv4(
            &((struct sockaddr_in *) c->sockaddr)->sin_addr);

#if (NGX_HAVE_INET6)
    case AF_INET6:
        return trivet_address_from_ipv6(
            &((struct sockaddr_in6 *) c->sockaddr)->sin6_addr);
#endif
    }

    /* A unix socket: all its callers are one address, "::". */
    ngx_memzero(&none, sizeof(none));

    return none;
}


/* Without a token there is nothing to look up: neither the body is read nor a
 * thread asked. The decision is the same one. */
static ngx_int_t
ngx_http_trivet_refuse_early(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    struct trivet_request *request = &ctx->request;
    struct trivet_verdict verdict;
    struct trivet_facts facts = {
        .token = request->num_tokens == 0 ? TRIVET_TOKEN_ABSENT
                                          : TRIVET_TOKEN_DUPLICATE,
    };

    verdict = trivet_decide(&request->rule, &facts, request->profile, 0);

    return ngx_http_trivet_stop(
        r, ngx_http_trivet_send_refusal(r, ctx, verdict.reason));
}


/* Which call is it, and what does it ask for? */
static ngx_int_t
ngx_http_trivet_begin(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    struct trivet_request *request = &ctx->request;
    enum trivet_call_match match;
    struct trivet_call_search search;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    ctx->judged_by = tlcf;
    ctx->reason = TRIVET_REASON_NONE;
    ctx->is_own = 0;
    ctx->allow.len = 0;
    trivet_answer_release(&ctx->answer);
    ngx_memzero(&ctx->answer, sizeof(ctx->answer));
    ctx->answer.server_key = -1;
    request->call = NULL;
    request->query = ngx_http_trivet_slice(r->args);

    match = tlcf->calls
                ? trivet_call_find(ngx_http_trivet_slice(r->method_name),
                    ngx_http_trivet_slice(r->uri), tmcf->sandbox, &search)
                : TRIVET_CALL_NONE;

    request->profile = tlcf->profile;
    request->address = ngx_http_trivet_address(r->connection);
    request->is_head = r->method == NGX_HTTP_HEAD;

    if (match == TRIVET_CALL_WRONG_METHOD) {
        ctx->allow.len = ngx_strlen(search.allow);
        ctx->allow.data = ngx_pnalloc(r->pool, ctx->allow.len);
        if (ctx->allow.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        ngx_memcpy(ctx->allow.data, search.allow, ctx->allow.len);

        return ngx_http_trivet_stop(r, ngx_http_trivet_send_refusal(r, ctx,
                                           TRIVET_REASON_METHOD_NOT_ALLOWED));
    }

    if (match == TRIVET_CALL_FOUND) {
        request->call = search.call;
        request->rule = trivet_call_rule(search.call);
        ngx_memcpy(request->path_ids, search.path_ids, sizeof(search.path_ids));

    } else if (tlcf->protect) {
        request->rule.token = TRIVET_NEEDS_SESSION;
        request->rule.signature = tlcf->require_signature
                                      ? TRIVET_SIGNED_ALWAYS
                                      : TRIVET_SIGNED_BY_PROFILE;

    } else {
        return ngx_http_trivet_stop(r, ngx_http_trivet_send_refusal(r, ctx,
                                           TRIVET_REASON_ROUTE_NOT_FOUND));
    }

    if (request->rule.token != TRIVET_NEEDS_NO_TOKEN
        && request->num_tokens != 1) {
        return ngx_http_trivet_refuse_early(r, ctx);
    }

    if (ngx_http_trivet_make_request_head(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_trivet_read_body(r, ctx);
}


static void
ngx_http_trivet_body_handler(ngx_http_request_t *r)
{
    r->preserve_body = 1;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


static ngx_int_t
ngx_http_trivet_read_body(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_int_t rc;

    if (ctx->request.call != NULL
        && r->headers_in.content_length_n > TRIVET_MAX_CALL_BODY)
    {
        return ngx_http_trivet_stop(r,
            ngx_http_trivet_send_refusal(r, ctx, TRIVET_REASON_BODY_TOO_LARGE));
    }

    ctx->state = NGX_HTTP_TRIVET_READING;

    rc = ngx_http_read_client_request_body(r, ngx_http_trivet_body_handler);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return ngx_http_trivet_stop(r, NGX_DONE);
}


static ngx_int_t
ngx_http_trivet_judge(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_chain_t *cl;
    off_t len = 0;

    cl = r->request_body == NULL ? NULL : r->request_body->bufs;

    for (/* void */; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    /* A chunked body does not tell its length before. */
    if (ctx->request.call != NULL && len > TRIVET_MAX_CALL_BODY) {
        return ngx_http_trivet_stop(r,
            ngx_http_trivet_send_refusal(r, ctx, TRIVET_REASON_BODY_TOO_LARGE));
    }

    if (ngx_http_trivet_admit_here(r, ctx)) {
        return ngx_http_trivet_conclude(r, ctx, tlcf);
    }

    if (ngx_http_trivet_post_task(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->state = NGX_HTTP_TRIVET_JUDGING;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_trivet_conclude(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    if (ctx->answer.verdict.admission != TRIVET_ALLOW
        || ctx->request.call != NULL) {
        return ngx_http_trivet_stop(r, ngx_http_trivet_send_answer(r, ctx));
    }

    if (ngx_http_trivet_set_identity(r, ctx, tlcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}
