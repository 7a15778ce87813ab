/* SPDX-License-Identifier: Apache-2.0 */
/* request_ids.h - the file in which all workers keep the ids of requests */
#ifndef TRIVET_GATEWAY_REQUEST_IDS_H
#define TRIVET_GATEWAY_REQUEST_IDS_H

#include "gateway/conf.h"

/* Names it, after the store's, when the configuration was read. */
ngx_int_t ngx_http_trivet_name_request_ids(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* Opens it when a worker begins; a failure is logged. */
void ngx_http_trivet_take_request_ids(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
/* Tries again what failed. */
void ngx_http_trivet_retry_request_ids(
    ngx_http_trivet_main_conf_t *tmcf, ngx_log_t *log);

#endif
