/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_text.h - the counters in Prometheus' text form */
#ifndef TRIVET_GATEWAY_METRICS_TEXT_H
#define TRIVET_GATEWAY_METRICS_TEXT_H

#include "gateway/metrics.h"

/* What a scrape or a probe waits for. */
typedef struct {
    enum trivet_status status;
    int64_t sessions;
    int64_t checkpoint_age_s; /* -1: none are made */
    int64_t behind_s;         /* how far the clock is behind the latest time */
} ngx_http_trivet_work_t;

/* The longest that the text of these counters can be, in bytes. */
size_t ngx_http_trivet_max_text(const ngx_http_trivet_metrics_t *metrics);
/* Write at p; the result is behind what was written, or end. metrics is a copy
 * that does not change. kind: "counter" or "gauge". */
u_char *ngx_http_trivet_tell_all(u_char *p, u_char *end,
    const ngx_http_trivet_metrics_t *metrics, ngx_http_trivet_work_t *work);
u_char *ngx_http_trivet_tell_counter(u_char *p, u_char *end, const char *name,
    const char *kind, const char *help, int64_t num);

#endif
