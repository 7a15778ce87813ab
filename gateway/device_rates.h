/* SPDX-License-Identifier: Apache-2.0 */
/* device_rates.h - trivet_rate_limits 2026: memory that all workers share */
#ifndef TRIVET_GATEWAY_DEVICE_RATES_H
#define TRIVET_GATEWAY_DEVICE_RATES_H

#include "gateway/conf.h"

/* The directive. */
char *ngx_http_trivet_set_rate_limits(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* Its zone, if it is on. */
ngx_int_t ngx_http_trivet_add_device_rates(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* In a worker, before it makes authorities. */
void ngx_http_trivet_take_device_rates(ngx_http_trivet_main_conf_t *tmcf);

#endif
