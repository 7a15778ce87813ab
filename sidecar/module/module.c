/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - the module: its directives, and where nginx calls it */
#include "sidecar/module/conf.h"
#include "sidecar/module/context.h"
#include "sidecar/module/turns.h"

#include "sidecar/budget.h"

/* clang-format off */
static ngx_conf_enum_t  ngx_http_trivet_proxy_limits[] = {
    { ngx_string("classic"), TRIVET_BUDGET_CLASSIC },
    { ngx_string("2026"), TRIVET_BUDGET_2026 },
    { ngx_string("off"), TRIVET_BUDGET_OFF },
    { ngx_null_string, 0 }
};


static ngx_conf_num_bounds_t  ngx_http_trivet_proxy_calls_bounds = {
    ngx_conf_check_num_bounds, 1, 1024
};


static ngx_command_t  ngx_http_trivet_proxy_commands[] = {

    { ngx_string("trivet_proxy_context"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, context_path),
      NULL },

    { ngx_string("trivet_proxy_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, timeout_s),
      NULL },

    { ngx_string("trivet_proxy_max_wait"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, max_wait_s),
      NULL },

    { ngx_string("trivet_proxy_limits"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, limits),
      &ngx_http_trivet_proxy_limits },

    { ngx_string("trivet_proxy_calls"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, max_calls),
      &ngx_http_trivet_proxy_calls_bounds },

    { ngx_string("trivet_proxy_caller_header"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, takes_names),
      NULL },

    { ngx_string("trivet_proxy_kept"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, kept_folder),
      NULL },

    { ngx_string("trivet_proxy_encrypt"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, encrypt),
      NULL },

    { ngx_string("trivet_proxy_receipts"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, receipts_folder),
      NULL },

    { ngx_string("trivet_proxy_receipts_full"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, receipts_full),
      NULL },

    { ngx_string("trivet_proxy_receipts_rotate"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, receipts_rotate),
      NULL },

    { ngx_string("trivet_proxy_record"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, record_folder),
      NULL },

    { ngx_string("trivet_proxy_replay"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, replay_folder),
      NULL },

    { ngx_string("trivet_proxy_allow"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_proxy_allow,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_proxy_token_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_proxy_token_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_proxy_pass"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_trivet_proxy_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_proxy_error"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_trivet_proxy_error,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_proxy_monitor"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_proxy_monitor,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_trivet_proxy_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_trivet_proxy_check_conf,      /* postconfiguration */

    ngx_http_trivet_proxy_create_conf,     /* create main configuration */
    ngx_http_trivet_proxy_init_conf,       /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_trivet_proxy_module = {
    NGX_MODULE_V1,
    &ngx_http_trivet_proxy_module_ctx,     /* module context */
    ngx_http_trivet_proxy_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_trivet_proxy_init_process,    /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_trivet_proxy_exit_process,    /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};
/* clang-format on */
