/* SPDX-License-Identifier: Apache-2.0 */
/* monitoring.c - the locations trivet_metrics and trivet_probe */
#include "gateway/monitoring.h"

#include "gateway/conf.h"
#include "gateway/connection_slots.h"
#include "gateway/fill.h"
#include "gateway/metrics.h"
#include "gateway/metrics_text.h"
#include "gateway/request.h"
#include "gateway/store_cache.h"
#include "gateway/task.h"
#include "gateway/threads.h"
#include "gateway/worker.h"

#include "base/timestamp.h"


/* How long a count of sessions is good for: scrapes cost no more than that. */
enum { NGX_HTTP_TRIVET_COUNT_MS = 5000 };


static ngx_int_t
ngx_http_trivet_send_text(
    ngx_http_request_t *r, ngx_uint_t status, u_char *text, size_t len)
{
    ngx_str_t type = ngx_string("text/plain; version=0.0.4; charset=utf-8");
    ngx_http_complex_value_t value;

    ngx_memzero(&value, sizeof(value));
    value.value.data = text;
    value.value.len = len;

    return ngx_http_send_response(r, status, &type, &value);
}


static ngx_int_t
ngx_http_trivet_send_metrics(
    ngx_http_request_t *r, ngx_http_trivet_work_t *work)
{
    size_t size, max;
    u_char *text, *end;
    ngx_http_trivet_metrics_t *copy;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    size = ngx_http_trivet_metrics_size();
    copy = ngx_palloc(r->pool, size);
    if (copy == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_memcpy(copy, tmcf->metrics->data, size);

    max = ngx_http_trivet_max_text(copy);
    text = ngx_pnalloc(r->pool, max);
    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    work->behind_s = trivet_seen_behind_us(&tmcf->worker->seen,
                         ngx_http_trivet_store_now_us(tmcf))
                     / TRIVET_US_PER_S;
    if (tmcf->checkpoint_every_s == 0) {
        work->checkpoint_age_s = -1;
    }
    end = ngx_http_trivet_tell_all(text, text + max, copy, work);
    if (tmcf->connections != NULL) {
        end = ngx_http_trivet_tell_counter(end, text + max,
            "trivet_connections_refused_total", "counter",
            "Connections of addresses that had too many.",
            ngx_http_trivet_num_refused(tmcf));
    }
    end = ngx_http_trivet_tell_store_cache(tmcf, end, text + max);
    if (end == text + max) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
            "trivet: the metrics are longer than their buffer");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_trivet_send_text(
        r, NGX_HTTP_OK, text, (size_t) (end - text));
}


/* On a pool thread. */
static void
ngx_http_trivet_count_sessions(struct trivet_authority *authority, void *data)
{
    ngx_http_trivet_work_t *work = data;
    int64_t age_us = 0;

    work->status = authority == NULL ? TRIVET_E_MEMORY
                                     : trivet_authority_count_sessions(
                                         authority, &work->sessions, NULL);

    if (work->status == TRIVET_OK) {
        work->status =
            trivet_authority_checkpoint_age(authority, &age_us, NULL);
        work->checkpoint_age_s = ngx_max(age_us, 0) / TRIVET_US_PER_S;
    }
}


/* As above: another worker may have told the store a later time. */
static void
ngx_http_trivet_read_time(struct trivet_authority *authority, void *data)
{
    (void) data;

    if (authority != NULL) {
        trivet_authority_note_time(authority, TRIVET_SEEN_LATELY_US);
    }
}


/* As above. */
static void
ngx_http_trivet_check_store(struct trivet_authority *authority, void *data)
{
    ngx_http_trivet_work_t *work = data;

    work->status = authority == NULL
                       ? TRIVET_E_MEMORY
                       : trivet_authority_check_store(authority, NULL);
}


static void
ngx_http_trivet_metrics_counted(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_work_t *work;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_trivet_get_ctx(r);
    metrics = tmcf->metrics->data;
    work = ctx->work;

    if (work->status == TRIVET_OK) {
        metrics->sessions = (ngx_atomic_uint_t) work->sessions;
        metrics->checkpoint_age_s = (ngx_atomic_uint_t) work->checkpoint_age_s;
        metrics->counted_ms = ngx_current_msec;
    }

    ngx_http_finalize_request(r, ngx_http_trivet_send_metrics(r, work));
}


