/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_text.c - the counters in Prometheus' text form */
#include "gateway/metrics_text.h"

#include "gateway/metrics.h"


static u_char *
ngx_http_trivet_tell_requests(
    u_char *p, u_char *end, const ngx_atomic_uint_t *requests)
{
    const char *method, *between, *path;
    ngx_uint_t row, reason;
    ngx_atomic_uint_t num;

    p = ngx_slprintf(p, end,
        "# HELP trivet_requests_total Requests, by call and why they were "
        "refused.\n"
        "# TYPE trivet_requests_total counter\n");

    for (row = 0; row < ngx_http_trivet_num_rows(); row++) {
        method = "";
        between = "";
        path = row == trivet_call_num() ? "proxied" : "other";

        if (row < trivet_call_num()) {
            trivet_call_name(row, &method, &path);
            between = " ";
        }

        for (reason = 0; reason < TRIVET_NUM_REASONS; reason++) {
            num = requests[row * TRIVET_NUM_REASONS + reason];

            if (num == 0) {
                continue;
            }

            p = ngx_slprintf(p, end,
                "trivet_requests_total{call=\"%s%s%s\",reason=\"%s\"} %uA\n",
                method, between, path, trivet_reason_row(reason)->id, num);
        }
    }

    return p;
}


/* A series of a histogram. label: as name="value", or empty. */
static u_char *
ngx_http_trivet_tell_series(u_char *p, u_char *end, const char *name,
    const char *label, const struct ngx_http_trivet_bound_s *bounds,
    const ngx_http_trivet_histogram_t *histogram)
{
    const char *comma = label[0] == '\0' ? "" : ",";
    const char *open = label[0] == '\0' ? "" : "{";
    const char *close = label[0] == '\0' ? "" : "}";
    ngx_uint_t i;
    ngx_atomic_uint_t num = 0, sum_ns = histogram->sum_ns;

    for (i = 0; i < NGX_HTTP_TRIVET_NUM_BOUNDS; i++) {
        num += histogram->buckets[i];
        p = ngx_slprintf(p, end, "%s_bucket{%s%sle=\"%s\"} %uA\n", name, label,
            comma, bounds[i].seconds, num);
    }

    num += histogram->buckets[i];

    return ngx_slprintf(p, end,
        "%s_bucket{%s%sle=\"+Inf\"} %uA\n%s_sum%s%s%s %uA.%09uA\n"
        "%s_count%s%s%s %uA\n",
        name, label, comma, num, name, open, label, close, sum_ns / 1000000000,
        sum_ns % 1000000000, name, open, label, close, num);
}


