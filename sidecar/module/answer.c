/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - what goes back to the caller */
#include "sidecar/module/answer.h"

#include "core/message/error.h"
#include "sidecar/fields.h"
#include "sidecar/module/metrics.h"


static ngx_int_t
ngx_http_trivet_proxy_send_body(ngx_http_request_t *r, ngx_str_t body)
{
    ngx_int_t rc;
    ngx_buf_t *b;
    ngx_chain_t out;

    r->headers_out.content_length_n = (off_t) body.len;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body.data;
    b->last = body.data + body.len;
    b->memory = body.len > 0; /* an empty one is special: it only ends */
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* ---- a failure ---------------------------------------------------------- */

static ngx_int_t
ngx_http_trivet_proxy_send_error(ngx_http_request_t *r,
    const struct trivet_failure_row *row, const char *text)
{
    ngx_str_t body;
    struct trivet_buffer written;

    written = trivet_error_answer_write_text(text);
    body.len = written.len;
    body.data = ngx_pnalloc(r->pool, written.len + 1);
    if (written.data == NULL || body.data == NULL) {
        trivet_buffer_free(&written);
        return NGX_ERROR;
    }

    ngx_memcpy(body.data, written.data, written.len);
    trivet_buffer_free(&written);

    r->headers_out.status = row->status;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (ngx_http_trivet_proxy_add_header(
            r, TRIVET_PROXY_FIELD_REASON, row->reason)
        == NULL)
    {
        return NGX_ERROR;
    }

    if (row->status == NGX_HTTP_UNAUTHORIZED
        && ngx_http_trivet_proxy_add_header(r, "WWW-Authenticate", "Bearer")
               == NULL)
    {
        return NGX_ERROR;
    }

    return ngx_http_trivet_proxy_send_body(r, body);
}


ngx_int_t
ngx_http_trivet_proxy_refuse(
    ngx_http_request_t *r, enum trivet_failure failure, const char *text)
{
    const struct trivet_failure_row *row = trivet_failure_row(failure);
    ngx_uint_t level = row->status >= 500 ? NGX_LOG_ERR : NGX_LOG_INFO;

    ngx_http_trivet_proxy_count_failure(r, failure);
    if (text[0] == '\0') {
        text = row->text;
    }

    ngx_log_error(
        level, r->connection->log, 0, "trivet: %s: %s", row->reason, text);

    return ngx_http_trivet_proxy_send_error(r, row, text);
}


ngx_int_t
ngx_http_trivet_proxy_error_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    enum trivet_failure failure = trivet_failure_of_status(r->err_status);

    rc = ngx_http_discard_request_body(r);

    return rc == NGX_OK ? ngx_http_trivet_proxy_refuse(r, failure, "") : rc;
}


/* ---- the server's answer ------------------------------------------------ */

/* One that is not of this call says so. */
static ngx_int_t
ngx_http_trivet_proxy_add_origin(const ngx_http_trivet_proxy_job_t *job)
{
    ngx_http_request_t *r = job->request;
    const char *verified = job->shown->is_verified ? "yes" : "no";

    if (ngx_http_trivet_proxy_add_header(
            r, TRIVET_PROXY_FIELD_VERIFIED, verified)
        == NULL)
    {
        return NGX_ERROR;
    }

    if (job->is_repeated
        && ngx_http_trivet_proxy_add_header(
               r, TRIVET_PROXY_FIELD_REPEATED, "yes")
               == NULL)
    {
        return NGX_ERROR;
    }

    if (job->recording != NULL
        && ngx_http_trivet_proxy_add_header(
               r, TRIVET_PROXY_FIELD_REPLAYED, "yes")
               == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_proxy_send_answer(const ngx_http_trivet_proxy_job_t *job)
{
    ngx_http_request_t *r = job->request;
    const struct trivet_answer *answer = job->shown;
    ngx_str_t body;

    r->headers_out.status = answer->status;

    if (ngx_http_trivet_proxy_give_headers(r, answer) != NGX_OK
        || ngx_http_trivet_proxy_add_origin(job) != NGX_OK)
    {
        return NGX_ERROR;
    }

    body.data = (u_char *) answer->body;
    body.len = answer->body_len;

    return ngx_http_trivet_proxy_send_body(r, body);
}


static ngx_int_t
ngx_http_trivet_proxy_add_number(
    ngx_http_request_t *r, const char *name, int64_t number)
{
    u_char *text;

    text = ngx_pnalloc(r->pool, NGX_INT64_LEN + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    *ngx_sprintf(text, "%L", number) = '\0';

    return ngx_http_trivet_proxy_add_header(r, name, (const char *) text)
                   == NULL
               ? NGX_ERROR
               : NGX_OK;
}


/* If one was due. */
static ngx_int_t
ngx_http_trivet_proxy_add_receipt(const ngx_http_trivet_proxy_job_t *job)
{
    if (job->receipt > 0) {
        return ngx_http_trivet_proxy_add_number(
            job->request, TRIVET_PROXY_FIELD_RECEIPT, job->receipt);
    }

    if (job->receipt == NGX_HTTP_TRIVET_PROXY_NO_RECEIPT
        && ngx_http_trivet_proxy_add_header(
               job->request, TRIVET_PROXY_FIELD_RECEIPT, "none")
               == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* What failed, and what helps. */
static const char *
ngx_http_trivet_proxy_add_advice(const ngx_http_trivet_proxy_job_t *job)
{
    u_char *text;
    size_t len;

    if (job->advice == NULL) {
        return job->err.detail;
    }

    len = ngx_strlen(job->err.detail) + ngx_strlen(job->advice) + 3;
    text = ngx_pnalloc(job->request->pool, len);
    if (text == NULL) {
        return job->err.detail;
    }

    (void) ngx_snprintf(text, len, "%s; %s%Z", job->err.detail, job->advice);

    return (const char *) text;
}


ngx_int_t
ngx_http_trivet_proxy_send(ngx_http_trivet_proxy_job_t *job)
{
    ngx_http_request_t *r = job->request;

    if (ngx_http_trivet_proxy_add_receipt(job) != NGX_OK) {
        return NGX_ERROR;
    }

    if (job->failure == TRIVET_FAILURE_NONE) {
        return ngx_http_trivet_proxy_send_answer(job);
    }

    if (job->retry_after_s > 0
        && ngx_http_trivet_proxy_add_number(
               r, "Retry-After", job->retry_after_s)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_trivet_proxy_refuse(
        r, job->failure, ngx_http_trivet_proxy_add_advice(job));
}
