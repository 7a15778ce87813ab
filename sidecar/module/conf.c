/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - the module's configuration */
#include "sidecar/module/conf.h"

#include "sidecar/module/answer.h"
#include "sidecar/module/context.h"
#include "sidecar/module/requests.h"


enum {
    NGX_HTTP_TRIVET_PROXY_TIMEOUT_S = 30,
    NGX_HTTP_TRIVET_PROXY_MAX_WAIT_S = 60
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
    pcf->throttle = NGX_CONF_UNSET;
    pcf->encrypt = NGX_CONF_UNSET;

    return pcf;
}


char *
ngx_http_trivet_proxy_init_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_trivet_proxy_conf_t *pcf = conf;

    (void) cf;

    ngx_conf_init_value(pcf->timeout_s, NGX_HTTP_TRIVET_PROXY_TIMEOUT_S);
    ngx_conf_init_value(pcf->max_wait_s, NGX_HTTP_TRIVET_PROXY_MAX_WAIT_S);
    ngx_conf_init_value(pcf->throttle, 1);
    ngx_conf_init_value(pcf->encrypt, 0);

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

    if (pcf->context_path.len == 0) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "\"trivet_proxy_context\" must be set");
        return NGX_ERROR;
    }

    pcf->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (pcf->thread_pool == NULL) {
        return NGX_ERROR;
    }

    pcf->context = ngx_http_trivet_proxy_make_context(cf, pcf);

    return pcf->context == NULL ? NGX_ERROR : NGX_OK;
}


char *
ngx_http_trivet_proxy_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_proxy_conf_t *pcf;

    (void) cmd;
    (void) conf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_trivet_proxy_handler;

    pcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_proxy_module);
    pcf->is_used = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_trivet_proxy_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t *clcf;

    (void) cmd;
    (void) conf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_trivet_proxy_error_handler;

    return NGX_CONF_OK;
}
