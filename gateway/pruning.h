/* SPDX-License-Identifier: Apache-2.0 */
/* pruning.h - removes now and then what nobody uses any more */
#ifndef TRIVET_GATEWAY_PRUNING_H
#define TRIVET_GATEWAY_PRUNING_H

#include "gateway/conf.h"

/* The directive trivet_prune, and its default. */
char *ngx_http_trivet_prune(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_trivet_init_prune_conf(ngx_http_trivet_main_conf_t *tmcf);
/* When a worker begins. */
ngx_int_t ngx_http_trivet_start_pruning(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);

#endif
