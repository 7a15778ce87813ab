/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_cache.c - of a store that several gateways use: the sessions that the
 * workers remember, and what they know of the list of changes
 *
 * The memory outlives a reload; what is in it is told apart by the store's URL
 * (authority/limits/session_cache.h). The list is read by following.c.
 */
#include "gateway/store_cache.h"

#include "gateway/clock.h"
#include "gateway/following.h"
#include "gateway/metrics_text.h"
#include "gateway/worker.h"
#include "gateway/zone.h"

#include "base/ticks.h"


enum {
    NGX_HTTP_TRIVET_MIN_CACHE = 65536,
    NGX_HTTP_TRIVET_MIN_REFRESH_MS = 10,
    NGX_HTTP_TRIVET_MAX_STALENESS_MS = 60000,
    NGX_HTTP_TRIVET_TELL_MS = 600000 /* between two lines in the log */
};


/* ---- the memory -------------------------------------------------------- */

/* Without sessions, the clock and the list's age are still known. */
static size_t
ngx_http_trivet_store_cache_size(const ngx_http_trivet_main_conf_t *tmcf)
{
    return ngx_max(tmcf->cache_size, trivet_session_cache_min_size());
}


static ngx_int_t
ngx_http_trivet_init_store_cache(ngx_shm_zone_t *zone, void *old)
{
    size_t size = ngx_http_trivet_store_cache_size(zone->data);

    if (ngx_http_trivet_zone_is_kept(zone, old)) {
        return NGX_OK;
    }

    return ngx_http_trivet_zone_make(zone, size) == NGX_OK
                   && trivet_session_cache_init(zone->data, size) != NULL
               ? NGX_OK
               : NGX_ERROR;
}


static ngx_int_t
ngx_http_trivet_check_store_cache(
    ngx_conf_t *cf, const ngx_http_trivet_main_conf_t *tmcf)
{
    if (tmcf->cache_size != 0 && tmcf->cache_size < NGX_HTTP_TRIVET_MIN_CACHE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"trivet_store_cache\" must be 0 or at least 64k");
        return NGX_ERROR;
    }

    if (tmcf->refresh_ms < NGX_HTTP_TRIVET_MIN_REFRESH_MS
        || tmcf->staleness_ms <= tmcf->refresh_ms
        || tmcf->staleness_ms > NGX_HTTP_TRIVET_MAX_STALENESS_MS)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"trivet_store_refresh\" must be at least 10ms, and "
            "\"trivet_store_staleness\" longer than it and at most 60s");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_add_store_cache(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    if (ngx_http_trivet_check_store_cache(cf, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!trivet_authority_is_shared((const char *) tmcf->store_url.data)) {
        return NGX_OK;
    }

    tmcf->store_cache = ngx_http_trivet_zone_add(cf, "trivet_store_cache",
        ngx_http_trivet_store_cache_size(tmcf),
        ngx_http_trivet_init_store_cache);
    if (tmcf->store_cache == NULL) {
        return NGX_ERROR;
    }

    tmcf->store_cache->data = tmcf;

    return NGX_OK;
}


void
ngx_http_trivet_take_store_cache(ngx_http_trivet_main_conf_t *tmcf)
{
    if (tmcf->store_cache != NULL) {
        tmcf->worker->authority.session_cache = tmcf->store_cache->data;
    }
}


/* ---- what is known of the list ----------------------------------------- */

static ngx_uint_t
ngx_http_trivet_last_reading(const ngx_http_trivet_main_conf_t *tmcf,
    struct trivet_list_reading *reading)
{
    return tmcf->store_cache != NULL
           && trivet_session_cache_reading(tmcf->store_cache->data,
               trivet_session_cache_tag((const char *) tmcf->store_url.data),
               reading);
}


int64_t
ngx_http_trivet_store_now_us(const ngx_http_trivet_main_conf_t *tmcf)
{
    int64_t now_us = ngx_http_trivet_now_us();
    struct trivet_list_reading reading;

    if (tmcf->worker->authority.follows_store_clock
        && ngx_http_trivet_last_reading(tmcf, &reading))
    {
        now_us += reading.distance_us;
    }

    return now_us;
}


/* ---- the log ----------------------------------------------------------- */

/* TRIVET_OK, or what is wrong. */
static enum trivet_status
ngx_http_trivet_judge_store_cache(
    ngx_http_trivet_main_conf_t *tmcf, struct trivet_error *err)
{
    struct trivet_list_reading reading;

    if (!ngx_http_trivet_last_reading(tmcf, &reading)
        || trivet_ticks_ms() - reading.begun_ms >= (int64_t) tmcf->staleness_ms)
    {
        ngx_http_trivet_following_error(tmcf->worker->following, err);
        return TRIVET_E_UNAVAILABLE;
    }

    return tmcf->worker->authority.follows_store_clock
               ? trivet_authority_check_distance(
                   reading.distance_us, reading.doubt_us, err)
               : TRIVET_OK;
}


void
ngx_http_trivet_log_store_cache(
    ngx_http_trivet_main_conf_t *tmcf, ngx_log_t *log)
{
    ngx_uint_t is_well;
    struct trivet_error err = {.detail = "no answer yet"};
    ngx_http_trivet_worker_t *worker = tmcf->worker;

    if (worker->following == NULL) {
        return;
    }

    is_well = ngx_http_trivet_judge_store_cache(tmcf, &err) == TRIVET_OK;

    if (is_well && worker->is_list_told) {
        worker->is_list_told = 0;
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
            "trivet: the store's list of changes is read again");
    }

    if (is_well
        || (worker->is_list_told
            && ngx_current_msec - worker->list_told < NGX_HTTP_TRIVET_TELL_MS))
    {
        return;
    }

    worker->is_list_told = 1;
    worker->list_told = ngx_current_msec;
    ngx_log_error(NGX_LOG_ERR, log, 0,
        "trivet: no session is admitted from memory: %s", err.detail);
}


