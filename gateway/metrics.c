/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.c - counters that all workers share, told in Prometheus' text form;
 * probes
 *
 * Each request is counted once, in the log phase, by atomic adds to shared
 * memory: nobody waits for anybody. The zone is there only when a location has
 * trivet_metrics, and lives on over a reload.
 */
#include "gateway/metrics.h"

#include "gateway/conf.h"
#include "gateway/zone.h"
#include "gateway/request.h"


const struct ngx_http_trivet_bound_s
    ngx_http_trivet_bounds[NGX_HTTP_TRIVET_NUM_BOUNDS] = {
        {25, "0.000025"},
        {50, "0.00005"},
        {100, "0.0001"},
        {250, "0.00025"},
        {500, "0.0005"},
        {1000, "0.001"},
        {2500, "0.0025"},
        {5000, "0.005"},
        {10000, "0.01"},
        {50000, "0.05"},
        {250000, "0.25"},
};

/* nginx's time, of milliseconds. */
const struct ngx_http_trivet_bound_s
    ngx_http_trivet_time_bounds[NGX_HTTP_TRIVET_NUM_BOUNDS] = {
        {1000, "0.001"},
        {5000, "0.005"},
        {10000, "0.01"},
        {25000, "0.025"},
        {50000, "0.05"},
        {100000, "0.1"},
        {250000, "0.25"},
        {500000, "0.5"},
        {1000000, "1"},
        {5000000, "5"},
        {30000000, "30"},
};


/* Several reasons have one id, which is what is told: the first of them. */
static ngx_uint_t ngx_http_trivet_same_id[TRIVET_NUM_REASONS];


/* ---- the zone ---------------------------------------------------------- */

/* The rows: the calls of the table, those of the API behind, what was neither
 * (no such path, a wrong method). */
ngx_uint_t
ngx_http_trivet_num_rows(void)
{
    return trivet_call_num() + 2;
}


size_t
ngx_http_trivet_metrics_size(void)
{
    return sizeof(ngx_http_trivet_metrics_t)
           + ngx_http_trivet_num_rows() * TRIVET_NUM_REASONS
                 * sizeof(ngx_atomic_t);
}


static ngx_int_t
ngx_http_trivet_init_zone(ngx_shm_zone_t *zone, void *old)
{
    if (ngx_http_trivet_zone_is_kept(zone, old)) {
        return NGX_OK;
    }

    return ngx_http_trivet_zone_make(zone, ngx_http_trivet_metrics_size());
}


static void
ngx_http_trivet_find_same_ids(void)
{
    ngx_uint_t i, j;

    for (i = 0; i < TRIVET_NUM_REASONS; i++) {
        for (j = 0; j < i; j++) {
            if (ngx_strcmp(trivet_reason_row(i)->id, trivet_reason_row(j)->id)
                == 0) {
                break;
            }
        }

        ngx_http_trivet_same_id[i] = j;
    }
}


/* Of the location's directives: counters are kept from now on. */
ngx_int_t
ngx_http_trivet_add_zone(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    if (tmcf->metrics != NULL) {
        return NGX_OK;
    }

    ngx_http_trivet_find_same_ids();

    tmcf->metrics = ngx_http_trivet_zone_add(cf, "trivet_metrics",
        ngx_http_trivet_metrics_size(), ngx_http_trivet_init_zone);

    return tmcf->metrics == NULL ? NGX_ERROR : NGX_OK;
}


/* ---- counting ---------------------------------------------------------- */

static void
ngx_http_trivet_observe_by(ngx_http_trivet_histogram_t *histogram,
    const struct ngx_http_trivet_bound_s *bounds, int64_t ns)
{
    ngx_uint_t i;

    ns = ngx_max(ns, 0);

    for (i = 0; i < NGX_HTTP_TRIVET_NUM_BOUNDS; i++) {
        if (ns <= bounds[i].us * 1000) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&histogram->buckets[i], 1);
    (void) ngx_atomic_fetch_add(&histogram->sum_ns, (ngx_atomic_int_t) ns);
}


static ngx_uint_t
ngx_http_trivet_row_of(ngx_http_trivet_ctx_t *ctx)
{
    if (ctx->request.call != NULL) {
        return trivet_call_index(ctx->request.call);
    }

    return trivet_call_num() + (ctx->state == NGX_HTTP_TRIVET_NEW ? 1 : 0);
}


