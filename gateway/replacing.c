/* SPDX-License-Identifier: Apache-2.0 */
/* replacing.c - answers in place of what came */
#include "gateway/replacing.h"

#include "core/field_names.h"
#include "gateway/answer_headers.h"
#include "gateway/answering.h"
#include "gateway/conf.h"
#include "gateway/looking.h"
#include "gateway/rates.h"
#include "gateway/request.h"
#include "gateway/signature.h"
#define NGX_HTTP_TRIVET_HEADER_TOO_LARGE 431


/* Whatever comes down as the body, these bytes go out; and nothing that was
 * said of other bytes is said of them. */
void
ngx_http_trivet_settle(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const struct trivet_buffer *body)
{
    ctx->sending.mode = NGX_HTTP_TRIVET_REPLACE;
    ctx->sending.whole = body;

    ngx_str_null(&r->headers_out.charset);

    if (r->headers_out.content_encoding != NULL) {
        r->headers_out.content_encoding->hash = 0;
        r->headers_out.content_encoding = NULL;
    }

    ngx_http_clear_etag(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_content_length(r);
    ngx_http_trivet_set_json(r, (off_t) body->len);
}


/* Whether the operator has a page of his own (error_page) for this error. */
static ngx_int_t
ngx_http_trivet_has_error_page(ngx_http_request_t *r)
{
    ngx_uint_t i;
    ngx_http_err_page_t *page;
    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == (ngx_int_t) r->err_status
            || page[i].overwrite == (ngx_int_t) r->err_status)
        {
            return 1;
        }
    }

    return 0;
}


/* nginx made this answer itself: 404, 413, 502 and the like. The operator's own
 * error page is left as it is: it was come to by an internal redirect. */
ngx_int_t
ngx_http_trivet_is_nginx_error(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    if (r->err_status < NGX_HTTP_BAD_REQUEST) {
        return 0;
    }

    return ctx->sending.is_given_up
           || !(r->error_page && r->internal
                && ngx_http_trivet_has_error_page(r));
}


/* nginx knows a status for it (494), and answers with 400. What is left of it
 * is that the connection lingers, which it does not after any other 400. (Over
 * HTTP/2 nginx ends the connection without an answer.) */
static ngx_uint_t
ngx_http_trivet_is_header_too_large(ngx_http_request_t *r)
{
    return r->headers_out.status == NGX_HTTP_BAD_REQUEST && r->lingering_close;
}


ngx_int_t
ngx_http_trivet_settle_error(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    char limit[TRIVET_RATE_TEXT_SIZE];
    const char *subject;
    unsigned status;

    if (ngx_http_trivet_is_header_too_large(r)) {
        r->headers_out.status = NGX_HTTP_TRIVET_HEADER_TOO_LARGE;
        r->headers_out.status_line.len = 0;
        r->err_status = NGX_HTTP_TRIVET_HEADER_TOO_LARGE;
    }

    status = (unsigned) r->headers_out.status;

    if (ctx->reason == TRIVET_REASON_NONE
        || trivet_reason_row(ctx->reason)->status != status)
    {
        ctx->reason = trivet_reason_of_status(status);
    }

    if (ctx->reason == TRIVET_REASON_UPSTREAM_FAILED && ctx->is_unanswered) {
        ctx->reason = TRIVET_REASON_UPSTREAM_UNANSWERED;
    }

    ngx_http_trivet_find_signer(r, ctx);
    subject = ngx_http_trivet_name_limit(r, ctx, limit);
    ngx_http_trivet_log_refusal(r, ctx);

    trivet_buffer_free(&ctx->sending.page);
    ctx->sending.page =
        trivet_answer_error(&ctx->request, ctx->reason, subject);
    if (ctx->sending.page.data == NULL) {
        return NGX_ERROR;
    }

    ngx_http_trivet_settle(r, ctx, &ctx->sending.page);

    return NGX_OK;
}


/* The signature of an answer whose bytes are settled, if it gets one. */
ngx_int_t
ngx_http_trivet_sign_settled(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_turn_pt done)
{
    ngx_str_t value;
    ngx_uint_t is_signed;

    if (ctx->is_own && ctx->answer.has_signature) {
        value.data = (u_char *) ctx->answer.signature;
        value.len = sizeof(ctx->answer.signature);

        return ngx_http_trivet_add_header(
            r, TRIVET_FIELD_SERVER_SIGNATURE, &value);
    }

    if (ctx->is_own) {
        is_signed = ctx->answer.is_to_be_signed;

    } else {
        is_signed = ctx->answer.server_key >= 0
                    && trivet_profile_signs(
                        ctx->request.profile, (unsigned) r->headers_out.status);
    }

    if (!is_signed) {
        return NGX_OK;
    }

    return ngx_http_trivet_sign_bytes(
        r, ctx, ctx->sending.whole->data, ctx->sending.whole->len, done);
}


/*
 * Something answers from a protected location before anybody was asked for a
 * session: a handler of another module, or nginx, which adds a slash to a path
 * (301). It does not get out. An operator's error page elsewhere (error_page
 * 413 https://...) does.
 */
ngx_uint_t
ngx_http_trivet_is_unasked(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    return tlcf->protect && !ctx->is_own && r->err_status < NGX_HTTP_BAD_REQUEST
           && !(r->error_page && !r->internal)
           && !(ctx->is_admitted
                && ngx_http_trivet_is_same_rule(ctx->decided_by, tlcf));
}


void
ngx_http_trivet_hold_up(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ctx->reason = ctx->request.num_tokens == 0 ? TRIVET_REASON_TOKEN_MISSING
                                               : TRIVET_REASON_FORBIDDEN;
    ctx->sending.is_given_up = 1;
    ngx_http_clean_header(r);
    r->headers_out.status = trivet_reason_row(ctx->reason)->status;
    r->err_status = r->headers_out.status;
    r->header_only = r->method == NGX_HTTP_HEAD;
}
