/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.c - trivet_answers: a built-in API that answers from files
 *
 * /v1/echo tells who is calling, files answer what they name, everything else
 * is a 404. The files are read with the configuration. What POSTs made is in
 * memory that all workers share, and lives on over a reload. The rules are in
 * sandbox/answers/.
 */
#include "gateway/answers.h"

#include "authority/answers.h"
#include "authority/calls.h"
#include "gateway/answering.h"
#include "gateway/body.h"
#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/made.h"
#include "gateway/request.h"
#include "gateway/sandbox.h"
#include "gateway/slice.h"
#include "sandbox/answers/answers.h"


#define NGX_HTTP_TRIVET_ECHO "/v1/echo"


/* ---- the directive ----------------------------------------------------- */

static void
ngx_http_trivet_free_answers(void *data)
{
    trivet_answers_free(data);
}


static ngx_int_t
ngx_http_trivet_make_answers(ngx_conf_t *cf, ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_pool_cleanup_t *cln;
    struct trivet_error err;

    tlcf->made = ngx_http_trivet_add_made(cf);
    if (tlcf->made == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL || trivet_answers_new(&tlcf->answers, &err) != TRIVET_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_trivet_free_answers;
    cln->data = tlcf->answers;

    return NGX_OK;
}


static ngx_int_t ngx_http_trivet_answers_handler(ngx_http_request_t *r);


char *
ngx_http_trivet_answers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_loc_conf_t *tlcf = conf;

    ngx_uint_t i;
    ngx_str_t *value;
    struct trivet_error err;
    ngx_http_core_loc_conf_t *clcf;

    (void) cmd;

    if (tlcf->answers == NULL
        && ngx_http_trivet_make_answers(cf, tlcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_conf_full_name(cf->cycle, &value[i], 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (trivet_answers_add(
                tlcf->answers, (const char *) value[i].data, &err)
                != TRIVET_OK
            || trivet_calls_check_answers(tlcf->answers, &err) != TRIVET_OK)
        {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "trivet_answers: %s", err.detail);
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_trivet_answers_handler;

    return NGX_CONF_OK;
}


/* ---- a request --------------------------------------------------------- */

/* /v1/echo, and anything below it. */
static ngx_uint_t
ngx_http_trivet_is_echo(const ngx_str_t *uri)
{
    size_t len = sizeof(NGX_HTTP_TRIVET_ECHO) - 1;

    return uri->len >= len
           && ngx_strncmp(uri->data, NGX_HTTP_TRIVET_ECHO, len) == 0
           && (uri->len == len || uri->data[len] == '/');
}


static ngx_int_t
ngx_http_trivet_refuse_answer(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const struct trivet_answers_reply *reply)
{
    size_t len;

    len = ngx_strlen(reply->allow);

    if (len > 0) {
        ctx->allow.data = ngx_pnalloc(r->pool, len);
        if (ctx->allow.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        ngx_memcpy(ctx->allow.data, reply->allow, len);
        ctx->allow.len = len;
    }

    return ngx_http_trivet_send_refusal_of(
        r, ctx, reply->reason, reply->subject);
}


/* The body in one piece; a file holds what is larger than nginx's buffer, and
 * that is not more than a call may have. */
static enum trivet_status
ngx_http_trivet_take_body(ngx_http_request_t *r, struct trivet_slice *out)
{
    off_t len = 0;
    u_char *buffer;
    ngx_chain_t *cl;

    *out = trivet_slice_make(NULL, 0);

    for (cl = ngx_http_trivet_body(r); cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (len > TRIVET_MAX_CALL_BODY) {
        return TRIVET_E_LIMIT;
    }
    if (len == 0) {
        return TRIVET_OK;
    }

    buffer = ngx_pnalloc(r->pool, (size_t) len);
    if (buffer == NULL) {
        return TRIVET_E_MEMORY;
    }

    return ngx_http_trivet_join_body(
        buffer, (size_t) len, ngx_http_trivet_body(r), out);
}


/* Whether a call of the sandbox answers GET there: an account. */
static bool
ngx_http_trivet_has_other_get(ngx_http_request_t *r)
{
    struct trivet_call_search search;

    return trivet_call_find(trivet_slice_text("GET"),
               ngx_http_trivet_slice(r->uri), true, &search)
           == TRIVET_CALL_FOUND;
}


static ngx_int_t
ngx_http_trivet_answer_from_files(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf)
{
    enum trivet_status status;
    struct trivet_answers_reply reply;
    struct trivet_answers_memory memory = ngx_http_trivet_made_of(tlcf);
    struct trivet_answers_request request = {
        .method = ngx_http_trivet_slice(r->method_name),
        .path = ngx_http_trivet_slice(r->uri),
        .query = ngx_http_trivet_slice(r->args),
        .user_id = ctx->answer.identity.user_id,
        .now_us = ngx_http_trivet_now_us() + ngx_http_trivet_clock_offset_us(),
        .has_other_get = ngx_http_trivet_has_other_get(r),
    };

    if (!trivet_answers_has(tlcf->answers, request.path)) {
        return ngx_http_trivet_send_refusal(
            r, ctx, TRIVET_REASON_ROUTE_NOT_FOUND);
    }

    status = ngx_http_trivet_take_body(r, &request.body);
    if (status != TRIVET_OK) {
        reply.reason = status == TRIVET_E_LIMIT ? TRIVET_REASON_BODY_TOO_LARGE
                                                : TRIVET_REASON_INTERNAL;
        return ngx_http_trivet_send_refusal(r, ctx, reply.reason);
    }

    trivet_answers_reply_to(tlcf->answers, &memory, &request, &reply);
    if (reply.reason != TRIVET_REASON_NONE) {
        trivet_buffer_free(&reply.body);
        return ngx_http_trivet_refuse_answer(r, ctx, &reply);
    }

    return ngx_http_trivet_send_built_in(r, ctx, &reply.body);
}


static ngx_int_t
ngx_http_trivet_answers_handler(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_loc_conf_t *tlcf;

    ctx = ngx_http_trivet_get_ctx(r);
    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    if (ctx == NULL || ctx->answer.verdict.admission != TRIVET_ALLOW
        || tlcf->answers == NULL)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    /* Nobody's request (a preflight) gets the identity handler's answer. */
    if (ctx->is_preflight
        || (ngx_http_trivet_is_echo(&r->uri)
            && !ngx_http_trivet_files_answer(
                r, tlcf, ctx->answer.identity.user_id)))
    {
        return ngx_http_trivet_identity_handler(r);
    }

    return ngx_http_trivet_answer_from_files(r, ctx, tlcf);
}
