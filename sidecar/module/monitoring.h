/* SPDX-License-Identifier: Apache-2.0 */
/* monitoring.h - what a monitor asks */
#ifndef TRIVET_SIDECAR_MODULE_MONITORING_H
#define TRIVET_SIDECAR_MODULE_MONITORING_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* Handlers of locations. Live: the event loop turns. Ready: the context can be
 * used, as far as is known without a call; else 503. */
ngx_int_t ngx_http_trivet_proxy_live_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_trivet_proxy_ready_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_trivet_proxy_metrics_handler(ngx_http_request_t *r);

#endif