void
ngx_http_trivet_observe(ngx_http_trivet_histogram_t *histogram, int64_t ns)
{
    ngx_http_trivet_observe_by(histogram, ngx_http_trivet_bounds, ns);
}


static void
ngx_http_trivet_observe_ms(
    ngx_http_trivet_histogram_t *histogram, ngx_msec_int_t ms)
{
    ngx_http_trivet_observe_by(
        histogram, ngx_http_trivet_time_bounds, (int64_t) ms * 1000000);
}


static void
ngx_http_trivet_count_time(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_metrics_t *metrics)
{
    ngx_http_trivet_outcome_e outcome = NGX_HTTP_TRIVET_PROXIED;

    if (ctx->reason != TRIVET_REASON_NONE) {
        outcome = NGX_HTTP_TRIVET_REFUSED;
    } else if (ctx->request.call != NULL) {
        outcome = NGX_HTTP_TRIVET_ANSWERED;
    }

    ngx_http_trivet_observe_ms(&metrics->requests_by[outcome],
        (ngx_msec_int_t) ngx_http_trivet_took_ms(r));
}


/* Each server that was asked, as $upstream_response_time; nginx gives one that
 * did not answer a status of 502 or 504. */
static void
ngx_http_trivet_count_upstream(
    ngx_http_request_t *r, ngx_http_trivet_metrics_t *metrics)
{
    ngx_uint_t i, class;
    ngx_http_upstream_state_t *states;

    if (r->upstream_states == NULL) {
        return;
    }

    states = r->upstream_states->elts;

    for (i = 0; i < r->upstream_states->nelts; i++) {
        if (states[i].peer == NULL
            || states[i].response_time == (ngx_msec_t) -1) {
            continue;
        }

        class = states[i].status / 100;
        if (class >= NGX_HTTP_TRIVET_NUM_CLASSES) {
            class = 0;
        }

        ngx_http_trivet_observe_ms(&metrics->upstream_by[class],
            (ngx_msec_int_t) states[i].response_time);
    }
}


ngx_int_t
ngx_http_trivet_log_handler(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_loc_conf_t *tlcf;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_trivet_get_ctx(r);

    if (tmcf->metrics == NULL || ctx == NULL
        || (ctx->decided_by == NULL && !tlcf->calls && !tlcf->protect))
    {
        return NGX_OK;
    }

    if (ctx->state != NGX_HTTP_TRIVET_DECIDED
        && ctx->reason == TRIVET_REASON_NONE) {
        return NGX_OK; /* the caller went away before it was decided */
    }

    metrics = tmcf->metrics->data;

    ngx_http_trivet_count_time(r, ctx, metrics);
    ngx_http_trivet_count_upstream(r, metrics);

    (void) ngx_atomic_fetch_add(
        &metrics->requests[ngx_http_trivet_row_of(ctx) * TRIVET_NUM_REASONS
                           + ngx_http_trivet_same_id[ctx->reason]],
        1);

    if (ctx->answer.verdict.reason == TRIVET_REASON_STORE_UNAVAILABLE) {
        (void) ngx_atomic_fetch_add(&metrics->store_errors, 1);
    }

    if (ctx->answer.measures.has_verified) {
        ngx_http_trivet_observe(
            &metrics->verifying, ctx->answer.measures.verifying_ns);
        (void) ngx_atomic_fetch_add(
            &metrics->verified_by[ctx->answer.measures.verify_lanes], 1);
    }

    if (ctx->answer.measures.is_verify_cache_hit) {
        (void) ngx_atomic_fetch_add(&metrics->known_right, 1);
    }

    if (ctx->answer.measures.is_sign_cache_hit) {
        (void) ngx_atomic_fetch_add(&metrics->known_signatures, 1);
    }

    if (ctx->answer.measures.had_to_parse_key) {
        (void) ngx_atomic_fetch_add(&metrics->cache_misses, 1);
    }

    if (ctx->answer.measures.has_signed) {
        ngx_http_trivet_observe(
            &metrics->signing, ctx->answer.measures.signing_ns);
        (void) ngx_atomic_fetch_add(
            &metrics->signed_by[ctx->answer.measures.sign_lanes], 1);
    }

    if (ctx->answer.measures.has_queued) {
        ngx_http_trivet_observe(
            &metrics->queueing, ctx->answer.measures.queued_ns);
    }

    return NGX_OK;
}
