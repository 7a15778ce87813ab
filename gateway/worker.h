/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - when a worker begins and ends */
#ifndef TRIVET_GATEWAY_WORKER_H
#define TRIVET_GATEWAY_WORKER_H

#include "gateway/conf.h"

/* In the master, once it listens. */
ngx_int_t ngx_http_trivet_init_module(ngx_cycle_t *cycle);
/* In the worker. NGX_ERROR: logged, and nginx does not start it again. */
ngx_int_t ngx_http_trivet_init_process(ngx_cycle_t *cycle);
void ngx_http_trivet_exit_process(ngx_cycle_t *cycle);

#endif