static u_char *
ngx_http_trivet_tell_head(
    u_char *p, u_char *end, const char *name, const char *help)
{
    return ngx_slprintf(
        p, end, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
}


/* Of what takes less than a second. */
static u_char *
ngx_http_trivet_tell_histogram(u_char *p, u_char *end, const char *name,
    const char *help, const ngx_http_trivet_histogram_t *histogram)
{
    p = ngx_http_trivet_tell_head(p, end, name, help);

    return ngx_http_trivet_tell_series(
        p, end, name, "", ngx_http_trivet_bounds, histogram);
}


static u_char *
ngx_http_trivet_tell_times(
    u_char *p, u_char *end, const ngx_http_trivet_metrics_t *metrics)
{
    static const char *const outcomes[NGX_HTTP_TRIVET_NUM_OUTCOMES] = {
        "outcome=\"refused\"", "outcome=\"answered\"", "outcome=\"proxied\""};
    static const char *const classes[NGX_HTTP_TRIVET_NUM_CLASSES] = {
        "status=\"none\"", "status=\"1xx\"", "status=\"2xx\"", "status=\"3xx\"",
        "status=\"4xx\"", "status=\"5xx\""};
    static const char requests[] = "trivet_request_seconds";
    static const char upstream[] = "trivet_upstream_seconds";

    ngx_uint_t i;

    p = ngx_http_trivet_tell_head(p, end, requests,
        "Requests, from their first byte until they were answered.");
    for (i = 0; i < NGX_HTTP_TRIVET_NUM_OUTCOMES; i++) {
        p = ngx_http_trivet_tell_series(p, end, requests, outcomes[i],
            ngx_http_trivet_time_bounds, &metrics->requests_by[i]);
    }

    p = ngx_http_trivet_tell_head(p, end, upstream,
        "Servers of the API that were asked, until they had answered.");
    for (i = 0; i < NGX_HTTP_TRIVET_NUM_CLASSES; i++) {
        p = ngx_http_trivet_tell_series(p, end, upstream, classes[i],
            ngx_http_trivet_time_bounds, &metrics->upstream_by[i]);
    }

    return p;
}


u_char *
ngx_http_trivet_tell_counter(u_char *p, u_char *end, const char *name,
    const char *kind, const char *help, int64_t num)
{
    return ngx_slprintf(p, end, "# HELP %s %s\n# TYPE %s %s\n%s %L\n", name,
        help, name, kind, name, num);
}


/* By way, and how many were done at once. */
static u_char *
ngx_http_trivet_tell_ways(u_char *p, u_char *end, const char *name,
    const char *help, const ngx_atomic_t *ways)
{
    ngx_uint_t i;

    p = ngx_slprintf(p, end,
        "# HELP %s %s\n# TYPE %s counter\n"
        "%s{way=\"openssl\",lanes=\"1\"} %uA\n",
        name, help, name, name, ways[0]);

    for (i = 1; i <= TRIVET_NUM_LANES; i++) {
        if (ways[i] != 0) {
            p = ngx_slprintf(p, end,
                "%s{way=\"crypto_mb\",lanes=\"%ui\"} %uA\n", name, i, ways[i]);
        }
    }

    return p;
}


/* metrics is a copy that stands still. */
u_char *
ngx_http_trivet_tell_all(u_char *p, u_char *end,
    const ngx_http_trivet_metrics_t *metrics, ngx_http_trivet_work_t *work)
{
    ngx_uint_t i;
    ngx_atomic_uint_t num = 0;

    p = ngx_http_trivet_tell_requests(
        p, end, (const ngx_atomic_uint_t *) metrics->requests);
    p = ngx_http_trivet_tell_times(p, end, metrics);
    p = ngx_http_trivet_tell_histogram(p, end, "trivet_verifying_seconds",
        "Verifying a request's signature.", &metrics->verifying);
    p = ngx_http_trivet_tell_histogram(p, end, "trivet_signing_seconds",
        "Signing an answer.", &metrics->signing);
    p = ngx_http_trivet_tell_histogram(p, end, "trivet_signing_queue_seconds",
        "Waiting until an answer is signed.", &metrics->queueing);
    p = ngx_http_trivet_tell_histogram(p, end, "trivet_pool_wait_seconds",
        "Waiting until a thread of the pool has time for a request.",
        &metrics->waiting);
    p = ngx_http_trivet_tell_ways(p, end, "trivet_signatures_total",
        "Answers signed, by way and how many at once.", metrics->signed_by);
    p = ngx_http_trivet_tell_ways(p, end, "trivet_verifications_total",
        "Requests verified, by way and how many at once.",
        metrics->verified_by);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_wrong_lanes_total",
        "counter", "Signatures of crypto_mb that were wrong, and made again.",
        (int64_t) metrics->wrong_lanes);

    for (i = 0; i <= NGX_HTTP_TRIVET_NUM_BOUNDS; i++) {
        num += metrics->verifying.buckets[i];
    }

    p = ngx_http_trivet_tell_counter(p, end, "trivet_key_cache_hits_total",
        "counter", "Client keys that were in the cache.",
        (int64_t) (num - metrics->cache_misses));
    p = ngx_http_trivet_tell_counter(p, end, "trivet_key_cache_misses_total",
        "counter", "Client keys that had to be parsed.",
        (int64_t) metrics->cache_misses);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_sign_memo_hits_total",
        "counter", "Answers whose signature was in the cache.",
        (int64_t) metrics->known_signatures);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_verify_memo_hits_total",
        "counter", "Requests whose signature was in the cache.",
        (int64_t) metrics->known_right);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_store_errors_total",
        "counter", "Requests refused because the store failed.",
        (int64_t) metrics->store_errors);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_store_up", "gauge",
        "Whether the sessions could be counted.", work->status == TRIVET_OK);

    if (work->status == TRIVET_OK) {
        p = ngx_http_trivet_tell_counter(p, end, "trivet_sessions_alive",
            "gauge", "Valid sessions, 100000 counted at most.", work->sessions);
    }

    if (work->status == TRIVET_OK && work->checkpoint_age_s >= 0) {
        p = ngx_http_trivet_tell_counter(p, end,
            "trivet_audit_checkpoint_age_seconds", "gauge",
            "How long the audit log has had rows that no checkpoint covers.",
            work->checkpoint_age_s);
    }

    return ngx_http_trivet_tell_counter(p, end, "trivet_clock_behind_seconds",
        "gauge", "How far the clock is behind the latest time of the store.",
        work->behind_s);
}


/* The longest that the text can be: every line of it. */
size_t
ngx_http_trivet_max_text(const ngx_http_trivet_metrics_t *metrics)
{
    size_t num_lines = 256; /* all but the requests */
    ngx_uint_t i;

    for (i = 0; i < ngx_http_trivet_num_rows() * TRIVET_NUM_REASONS; i++) {
        num_lines += metrics->requests[i] != 0;
    }

    return num_lines * 256;
}
