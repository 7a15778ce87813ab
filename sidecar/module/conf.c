/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - the module's configuration */
#include "sidecar/module/conf.h"

#include "base/file.h"
#include "base/secret.h"
#include "sidecar/allow.h"
#include "sidecar/module/answer.h"
#include "sidecar/module/context.h"
#include "sidecar/module/metrics.h"
#include "sidecar/module/monitoring.h"
#include "sidecar/module/requests.h"
#include "sidecar/module/turns.h"
#include "sidecar/origin.h"


enum {
    NGX_HTTP_TRIVET_PROXY_TIMEOUT_S = 30,
    NGX_HTTP_TRIVET_PROXY_MAX_WAIT_S = 60,
    NGX_HTTP_TRIVET_PROXY_RECEIPTS_FILE = 64 * 1024 * 1024,
    NGX_HTTP_TRIVET_PROXY_MAX_CALLS = 32 /* nginx's default pool */
};


void *
ngx_http_trivet_proxy_create_conf(ngx_conf_t *cf)
{
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_proxy_conf_t));
    if (pcf == NULL) {
        return NULL;
    }

    pcf->timeout_s = NGX_CONF_UNSET;
    pcf->max_wait_s = NGX_CONF_UNSET;
    pcf->limits = NGX_CONF_UNSET_UINT;
    pcf->max_calls = NGX_CONF_UNSET;
    pcf->takes_names = NGX_CONF_UNSET;
    pcf->encrypt = NGX_CONF_UNSET;
    pcf->receipts_full = NGX_CONF_UNSET;
    pcf->receipts_rotate = NGX_CONF_UNSET;

    return pcf;
}


char *
ngx_http_trivet_proxy_init_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_trivet_proxy_conf_t *pcf = conf;

    (void) cf;

    ngx_conf_init_value(pcf->timeout_s, NGX_HTTP_TRIVET_PROXY_TIMEOUT_S);
    ngx_conf_init_value(pcf->max_wait_s, NGX_HTTP_TRIVET_PROXY_MAX_WAIT_S);
    ngx_conf_init_uint_value(pcf->limits, TRIVET_BUDGET_CLASSIC);
    ngx_conf_init_value(pcf->max_calls, NGX_HTTP_TRIVET_PROXY_MAX_CALLS);
    ngx_conf_init_value(pcf->takes_names, 0);
    ngx_conf_init_value(pcf->encrypt, 0);
    ngx_conf_init_value(pcf->receipts_full, 0);
    ngx_conf_init_value(
        pcf->receipts_rotate, NGX_HTTP_TRIVET_PROXY_RECEIPTS_FILE);

    return NGX_CONF_OK;
}


/* The module is loaded, but no location uses it: then it needs nothing. */
ngx_int_t
ngx_http_trivet_proxy_check_conf(ngx_conf_t *cf)
{
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_proxy_module);

    if (!pcf->is_used) {
        return NGX_OK;
    }

    if (pcf->context_path.len == 0 && pcf->replay_folder.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"trivet_proxy_context\" or \"trivet_proxy_replay\" must be set");
        return NGX_ERROR;
    }

    pcf->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (pcf->thread_pool == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_proxy_add_metrics(cf, pcf) != NGX_OK
        || ngx_http_trivet_proxy_add_budget(cf, pcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    pcf->context = ngx_http_trivet_proxy_make_context(cf, pcf);

    return pcf->context == NULL ? NGX_ERROR : NGX_OK;
}


char *
ngx_http_trivet_proxy_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_proxy_conf_t *pcf = conf;

    ngx_str_t *rule, *value;

    (void) cmd;

    value = cf->args->elts;

    if (!trivet_allow_is_rule(trivet_slice_make(value[1].data, value[1].len))) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"%V\" is no rule such as GET:/v1/user/*", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (pcf->rules == NULL) {
        pcf->rules = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (pcf->rules == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    rule = ngx_array_push(pcf->rules);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    *rule = value[1];

    return NGX_CONF_OK;
}


/* The token, without the line's end. */
static char *
ngx_http_trivet_proxy_take_token(ngx_conf_t *cf,
    ngx_http_trivet_proxy_conf_t *pcf, const struct trivet_buffer *text)
{
    struct trivet_slice token = trivet_slice_trim(trivet_buffer_slice(text));

    if (!trivet_origin_is_token(token)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "trivet_proxy_token_file: a token is %d to %d visible ASCII "
            "characters",
            (int) TRIVET_MIN_CALLER_TOKEN, (int) TRIVET_MAX_SECRET);
        return NGX_CONF_ERROR;
    }

    pcf->token.len = token.len;
    pcf->token.data = ngx_pnalloc(cf->pool, token.len);
    if (pcf->token.data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(pcf->token.data, token.data, token.len);

    return NGX_CONF_OK;
}


char *
ngx_http_trivet_proxy_token_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    static const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_OURS_OR_ROOTS,
        .forbidden_mode = 077,
        .accepts_read_only_mount = true,
        .content = "the callers' token",
    };

    ngx_http_trivet_proxy_conf_t *pcf = conf;

    int fd;
    char *rv;
    ngx_str_t *value;
    struct trivet_error err;
    struct trivet_buffer text = trivet_buffer_make(2 * TRIVET_MAX_SECRET);

    (void) cmd;

    if (pcf->token.len > 0) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (trivet_file_open_private((const char *) value[1].data, &rule, &fd, &err)
        != TRIVET_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", err.detail);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_ERROR;
    if (trivet_file_read_all(fd, (const char *) value[1].data, &text, &err)
        == TRIVET_OK)
    {
        rv = ngx_http_trivet_proxy_take_token(cf, pcf, &text);
    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", err.detail);
    }

    (void) ngx_close_file(fd);
    trivet_buffer_free(&text);

    return rv;
}


/* The handler of a location. What it answers with is counted: the module is
 * used. */
static char *
ngx_http_trivet_proxy_set_handler(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_proxy_conf_t *pcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    pcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_proxy_module);
    pcf->is_used = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_trivet_proxy_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    (void) cmd;
    (void) conf;

    return ngx_http_trivet_proxy_set_handler(cf, ngx_http_trivet_proxy_handler);
}


char *
ngx_http_trivet_proxy_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    (void) cmd;
    (void) conf;

    return ngx_http_trivet_proxy_set_handler(
        cf, ngx_http_trivet_proxy_error_handler);
}


char *
ngx_http_trivet_proxy_monitor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    static const struct {
        const char *word;
        ngx_http_handler_pt handler;
    } rows[] = {
        {"live", ngx_http_trivet_proxy_live_handler},
        {"ready", ngx_http_trivet_proxy_ready_handler},
        {"metrics", ngx_http_trivet_proxy_metrics_handler},
    };

    ngx_str_t *value;
    ngx_uint_t i;

    (void) cmd;
    (void) conf;

    value = cf->args->elts;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (ngx_strcmp(value[1].data, rows[i].word) == 0) {
            return ngx_http_trivet_proxy_set_handler(cf, rows[i].handler);
        }
    }

    return "needs live, ready or metrics";
}
