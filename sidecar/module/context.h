/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - the context that a worker's calls are made in */
#ifndef TRIVET_SIDECAR_MODULE_CONTEXT_H
#define TRIVET_SIDECAR_MODULE_CONTEXT_H

#include "sidecar/module/conf.h"

#include "trivet/client.h"

/* For the configuration pcf; opens nothing. NULL: out of memory. */
ngx_http_trivet_proxy_context_t *ngx_http_trivet_proxy_make_context(
    ngx_conf_t *cf, ngx_http_trivet_proxy_conf_t *pcf);

/* The worker ends, and no call runs any more. */
void ngx_http_trivet_proxy_exit_process(ngx_cycle_t *cycle);

/*
 * The open context, on a pool thread: the first call opens it, which reads its
 * file. It takes no step of the login; a call does.
 * Errors: those of trivet_context_open.
 */
TRIVET_MUST_USE enum trivet_status ngx_http_trivet_proxy_open_context(
    ngx_http_trivet_proxy_context_t *context, struct trivet_context **out,
    struct trivet_error *err);

/* Where answers to calls with a key are kept; made by whoever configures. On a
 * pool thread: now and then, what is over is removed there. */
const char *ngx_http_trivet_proxy_kept_folder(
    ngx_http_trivet_proxy_context_t *context);

/* Where answers are recorded, and where they are found; NULL: nowhere. */
const char *ngx_http_trivet_proxy_record_folder(
    const ngx_http_trivet_proxy_context_t *context);
const char *ngx_http_trivet_proxy_replay_folder(
    const ngx_http_trivet_proxy_context_t *context);

struct trivet_receipts;

/* Where receipts are kept; NULL: none are. */
struct trivet_receipts *ngx_http_trivet_proxy_receipts(
    ngx_http_trivet_proxy_context_t *context);

/* Events of this thread's calls are given to that function from now on (NULL:
 * to none). The library calls it in this thread. */
void ngx_http_trivet_proxy_listen(trivet_event_fn on_event, void *arg);

#endif
