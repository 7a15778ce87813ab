/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - what goes back to the caller */
#ifndef TRIVET_SIDECAR_MODULE_ANSWER_H
#define TRIVET_SIDECAR_MODULE_ANSWER_H

#include "sidecar/module/job.h"

/* Sends the job's outcome: the answer of the server, or the failure. The result
 * is for ngx_http_finalize_request. */
ngx_int_t ngx_http_trivet_proxy_send(ngx_http_trivet_proxy_job_t *job);

/* The same for a failure without a job. text: a sentence in ASCII; "": the
 * failure's own. */
ngx_int_t ngx_http_trivet_proxy_refuse(
    ngx_http_request_t *r, enum trivet_failure failure, const char *text);

/* A location's handler that words the errors that nginx finds (error_page). */
ngx_int_t ngx_http_trivet_proxy_error_handler(ngx_http_request_t *r);

#endif