/* ---- the metrics ------------------------------------------------------- */

/* A gauge of seconds, from thousandths. */
static u_char *
ngx_http_trivet_tell_ms(
    u_char *p, u_char *end, const char *name, const char *help, int64_t ms)
{
    uint64_t size = ms < 0 ? (uint64_t) -ms : (uint64_t) ms;
    const char *sign = ms < 0 ? "-" : "";

    return ngx_slprintf(p, end,
        "# HELP %s %s\n# TYPE %s gauge\n%s %s%uL.%03uL\n", name, help, name,
        name, sign, size / 1000, size % 1000);
}


u_char *
ngx_http_trivet_tell_store_cache(
    ngx_http_trivet_main_conf_t *tmcf, u_char *p, u_char *end)
{
    struct trivet_list_reading reading;
    struct trivet_session_cache_counts counts;

    if (tmcf->store_cache == NULL) {
        return p;
    }

    counts = trivet_session_cache_count(tmcf->store_cache->data);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_store_cache_hits_total",
        "counter", "Sessions that were in memory.", (int64_t) counts.num_hits);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_store_cache_misses_total",
        "counter", "Sessions that the database was asked for.",
        (int64_t) counts.num_misses);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_store_cache_drops_total",
        "counter", "Changes after which sessions in memory were dropped.",
        (int64_t) counts.num_drops);
    p = ngx_http_trivet_tell_ms(p, end, "trivet_store_list_max_age_seconds",
        "The greatest age of the list of changes since the start.",
        counts.max_age_ms);

    if (!ngx_http_trivet_last_reading(tmcf, &reading)) {
        return p;
    }

    p = ngx_http_trivet_tell_ms(p, end, "trivet_store_list_age_seconds",
        "How long ago the list of changes was read.",
        trivet_ticks_ms() - reading.begun_ms);

    return ngx_http_trivet_tell_ms(p, end,
        "trivet_store_clock_distance_seconds",
        "How far the database's clock is ahead of this machine's.",
        reading.distance_us / 1000);
}
