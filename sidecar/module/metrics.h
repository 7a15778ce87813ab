/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - counters of the proxy, and their text for Prometheus
 *
 * They are in shared memory, so that a reload does not lose them. On the event
 * loop only.
 */
#ifndef TRIVET_SIDECAR_MODULE_METRICS_H
#define TRIVET_SIDECAR_MODULE_METRICS_H

#include "sidecar/module/job.h"

/* Makes the shared memory of pcf. NGX_ERROR: out of memory. */
ngx_int_t ngx_http_trivet_proxy_add_metrics(
    ngx_conf_t *cf, ngx_http_trivet_proxy_conf_t *pcf);

/* A call begins on a pool thread, and ends there. */
void ngx_http_trivet_proxy_count_begin(void);
void ngx_http_trivet_proxy_count_end(const ngx_http_trivet_proxy_job_t *job);

/* Its answer is handed on; or there is none. */
void ngx_http_trivet_proxy_count_outcome(
    const ngx_http_trivet_proxy_job_t *job);

/* A call begins to wait for its turn; and it does not any more. */
void ngx_http_trivet_proxy_count_waiting(void);
void ngx_http_trivet_proxy_count_wait(ngx_http_request_t *r, int64_t ms);

/* A failure is told, whether there was a call or not. */
void ngx_http_trivet_proxy_count_failure(
    ngx_http_request_t *r, enum trivet_failure failure);

/* session_s: until the session ends; negative: there is none. NULL data: out of
 * memory. */
ngx_str_t ngx_http_trivet_proxy_tell_metrics(
    ngx_http_request_t *r, int64_t session_s);

#endif
