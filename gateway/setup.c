/* SPDX-License-Identifier: Apache-2.0 */
/* setup.c - checks the whole configuration; enters nginx's phases and filters
 */
#include "gateway/setup.h"

#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/connections.h"
#include "gateway/device_rates.h"
#include "gateway/incidents.h"
#include "gateway/journal.h"
#include "gateway/keys.h"
#include "gateway/memos.h"
#include "gateway/metrics.h"
#include "gateway/neighbour.h"
#include "gateway/phases.h"
#include "gateway/repeating.h"
#include "gateway/request_ids.h"
#include "gateway/sandbox.h"
#include "gateway/signing.h"
#include "gateway/spool.h"
#include "gateway/store_cache.h"
#include "gateway/variables.h"
#include "gateway/worker.h"
ngx_int_t
ngx_http_trivet_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_trivet_add_variables(cf);
}


static void
ngx_http_trivet_init_authority(ngx_http_trivet_main_conf_t *tmcf)
{
    tmcf->worker->explaining.ticks_ns = ngx_http_trivet_ticks_ns;
    tmcf->worker->authority = (struct trivet_authority_config){
        .psp_roots = tmcf->psp_roots,
        .store_url = (const char *) tmcf->store_url.data,
        .chain = (const char *) tmcf->chain.data,
        .server_keys = tmcf->server_keys,
        .num_server_keys = tmcf->key_paths.nelts,
        .announced = &tmcf->announced,
        .is_sandbox = tmcf->sandbox,
        .session_timeout_s = tmcf->session_timeout,
        .key_lifetime_s = tmcf->key_lifetime,
        .now_us = ngx_http_trivet_now_us,
        .true_us = ngx_http_trivet_true_us,
        .offset_us = ngx_http_trivet_clock_offset_us,
        .last_session_to_end = ngx_http_trivet_last_session_to_end,
        .has_lost_installation = ngx_http_trivet_has_lost_installation,
        .has_lost_api_key = ngx_http_trivet_has_lost_api_key,
        .ticks_ns = tmcf->metrics == NULL ? NULL : ngx_http_trivet_ticks_ns,
        .seen = &tmcf->worker->seen,
        .refusals = &tmcf->worker->refusals,
        .explaining = &tmcf->worker->explaining,
        .memos = &tmcf->memos,
        .max_age_ms = (int64_t) tmcf->staleness_ms,
        .known_keys = &tmcf->worker->known_keys,
        .follows_store_clock =
            tmcf->store_cache != NULL && tmcf->deterministic_path.len == 0,
        .counts_openings = tmcf->store_cache != NULL && tmcf->counts_openings,
    };

    if (tmcf->incident_key.len > 0) {
        tmcf->worker->authority.is_server_key_rotated =
            ngx_http_trivet_is_server_key_rotated;
    }
}


static ngx_int_t
ngx_http_trivet_add_handler(
    ngx_conf_t *cf, ngx_uint_t phase, ngx_http_handler_pt handler)
{
    ngx_http_handler_pt *added;
    ngx_http_core_main_conf_t *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    added = ngx_array_push(&cmcf->phases[phase].handlers);
    if (added == NULL) {
        return NGX_ERROR;
    }

    *added = handler;

    return NGX_OK;
}


/* Of a phase's handlers the last one is the first to be called: ours come
 * before all that nginx brings, and an incident before them. */
static ngx_int_t
ngx_http_trivet_add_handlers(ngx_conf_t *cf)
{
    static const struct {
        ngx_uint_t phase;
        ngx_http_handler_pt handler;
    } handlers[] = {
        {NGX_HTTP_REWRITE_PHASE, ngx_http_trivet_rewrite_handler},
        {NGX_HTTP_ACCESS_PHASE, ngx_http_trivet_access_handler},
        {NGX_HTTP_PRECONTENT_PHASE, ngx_http_trivet_precontent_handler},
        {NGX_HTTP_LOG_PHASE, ngx_http_trivet_log_handler},
        {NGX_HTTP_LOG_PHASE, ngx_http_trivet_journal_handler},
    };

    ngx_uint_t i;

    for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (ngx_http_trivet_add_handler(
                cf, handlers[i].phase, handlers[i].handler)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The module is loaded, but no location uses it: then it needs nothing. */
ngx_int_t
ngx_http_trivet_postconfiguration(ngx_conf_t *cf)
{
    struct trivet_error err;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);

    if (tmcf->is_used && ngx_http_trivet_add_handlers(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_init_incidents(cf, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!tmcf->is_used) {
        return NGX_OK;
    }

    if (ngx_http_trivet_check_servers(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (tmcf->store_url.len == 0 || tmcf->key_paths.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"trivet_store\" and \"trivet_server_key\" must be set");
        return NGX_ERROR;
    }

    if (ngx_http_trivet_load_keys(cf, tmcf) != NGX_OK
        || ngx_http_trivet_add_memos(cf, tmcf) != NGX_OK
        || ngx_http_trivet_add_connections(cf, tmcf) != NGX_OK
        || ngx_http_trivet_add_device_rates(cf, tmcf) != NGX_OK
        || ngx_http_trivet_add_journal(cf, tmcf) != NGX_OK
        || ngx_http_trivet_add_store_cache(cf, tmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    tmcf->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (tmcf->thread_pool == NULL) {
        return NGX_ERROR;
    }

    if (tmcf->psp_ca.len > 0 && ngx_http_trivet_load_roots(cf, tmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_trivet_init_authority(tmcf);

    if (trivet_seen_init(&tmcf->worker->seen) != TRIVET_OK) {
        return NGX_ERROR;
    }

    if (trivet_authority_check(&tmcf->worker->authority, &err) != TRIVET_OK) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "trivet_store: %s", err.detail);
        return NGX_ERROR;
    }

    if (ngx_http_trivet_name_request_ids(cf, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_trivet_init_filters();
    ngx_http_trivet_init_spool();

    return ngx_http_trivet_watch_peers(cf, tmcf);
}
