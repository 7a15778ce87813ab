/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - when a worker begins and ends */
#include "gateway/worker.h"

#include "gateway/auditing.h"
#include "gateway/checks.h"
#include "gateway/chores.h"
#include "gateway/chunks.h"
#include "gateway/conf.h"
#include "gateway/connection_slots.h"
#include "gateway/connections.h"
#include "gateway/device_rates.h"
#include "gateway/following.h"
#include "gateway/keys.h"
#include "gateway/pruning.h"
#include "gateway/request_ids.h"
#include "gateway/sandbox.h"
#include "gateway/store_cache.h"
#include "gateway/threads.h"
#include "gateway/turns.h"
ngx_int_t
ngx_http_trivet_init_module(ngx_cycle_t *cycle)
{
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_trivet_module);

    return tmcf == NULL ? NGX_OK : ngx_http_trivet_watch_sockets(cycle, tmcf);
}


/* Opens the store before there are requests; it may be opened later. */
static void
ngx_http_trivet_look_at_store(
    ngx_cycle_t *cycle, struct trivet_authority *authority)
{
    const char *notice;
    struct trivet_error err;

    if (trivet_authority_check_store(authority, &err) != TRIVET_OK) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "trivet: %s", err.detail);
        return;
    }

    notice = trivet_authority_notice(authority);
    if (notice != NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "trivet: %s", notice);
    }
}


ngx_int_t
ngx_http_trivet_init_process(ngx_cycle_t *cycle)
{
    struct trivet_error err;
    ngx_http_trivet_main_conf_t *tmcf;

    /* nginx's cache manager and loader answer no request and have no pool of
     * threads: a chore that is started there finds none. */
    if (ngx_process == NGX_PROCESS_HELPER) {
        return NGX_OK;
    }

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_trivet_module);
    if (tmcf != NULL) {
        ngx_http_trivet_take_sandbox(tmcf);
    }

    if (tmcf == NULL || !tmcf->is_used) {
        return NGX_OK;
    }

    if (ngx_http_trivet_take_connections(cycle, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_trivet_take_request_ids(cycle, tmcf);
    ngx_http_trivet_take_device_rates(tmcf);
    ngx_http_trivet_take_store_cache(tmcf);

    tmcf->worker->digest = trivet_digest_new();
    if (tmcf->worker->digest == NULL
        || ngx_http_trivet_init_threads() != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_open_keys(cycle, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_trivet_init_checks(cycle, tmcf);
    if (ngx_http_trivet_open_lanes(cycle, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    tmcf->worker->group = trivet_authority_make_group(&tmcf->worker->authority);
    if (tmcf->worker->group == NULL) {
        return NGX_ERROR;
    }

    tmcf->worker->authority.group = tmcf->worker->group;

    if (trivet_authority_new(
            &tmcf->worker->authority, &tmcf->worker->authority_here, &err)
        != TRIVET_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "trivet: %s", err.detail);
        return NGX_ERROR;
    }

    ngx_http_trivet_look_at_store(cycle, tmcf->worker->authority_here);

    if (ngx_http_trivet_start_following(cycle, tmcf) != NGX_OK
        || ngx_http_trivet_start_chores(cycle, tmcf) != NGX_OK
        || ngx_http_trivet_start_checkpoints(cycle, tmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_trivet_start_pruning(cycle, tmcf);
}


void
ngx_http_trivet_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t are_ended;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_trivet_module);

    if (ngx_process == NGX_PROCESS_HELPER) {
        return;
    }

    if (tmcf != NULL && tmcf->is_used) {
        ngx_http_trivet_leave_connections();
        ngx_http_trivet_close_lanes(tmcf);
        ngx_http_trivet_free_chunks(tmcf);
        are_ended = ngx_http_trivet_end_following(tmcf);
        are_ended &= ngx_http_trivet_end_threads();
        trivet_authority_free(tmcf->worker->authority_here);
        ngx_http_trivet_end_chores(tmcf);

        if (are_ended) { /* otherwise one may still be in it */
            trivet_group_free(tmcf->worker->group);
            trivet_request_ids_close(&tmcf->worker->request_ids);
        }
    }
}
