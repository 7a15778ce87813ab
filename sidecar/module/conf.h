/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - the module's configuration */
#ifndef TRIVET_SIDECAR_MODULE_CONF_H
#define TRIVET_SIDECAR_MODULE_CONF_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

typedef struct ngx_http_trivet_proxy_context_s ngx_http_trivet_proxy_context_t;

typedef struct {
    ngx_str_t context_path; /* a file, with a NUL                    */
    time_t timeout_s;       /* of one exchange                       */
    time_t max_wait_s;      /* for a rate limit; 0: not at all       */
    ngx_uint_t limits;      /* of enum trivet_budget_rule            */
    ngx_int_t max_calls;    /* that run at once                      */
    ngx_flag_t takes_names; /* of callers: Trivet-Caller             */
    ngx_str_t kept_folder;  /* of answers, with a NUL; empty: none   */
    ngx_flag_t encrypt;     /* every body                            */

    ngx_str_t receipts_folder; /* with a NUL; empty: none are kept   */
    ngx_flag_t receipts_full;  /* with bodies                        */
    off_t receipts_rotate;     /* bytes of a file                    */

    ngx_str_t record_folder; /* with a NUL; empty: nothing is        */
    ngx_str_t replay_folder; /* with a NUL; empty: calls are made    */

    ngx_array_t *rules; /* of ngx_str_t (allow.h); NULL: all allowed */
    ngx_str_t token;    /* that callers must send; empty: none       */

    ngx_uint_t is_used; /* by a location */
    ngx_thread_pool_t *thread_pool;
    ngx_shm_zone_t *metrics;
    ngx_shm_zone_t *budget;                   /* turns.c */
    ngx_http_trivet_proxy_context_t *context; /* of the worker: context.h */
} ngx_http_trivet_proxy_conf_t;

extern ngx_module_t ngx_http_trivet_proxy_module;

/* What nginx calls. */
void *ngx_http_trivet_proxy_create_conf(ngx_conf_t *cf);
char *ngx_http_trivet_proxy_init_conf(ngx_conf_t *cf, void *conf);
ngx_int_t ngx_http_trivet_proxy_check_conf(ngx_conf_t *cf);

/* Directives: a rule for callers, and the file of their token. */
char *ngx_http_trivet_proxy_allow(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_trivet_proxy_token_file(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Directives: a location whose requests are calls, and one that words the
 * errors that nginx finds. */
char *ngx_http_trivet_proxy_pass(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_trivet_proxy_error(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Directive: what a monitor asks: live, ready or metrics. */
char *ngx_http_trivet_proxy_monitor(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#endif
