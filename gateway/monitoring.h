/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitoring.h - the locations trivet_metrics and trivet_probe: the directives
 */
#ifndef TRIVET_GATEWAY_MONITORING_H
#define TRIVET_GATEWAY_MONITORING_H

#include "gateway/conf.h"

/* Answers with the metrics, where a directive has asked for them to be kept
 * (ngx_http_trivet_add_zone). */
ngx_int_t ngx_http_trivet_metrics_handler(ngx_http_request_t *r);

char *ngx_http_trivet_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_trivet_probe(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#endif
