/* SPDX-License-Identifier: Apache-2.0 */
/* auditing.h - the gateway's chain of the audit log, and the checkpoints of all
 * chains */
#ifndef TRIVET_GATEWAY_AUDITING_H
#define TRIVET_GATEWAY_AUDITING_H

#include "gateway/conf.h"

/* The directives trivet_store_chain and trivet_audit_checkpoint. */
char *ngx_http_trivet_store_chain(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_trivet_audit_checkpoint(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_trivet_init_checkpoint_conf(ngx_http_trivet_main_conf_t *tmcf);

/* When a worker begins. */
ngx_int_t ngx_http_trivet_start_checkpoints(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);

#endif
