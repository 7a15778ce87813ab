/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection_slots.h - the connections of each address, counted by all workers
 * in shared memory
 */
#ifndef TRIVET_GATEWAY_CONNECTION_SLOTS_H
#define TRIVET_GATEWAY_CONNECTION_SLOTS_H

#include "gateway/conf.h"

/* Adds the shared memory, when the configuration was read. */
ngx_int_t ngx_http_trivet_add_connection_slots(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* When a worker begins: takes a slot to count in. When it ends: connections
 * that end after this are not counted any more. */
ngx_int_t ngx_http_trivet_take_connections(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_leave_connections(void);
/* Counts c until it ends. NGX_OK: it may stay. NGX_DECLINED: its address has
 * its maximum already. NGX_ERROR: it could not be counted. */
ngx_int_t ngx_http_trivet_count_connection(
    ngx_connection_t *c, const ngx_http_trivet_main_conf_t *tmcf);
/* How many connections were closed at once; -1: they are not counted. */
int64_t ngx_http_trivet_num_refused(const ngx_http_trivet_main_conf_t *tmcf);

#endif
