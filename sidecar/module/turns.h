/* SPDX-License-Identifier: Apache-2.0 */
/* turns.h - a call waits for its turn, and is then made */
#ifndef TRIVET_SIDECAR_MODULE_TURNS_H
#define TRIVET_SIDECAR_MODULE_TURNS_H

#include "sidecar/module/job.h"

/* Makes the shared memory of pcf. NGX_ERROR: out of memory. */
ngx_int_t ngx_http_trivet_proxy_add_budget(
    ngx_conf_t *cf, ngx_http_trivet_proxy_conf_t *pcf);

/* A worker begins. */
ngx_int_t ngx_http_trivet_proxy_init_process(ngx_cycle_t *cycle);

/*
 * Reads what the request says of its turn (its fields Trivet-...), and has its
 * call made then. NGX_DONE: job->tell is called when that is done.
 * NGX_DECLINED: job->failure says why not. Else an HTTP status.
 */
ngx_int_t ngx_http_trivet_proxy_take_turn(ngx_http_trivet_proxy_job_t *job);

#endif
