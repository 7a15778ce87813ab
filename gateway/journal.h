/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h - keeps the last requests for operators
 * (authority/limits/journal.h)
 */
#ifndef TRIVET_GATEWAY_JOURNAL_H
#define TRIVET_GATEWAY_JOURNAL_H

#include "gateway/conf.h"

#include "authority/limits/journal.h"

/* The directive trivet_journal. */
char *ngx_http_trivet_set_journal(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* When the configuration is read: on in a sandbox unless it is said. */
ngx_int_t ngx_http_trivet_add_journal(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* NULL: none is kept. */
struct trivet_journal *ngx_http_trivet_get_journal(
    ngx_http_trivet_main_conf_t *tmcf);
/* In the log phase. */
ngx_int_t ngx_http_trivet_journal_handler(ngx_http_request_t *r);

#endif
