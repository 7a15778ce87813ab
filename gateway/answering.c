/* SPDX-License-Identifier: Apache-2.0 */
/* answering.c - answers of our own: refusals, the protocol's calls, identity */
#include "gateway/answering.h"

#include "gateway/answer_headers.h"
#include "gateway/looking.h"
#include "gateway/request.h"
#include "gateway/slice.h"
#include "gateway/subrequest.h"

#include "core/message/text.h"


/* For the operator: why, and what the machine says about it. */
void
ngx_http_trivet_log_refusal(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    const struct trivet_reason_row *row = trivet_reason_row(ctx->reason);
    const struct trivet_error *err = &ctx->answer.error;
    const char *mistake = ctx->answer.mistake;
    const char *prefix;

    if (row->status >= 500) {
        prefix = err->detail[0] == '\0' ? "" : ": ";
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
            "trivet refused: %s: %s%s%s", row->id, row->operator_text, prefix,
            err->detail);
        return;
    }

    prefix = ", mistake:";
    if (mistake == NULL) {
        prefix = "";
        mistake = "";
    }

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
        "trivet refused: %s: %s%s%s, installation:%L user:%L key:%L", row->id,
        row->operator_text, prefix, mistake,
        ctx->answer.identity.installation_id, ctx->answer.identity.user_id,
        ctx->answer.identity.api_key_id);
}


/* The header, and the body in one buffer, which the request keeps. */
static ngx_int_t
ngx_http_trivet_send_body(ngx_http_request_t *r, struct trivet_buffer *body)
{
    ngx_int_t rc;
    ngx_buf_t *b;
    ngx_chain_t out;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) body->data;
    b->last = b->pos + body->len;
    b->memory = 1;
    b->last_buf = r == r->main;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* Whoever waits for leave to send a body (Expect: 100-continue) does not get
 * it. He may send it all the same or not: the next request could not be told
 * from it. */
static void
ngx_http_trivet_refuse_rest(ngx_http_request_t *r)
{
    if (r == r->main && r->headers_in.expect != NULL && !r->expect_tested) {
        r->expect_tested = 1;
        r->keepalive = 0;
    }

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }
}


ngx_int_t
ngx_http_trivet_send_answer(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    struct trivet_answer *answer = &ctx->answer;

    if (ctx->reason != TRIVET_REASON_NONE) {
        ngx_http_trivet_log_refusal(r, ctx);
    }

    ngx_http_trivet_refuse_rest(r);

    if (answer->body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->is_own = 1;
    r->err_status = 0; /* of what error_page led here for: not this answer's */
    r->disable_not_modified = 1; /* If-Match and the like are not for these */
    ngx_http_trivet_no_gzip(r);
    r->headers_out.status =
        r == r->main ? answer->status
                     : ngx_http_trivet_subrequest_status(answer->status);
    ngx_http_trivet_set_json(r, (off_t) answer->body.len);

    return ngx_http_trivet_send_body(r, &answer->body);
}


ngx_int_t
ngx_http_trivet_send_refusal(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    enum trivet_reason reason)
{
    return ngx_http_trivet_send_refusal_of(r, ctx, reason, NULL);
}


ngx_int_t
ngx_http_trivet_send_refusal_of(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, enum trivet_reason reason, const char *subject)
{
    struct trivet_answer *answer = &ctx->answer;

    ctx->reason = reason;
    ngx_http_trivet_find_signer(r, ctx);
    trivet_answer_refuse(answer, &ctx->request, reason, subject);
    answer->is_to_be_signed =
        answer->server_key >= 0 && !trivet_reason_is_of_a_front(reason)
        && trivet_profile_signs(ctx->request.profile, answer->status);

    return ngx_http_trivet_send_answer(r, ctx);
}


ngx_int_t
ngx_http_trivet_send_built_in(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    struct trivet_buffer *body)
{
    trivet_buffer_free(&ctx->answer.body);
    ctx->answer.body = *body;
    ngx_memzero(body, sizeof(struct trivet_buffer));

    if (ctx->answer.body.data == NULL
        || (ctx->request.profile->slashes == TRIVET_SLASHES_PLAIN
            && trivet_message_plain_slashes(&ctx->answer.body) != TRIVET_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->disable_not_modified = 1;
    r->headers_out.status = NGX_HTTP_OK;
    ngx_http_trivet_set_json(r, (off_t) ctx->answer.body.len);

    return ngx_http_trivet_send_body(r, &ctx->answer.body);
}


/* The built-in API: who is calling. */
ngx_int_t
ngx_http_trivet_identity_handler(ngx_http_request_t *r)
{
    off_t len;
    ngx_chain_t *cl;
    struct trivet_buffer body;
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r);
    if (ctx == NULL || ctx->answer.verdict.admission != TRIVET_ALLOW) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ctx->is_preflight) {
        return NGX_HTTP_NOT_ALLOWED; /* nobody calls, and nobody answers */
    }

    len = 0;
    if (r->request_body != NULL) {
        for (cl = r->request_body->bufs; cl != NULL; cl = cl->next) {
            len += ngx_buf_size(cl->buf);
        }
    }

    body = trivet_identity_answer_write(&ctx->answer.identity,
        ngx_http_trivet_slice(r->method_name),
        ngx_http_trivet_slice(r->unparsed_uri), len);

    return ngx_http_trivet_send_built_in(r, ctx, &body);
}
