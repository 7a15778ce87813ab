/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - counters that all workers share */
#ifndef TRIVET_GATEWAY_METRICS_H
#define TRIVET_GATEWAY_METRICS_H

#include "gateway/conf.h"

#include "crypto/lanes/library.h"

enum { NGX_HTTP_TRIVET_NUM_BOUNDS = 11 };

/* Upper ends of a histogram's buckets, in microseconds and as Prometheus wants
 * them; the last bucket, +Inf, has what is longer. */
struct ngx_http_trivet_bound_s {
    int64_t us;
    const char *seconds;
};
extern const struct ngx_http_trivet_bound_s
    ngx_http_trivet_bounds[NGX_HTTP_TRIVET_NUM_BOUNDS];
extern const struct ngx_http_trivet_bound_s
    ngx_http_trivet_time_bounds[NGX_HTTP_TRIVET_NUM_BOUNDS];

typedef struct {
    ngx_atomic_t buckets[NGX_HTTP_TRIVET_NUM_BOUNDS + 1];
    ngx_atomic_t sum_ns;
} ngx_http_trivet_histogram_t;

/* What became of a request. */
typedef enum {
    NGX_HTTP_TRIVET_REFUSED = 0,
    NGX_HTTP_TRIVET_ANSWERED, /* one of the protocol's own calls */
    NGX_HTTP_TRIVET_PROXIED,  /* admitted to the API             */
    NGX_HTTP_TRIVET_NUM_OUTCOMES
} ngx_http_trivet_outcome_e;

/* The API's answers by the first digit of their status; others are 0. */
#define NGX_HTTP_TRIVET_NUM_CLASSES 6

typedef struct {
    ngx_http_trivet_histogram_t requests_by[NGX_HTTP_TRIVET_NUM_OUTCOMES];
    ngx_http_trivet_histogram_t upstream_by[NGX_HTTP_TRIVET_NUM_CLASSES];
    ngx_http_trivet_histogram_t verifying;
    ngx_http_trivet_histogram_t signing;
    ngx_http_trivet_histogram_t queueing;         /* for a signature */
    ngx_http_trivet_histogram_t waiting;          /* for a pool thread */
    ngx_atomic_t signed_by[TRIVET_NUM_LANES + 1]; /* lanes; 0: OpenSSL */
    ngx_atomic_t verified_by[TRIVET_NUM_LANES + 1];
    ngx_atomic_t wrong_lanes;
    ngx_atomic_t cache_misses;
    ngx_atomic_t known_right; /* nothing was verified: it had been before */
    ngx_atomic_t known_signatures;
    ngx_atomic_t store_errors;
    ngx_atomic_t sessions;         /* as they were counted last */
    ngx_atomic_t checkpoint_age_s; /* likewise                  */
    ngx_atomic_t counted_ms;       /* when; 0: never            */
    ngx_atomic_t requests[];       /* a row of reasons for each call */
} ngx_http_trivet_metrics_t;

/* From now on counters are kept, when the configuration is read. */
ngx_int_t ngx_http_trivet_add_zone(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* The rows of requests: the calls of the table, those of the API, and what was
 * neither (no such path, a wrong method). */
ngx_uint_t ngx_http_trivet_num_rows(void);
/* Of all counters, in bytes. */
size_t ngx_http_trivet_metrics_size(void);
/* From any thread. */
void ngx_http_trivet_observe(
    ngx_http_trivet_histogram_t *histogram, int64_t ns);
/* In the log phase: counts the request. */
ngx_int_t ngx_http_trivet_log_handler(ngx_http_request_t *r);

#endif
