/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - the module: its directives, and where nginx calls it */
#include "sidecar/module/conf.h"
#include "sidecar/module/context.h"
/* clang-format off */
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

    { ngx_string("trivet_proxy_throttle"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, throttle),
      NULL },

    { ngx_string("trivet_proxy_encrypt"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_proxy_conf_t, encrypt),
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
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_trivet_proxy_exit_process,    /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};
/* clang-format on */