/* The sessions are as they were counted a moment ago. */
static void
ngx_http_trivet_time_read(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_work_t *work;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_trivet_get_ctx(r);
    metrics = tmcf->metrics->data;
    work = ctx->work;

    work->status = TRIVET_OK;
    work->sessions = (int64_t) metrics->sessions;
    work->checkpoint_age_s = (int64_t) metrics->checkpoint_age_s;

    ngx_http_finalize_request(r, ngx_http_trivet_send_metrics(r, work));
}


static ngx_int_t
ngx_http_trivet_send_state(ngx_http_request_t *r, ngx_uint_t is_well)
{
    ngx_str_t well = ngx_string("ok\n");
    ngx_str_t unwell = ngx_string("the store cannot be read\n");

    return is_well
               ? ngx_http_trivet_send_text(r, NGX_HTTP_OK, well.data, well.len)
               : ngx_http_trivet_send_text(
                   r, NGX_HTTP_SERVICE_UNAVAILABLE, unwell.data, unwell.len);
}


static void
ngx_http_trivet_store_checked(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_work_t *work;

    ctx = ngx_http_trivet_get_ctx(r);
    work = ctx->work;

    ngx_http_finalize_request(
        r, ngx_http_trivet_send_state(r, work->status == TRIVET_OK));
}


static ngx_int_t
ngx_http_trivet_ask_store(ngx_http_request_t *r, ngx_http_trivet_work_pt ask,
    ngx_http_event_handler_pt answer)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->work = ngx_pcalloc(r->pool, sizeof(ngx_http_trivet_work_t));
    if (ctx->work == NULL
        || ngx_http_trivet_post_work(r, ask, ctx->work, answer) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_trivet_begin_location(ngx_http_request_t *r)
{
    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    return ngx_http_discard_request_body(r);
}


ngx_int_t
ngx_http_trivet_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_main_conf_t *tmcf;

    rc = ngx_http_trivet_begin_location(r);
    if (rc != NGX_OK) {
        return rc;
    }

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    metrics = tmcf->metrics->data;

    if (metrics->counted_ms != 0
        && ngx_current_msec - metrics->counted_ms < NGX_HTTP_TRIVET_COUNT_MS)
    {
        return ngx_http_trivet_ask_store(
            r, ngx_http_trivet_read_time, ngx_http_trivet_time_read);
    }

    return ngx_http_trivet_ask_store(
        r, ngx_http_trivet_count_sessions, ngx_http_trivet_metrics_counted);
}


static ngx_int_t
ngx_http_trivet_probe_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_loc_conf_t *tlcf;

    rc = ngx_http_trivet_begin_location(r);
    if (rc != NGX_OK) {
        return rc;
    }

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    if (!tlcf->probes_store) {
        return ngx_http_trivet_send_state(r, 1);
    }

    return ngx_http_trivet_ask_store(
        r, ngx_http_trivet_check_store, ngx_http_trivet_store_checked);
}


static ngx_http_trivet_main_conf_t *
ngx_http_trivet_set_handler(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_main_conf_t *tmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);
    tmcf->is_used = 1;

    return tmcf;
}


char *
ngx_http_trivet_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf;

    (void) cmd;
    (void) conf;

    tmcf = ngx_http_trivet_set_handler(cf, ngx_http_trivet_metrics_handler);

    return ngx_http_trivet_add_zone(cf, tmcf) == NGX_OK ? NGX_CONF_OK
                                                        : NGX_CONF_ERROR;
}


char *
ngx_http_trivet_probe(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_loc_conf_t *tlcf = conf;

    ngx_str_t *value;

    (void) cmd;

    value = cf->args->elts;
    tlcf->probes_store = ngx_strcmp(value[1].data, "ready") == 0;

    if (!tlcf->probes_store && ngx_strcmp(value[1].data, "live") != 0) {
        return "is neither \"live\" nor \"ready\"";
    }

    (void) ngx_http_trivet_set_handler(cf, ngx_http_trivet_probe_handler);

    return NGX_CONF_OK;
}
