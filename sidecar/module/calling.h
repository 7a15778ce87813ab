/* SPDX-License-Identifier: Apache-2.0 */
/* calling.h - a call, its answer judged, its receipt kept */
#ifndef TRIVET_SIDECAR_MODULE_CALLING_H
#define TRIVET_SIDECAR_MODULE_CALLING_H

#include "sidecar/module/job.h"

/* On a pool thread: makes the call and fills in the job's outcome. */
void ngx_http_trivet_proxy_call(ngx_http_trivet_proxy_job_t *job,
    struct trivet_context *context, const struct trivet_call *call);

/* The same without a call: its answer was recorded in that folder. */
void ngx_http_trivet_proxy_replay(ngx_http_trivet_proxy_job_t *job,
    const char *folder, const struct trivet_call *call);

#endif
