/* SPDX-License-Identifier: Apache-2.0 */
/* task.h - a request on a pool thread, the only place that may block */
#ifndef TRIVET_GATEWAY_TASK_H
#define TRIVET_GATEWAY_TASK_H

#include "gateway/request.h"
#include "gateway/threads.h"

/* Hands the request to a pool thread, which fills ctx->answer; then the phases
 * run again. NGX_ERROR: that could not be done. */
ngx_int_t ngx_http_trivet_post_task(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Some other work on the store for a request; then answer runs, once, and not
 * before. NGX_ERROR: as above. */
ngx_int_t ngx_http_trivet_post_work(ngx_http_request_t *r,
    ngx_http_trivet_work_pt work, void *data, ngx_http_event_handler_pt answer);

#endif
