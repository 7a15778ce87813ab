/* SPDX-License-Identifier: Apache-2.0 */
/* requests.c - from a request to a call */
#include "sidecar/module/requests.h"

#include "sidecar/module/answer.h"
#include "sidecar/module/callers.h"
#include "sidecar/module/conf.h"
#include "sidecar/module/job.h"
#include "sidecar/module/turns.h"


/* With a NUL; NULL: out of memory. */
static const char *
ngx_http_trivet_proxy_text(ngx_http_request_t *r, ngx_str_t text)
{
    u_char *copy;

    copy = ngx_pnalloc(r->pool, text.len + 1);
    if (copy == NULL) {
        return NULL;
    }

    *ngx_cpymem(copy, text.data, text.len) = '\0';

    return (const char *) copy;
}


/* An answer to HEAD has no body that could be verified: a GET is made, and
 * nginx leaves its body out. */
static const char *
ngx_http_trivet_proxy_method(ngx_http_request_t *r)
{
    return r->method == NGX_HTTP_HEAD
               ? "GET"
               : ngx_http_trivet_proxy_text(r, r->method_name);
}


static void
ngx_http_trivet_proxy_tell(ngx_http_trivet_proxy_job_t *job)
{
    ngx_http_finalize_request(job->request, ngx_http_trivet_proxy_send(job));
}


/* NGX_DONE: the caller is told later. Else what the request ends with. */
static ngx_int_t
ngx_http_trivet_proxy_begin(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_proxy_job_t *job;
    ngx_http_trivet_proxy_conf_t *pcf;

    job = ngx_http_trivet_proxy_make_job(r);
    if (job == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    pcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_proxy_module);

    job->work = ngx_http_trivet_proxy_make_call;
    job->tell = ngx_http_trivet_proxy_tell;
    job->body = r->request_body == NULL ? NULL : r->request_body->bufs;
    job->call.method = ngx_http_trivet_proxy_method(r);
    job->call.path = ngx_http_trivet_proxy_text(r, r->unparsed_uri);
    job->call.headers = job->headers;
    job->call.num_headers = ngx_http_trivet_proxy_take_headers(r, job->headers);
    job->call.flags = pcf->encrypt ? TRIVET_CALL_ENCRYPT : 0;

    if (job->call.method == NULL || job->call.path == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_trivet_proxy_take_turn(job);

    return rc == NGX_DECLINED ? ngx_http_trivet_proxy_send(job) : rc;
}


/* The body is there. */
static void
ngx_http_trivet_proxy_body_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;

    rc = ngx_http_trivet_proxy_begin(r);
    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


/* nginx finds the location by what it makes of a path; what is called is the
 * path as it was sent. Both have to be below /v1/. */
static ngx_uint_t
ngx_http_trivet_proxy_is_path_plain(ngx_http_request_t *r)
{
    return r->unparsed_uri.len > 4
           && ngx_strncmp(r->unparsed_uri.data, "/v1/", 4) == 0;
}


ngx_int_t
ngx_http_trivet_proxy_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    enum trivet_failure failure;

    failure = ngx_http_trivet_proxy_judge_caller(r);
    if (failure == TRIVET_FAILURE_NONE
        && !ngx_http_trivet_proxy_is_path_plain(r)) {
        failure = TRIVET_FAILURE_NOT_FOUND;
    }

    if (failure != TRIVET_FAILURE_NONE) {
        rc = ngx_http_discard_request_body(r);
        return rc == NGX_OK ? ngx_http_trivet_proxy_refuse(r, failure, "") : rc;
    }

    rc = ngx_http_read_client_request_body(
        r, ngx_http_trivet_proxy_body_handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}
