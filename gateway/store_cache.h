/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_cache.h - of a store that several gateways use: the sessions that the
 * workers remember, and what they know of the list of changes
 */
#ifndef TRIVET_GATEWAY_STORE_CACHE_H
#define TRIVET_GATEWAY_STORE_CACHE_H

#include "gateway/conf.h"

/* When the configuration was read: checks trivet_store_cache, _refresh and
 * _staleness, and adds the memory. */
ngx_int_t ngx_http_trivet_add_store_cache(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* In the worker. */
void ngx_http_trivet_take_store_cache(ngx_http_trivet_main_conf_t *tmcf);

/* The time that is decided by: of the machine's clock, set right by the
 * database's as it was read last. */
int64_t ngx_http_trivet_store_now_us(const ngx_http_trivet_main_conf_t *tmcf);

/* Tells the log when the list cannot be read, or a clock is off, and when that
 * is over. Of one worker. */
void ngx_http_trivet_log_store_cache(
    ngx_http_trivet_main_conf_t *tmcf, ngx_log_t *log);
/* Its metrics, written at p; the result is behind them, or end. */
u_char *ngx_http_trivet_tell_store_cache(
    ngx_http_trivet_main_conf_t *tmcf, u_char *p, u_char *end);

#endif
