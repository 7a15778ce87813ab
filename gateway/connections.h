/* SPDX-License-Identifier: Apache-2.0 */
/* connections.h - how many connections an address may have at once */
#ifndef TRIVET_GATEWAY_CONNECTIONS_H
#define TRIVET_GATEWAY_CONNECTIONS_H

#include "gateway/conf.h"

/* The directive trivet_connections. */
char *ngx_http_trivet_set_connections(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* When the configuration was read: which ports, and shared memory. */
ngx_int_t ngx_http_trivet_add_connections(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* In the master, once it listens. */
ngx_int_t ngx_http_trivet_watch_sockets(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);

#endif
