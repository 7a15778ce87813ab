/* SPDX-License-Identifier: Apache-2.0 */
/* turn_fields.c - what a request says of its turn */
#include "sidecar/module/turn_fields.h"

#include "base/hash.h"
#include "base/ticks.h"
#include "sidecar/fields.h"


enum {
    NGX_HTTP_TRIVET_PROXY_MAX_HEADER_WAIT_S = 86400,
    NGX_HTTP_TRIVET_PROXY_MAX_NAME = 64 /* of a caller */
};


static ngx_int_t
ngx_http_trivet_proxy_refuse_field(
    ngx_http_trivet_proxy_job_t *job, const char *text)
{
    job->failure = TRIVET_FAILURE_REQUEST;
    (void) trivet_error_set(
        &job->err, TRIVET_E_USAGE, "proxy.turn", "%s", text);

    return NGX_DECLINED;
}


/* NULL: none; more than one are none that can be read. */
static ngx_int_t
ngx_http_trivet_proxy_read_field(
    ngx_http_request_t *r, const char *name, ngx_str_t *out)
{
    ngx_table_elt_t *h;

    ngx_str_null(out);

    h = ngx_http_trivet_proxy_find_header(r, name, NULL);
    if (h == NULL) {
        return NGX_OK;
    }

    *out = h->value;

    return out->len > 0 && ngx_http_trivet_proxy_find_header(r, name, h) == NULL
               ? NGX_OK
               : NGX_DECLINED;
}


static ngx_int_t
ngx_http_trivet_proxy_read_priority(ngx_http_trivet_proxy_job_t *job)
{
    ngx_str_t text;

    if (ngx_http_trivet_proxy_read_field(
            job->request, TRIVET_PROXY_FIELD_PRIORITY, &text)
        == NGX_OK)
    {
        job->waiter.is_batch =
            text.len == 5 && ngx_strncmp(text.data, "batch", 5) == 0;

        if (job->waiter.is_batch || text.len == 0
            || (text.len == 11
                && ngx_strncmp(text.data, "interactive", 11) == 0))
        {
            return NGX_OK;
        }
    }

    return ngx_http_trivet_proxy_refuse_field(
        job, TRIVET_PROXY_FIELD_PRIORITY " is interactive or batch");
}


static ngx_int_t
ngx_http_trivet_proxy_read_max_wait(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_int_t seconds = (ngx_int_t) pcf->max_wait_s;
    ngx_str_t text;

    if (ngx_http_trivet_proxy_read_field(
            job->request, TRIVET_PROXY_FIELD_MAX_WAIT, &text)
        != NGX_OK)
    {
        seconds = NGX_ERROR;

    } else if (text.len > 0) {
        seconds = ngx_atoi(text.data, text.len);
    }

    if (seconds < 0 || seconds > NGX_HTTP_TRIVET_PROXY_MAX_HEADER_WAIT_S) {
        return ngx_http_trivet_proxy_refuse_field(job,
            TRIVET_PROXY_FIELD_MAX_WAIT " is a number of seconds, 86400 at "
                                        "most");
    }

    job->end_ms = trivet_ticks_ms() + (int64_t) seconds * 1000;

    return NGX_OK;
}


/* A GET needs none. */
static ngx_int_t
ngx_http_trivet_proxy_read_key(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_http_request_t *r = job->request;

    if (ngx_http_trivet_proxy_read_field(r, TRIVET_PROXY_FIELD_KEY, &job->key)
            != NGX_OK
        || (job->key.len > 0
            && !trivet_keeping_is_key(
                trivet_slice_make(job->key.data, job->key.len))))
    {
        return ngx_http_trivet_proxy_refuse_field(job,
            TRIVET_PROXY_FIELD_KEY " is 1 to 255 visible ASCII characters");
    }

    if (job->key.len == 0 || (r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) != 0)
    {
        return NGX_OK;
    }

    if (pcf->kept_folder.len == 0) {
        return ngx_http_trivet_proxy_refuse_field(
            job, "no answers are kept here (trivet_proxy_kept)");
    }

    job->keeping = ngx_pcalloc(r->pool, sizeof(struct trivet_keeping));

    return job->keeping == NULL ? NGX_HTTP_INTERNAL_SERVER_ERROR : NGX_OK;
}


/* The process at the other end of a Unix socket; of TCP the connection, since
 * nothing more is known. */
static uint64_t
ngx_http_trivet_proxy_peer(ngx_connection_t *c)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (c->sockaddr->sa_family == AF_UNIX
        && getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
    {
        return trivet_hash_add(
            TRIVET_HASH_START, trivet_slice_make(&peer.pid, sizeof(peer.pid)));
    }

    return trivet_hash_add(
        TRIVET_HASH_START, trivet_slice_make(&c->number, sizeof(c->number)));
}


static ngx_int_t
ngx_http_trivet_proxy_read_caller(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_str_t name = ngx_null_string;

    job->caller = ngx_http_trivet_proxy_peer(job->request->connection);
    if (!pcf->takes_names) {
        return NGX_OK;
    }

    if (ngx_http_trivet_proxy_read_field(
            job->request, TRIVET_PROXY_FIELD_CALLER, &name)
            != NGX_OK
        || name.len > NGX_HTTP_TRIVET_PROXY_MAX_NAME)
    {
        return ngx_http_trivet_proxy_refuse_field(
            job, TRIVET_PROXY_FIELD_CALLER " is a name of 1 to 64 bytes");
    }

    if (name.len > 0) {
        job->caller = trivet_hash_add(
            TRIVET_HASH_START, trivet_slice_make(name.data, name.len));
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_proxy_read_turn(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_int_t rc;

    rc = ngx_http_trivet_proxy_read_priority(job);
    if (rc == NGX_OK) {
        rc = ngx_http_trivet_proxy_read_max_wait(job, pcf);
    }
    if (rc == NGX_OK) {
        rc = ngx_http_trivet_proxy_read_key(job, pcf);
    }
    if (rc == NGX_OK) {
        rc = ngx_http_trivet_proxy_read_caller(job, pcf);
    }

    return rc;
}
