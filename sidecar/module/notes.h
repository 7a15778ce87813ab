/* SPDX-License-Identifier: Apache-2.0 */
/* notes.h - what is told on a pool thread, and logged on the event loop */
#ifndef TRIVET_SIDECAR_MODULE_NOTES_H
#define TRIVET_SIDECAR_MODULE_NOTES_H

#include "sidecar/module/job.h"

/* On the thread, also by the library; arg is the job. */
void ngx_http_trivet_proxy_take_note(
    void *arg, const struct trivet_event *event);

/* On the event loop. */
void ngx_http_trivet_proxy_log_notes(ngx_http_trivet_proxy_job_t *job);

#endif
