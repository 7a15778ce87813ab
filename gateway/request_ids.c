/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_ids.c - memory for the ids of requests, shared by all workers
 *
 * A file beside the store, so that two generations of nginx share it, too:
 * while a binary is upgraded (USR2), memory of nginx's own is each generation's
 * alone. Opened by each worker, and only when a profile wants it. What is in
 * it: authority/limits/request_ids.h.
 *
 * Without it, requests with an id are refused (503) until it can be opened.
 */
#include "gateway/request_ids.h"

#include "gateway/conf.h"
#include "gateway/worker.h"
enum {
    NGX_HTTP_TRIVET_IDS_START_MS = 2000 /* several workers begin at once */
};


static void
ngx_http_trivet_open_request_ids(
    ngx_http_trivet_main_conf_t *tmcf, unsigned max_wait_ms, ngx_log_t *log)
{
    const char *path = (const char *) tmcf->request_ids_path.data;
    struct trivet_error err;

    if (trivet_request_ids_open(
            path, max_wait_ms, &tmcf->worker->request_ids, &err)
        != TRIVET_OK)
    {
        ngx_log_error(NGX_LOG_CRIT, log, 0,
            "trivet: requests with an id are refused for now: %s", err.detail);
    }
}


ngx_int_t
ngx_http_trivet_name_request_ids(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    static const ngx_str_t suffix = ngx_string("-request-ids");

    u_char *p;
    size_t len;
    ngx_str_t path = tmcf->store_url;
    u_char *colon = (u_char *) ngx_strchr(path.data, ':');

    /* The scheme was looked at before. */
    if (colon != NULL) {
        path.len -= (size_t) (colon + 1 - path.data);
        path.data = colon + 1;
    }

    len = path.len + suffix.len;
    tmcf->request_ids_path.len = len;
    tmcf->request_ids_path.data = ngx_pnalloc(cf->pool, len + 1);
    if (tmcf->request_ids_path.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(tmcf->request_ids_path.data, path.data, path.len);
    p = ngx_cpymem(p, suffix.data, suffix.len);
    *p = '\0';

    return NGX_OK;
}


void
ngx_http_trivet_take_request_ids(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    /* The ids of several gateways are in their store. */
    if (!tmcf->has_request_ids || tmcf->store_cache != NULL) {
        return;
    }

    tmcf->worker->authority.request_ids = &tmcf->worker->request_ids;
    ngx_http_trivet_open_request_ids(
        tmcf, NGX_HTTP_TRIVET_IDS_START_MS, cycle->log);
}


void
ngx_http_trivet_retry_request_ids(
    ngx_http_trivet_main_conf_t *tmcf, ngx_log_t *log)
{
    if (tmcf->has_request_ids && tmcf->store_cache == NULL
        && tmcf->worker->request_ids.table == NULL)
    {
        ngx_http_trivet_open_request_ids(tmcf, 0, log);
    }
}
