/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitoring.c - what a monitor asks
 *
 * What is known of the context is read from its file, on a pool thread.
 */
#include "sidecar/module/monitoring.h"

#include "sidecar/module/answer.h"
#include "sidecar/module/callers.h"
#include "sidecar/module/context.h"
#include "sidecar/module/metrics.h"

#include "base/timestamp.h"
#include "client/clock.h"


/* No page in a browser may ask either. */
static ngx_int_t
ngx_http_trivet_proxy_check_monitor(ngx_http_request_t *r)
{
    ngx_int_t rc;
    enum trivet_failure failure;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    failure = ngx_http_trivet_proxy_judge_origin(r);

    return failure == TRIVET_FAILURE_NONE
               ? NGX_OK
               : ngx_http_trivet_proxy_refuse(r, failure, "");
}


static ngx_int_t
ngx_http_trivet_proxy_send_text(ngx_http_request_t *r, ngx_str_t text)
{
    ngx_str_t type = ngx_string("text/plain; version=0.0.4; charset=utf-8");
    ngx_http_complex_value_t value;

    ngx_memzero(&value, sizeof(value));
    value.value = text;

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &value);
}


ngx_int_t
ngx_http_trivet_proxy_live_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_str_t text = ngx_string("live\n");

    rc = ngx_http_trivet_proxy_check_monitor(r);

    return rc == NGX_OK && !r->header_sent
               ? ngx_http_trivet_proxy_send_text(r, text)
               : rc;
}


/* On a pool thread. The session's end is by the local clock. */
static void
ngx_http_trivet_proxy_look(ngx_http_trivet_proxy_job_t *job)
{
    struct trivet_context *context;
    struct trivet_context_info info;

    job->session_s = -1;

    if (ngx_http_trivet_proxy_replay_folder(job->context) != NULL) {
        return;
    }

    if (ngx_http_trivet_proxy_open_context(job->context, &context, &job->err)
        != TRIVET_OK)
    {
        job->failure = TRIVET_FAILURE_CONTEXT;
        return;
    }

    trivet_context_describe(context, &info);
    if (!info.has_api_key) {
        (void) trivet_error_set(&job->err, TRIVET_E_NOT_FOUND, "proxy.ready",
            "there is no API key in the context");
        job->failure = TRIVET_FAILURE_CONTEXT;
    }

    if (info.has_session) {
        job->session_s =
            (info.session_expires_us - trivet_clock_now_us()) / TRIVET_US_PER_S;
        job->session_s = ngx_max(job->session_s, 0);
    }
}


static void
ngx_http_trivet_proxy_tell_ready(ngx_http_trivet_proxy_job_t *job)
{
    ngx_int_t rc;
    ngx_str_t text = ngx_string("ready\n");

    rc = job->failure == TRIVET_FAILURE_NONE
             ? ngx_http_trivet_proxy_send_text(job->request, text)
             : ngx_http_trivet_proxy_refuse(
                 job->request, job->failure, job->err.detail);

    ngx_http_finalize_request(job->request, rc);
}


static void
ngx_http_trivet_proxy_tell_numbers(ngx_http_trivet_proxy_job_t *job)
{
    ngx_int_t rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_str_t text;

    text = ngx_http_trivet_proxy_tell_metrics(job->request, job->session_s);
    if (text.data != NULL) {
        rc = ngx_http_trivet_proxy_send_text(job->request, text);
    }

    ngx_http_finalize_request(job->request, rc);
}


/* Looks at the context, and then tells. */
static ngx_int_t
ngx_http_trivet_proxy_look_and(
    ngx_http_request_t *r, ngx_http_trivet_proxy_done_pt tell)
{
    ngx_int_t rc;
    ngx_http_trivet_proxy_job_t *job;

    rc = ngx_http_trivet_proxy_check_monitor(r);
    if (rc != NGX_OK || r->header_sent) {
        return rc;
    }

    job = ngx_http_trivet_proxy_make_job(r);
    if (job == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    job->work = ngx_http_trivet_proxy_look;
    job->done = tell;

    if (ngx_http_trivet_proxy_post_job(job) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    return NGX_DONE;
}


ngx_int_t
ngx_http_trivet_proxy_ready_handler(ngx_http_request_t *r)
{
    return ngx_http_trivet_proxy_look_and(r, ngx_http_trivet_proxy_tell_ready);
}


ngx_int_t
ngx_http_trivet_proxy_metrics_handler(ngx_http_request_t *r)
{
    return ngx_http_trivet_proxy_look_and(
        r, ngx_http_trivet_proxy_tell_numbers);
}
