/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - directives, defaults, and what locations inherit */
#include "gateway/conf.h"

#include "gateway/answering.h"
#include "gateway/auditing.h"
#include "gateway/journal.h"
#include "gateway/neighbour.h"
#include "gateway/pruning.h"
#include "gateway/slice.h"
#include "gateway/worker.h"
char *
ngx_http_trivet_server_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    ngx_str_t *value, *path;

    (void) cmd;

    if (tmcf->key_paths.nelts == TRIVET_MAX_SERVER_KEYS) {
        return "is given too often";
    }

    path = ngx_array_push(&tmcf->key_paths);
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    *path = value[1];

    if (!trivet_private_key_is_uri((const char *) path->data)
        && ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_trivet_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_loc_conf_t *tlcf = conf;

    ngx_str_t *value;
    ngx_uint_t i;
    struct trivet_error err;
    struct trivet_profile *profile;
    const struct trivet_profile *preset;
    ngx_http_trivet_main_conf_t *tmcf;

    (void) cmd;

    if (tlcf->profile != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    preset = trivet_profile_find(ngx_http_trivet_slice(value[1]));
    if (preset == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "unknown profile \"%V\": strict, current, classic and reference "
            "are known",
            &value[1]);
        return NGX_CONF_ERROR;
    }

    profile = ngx_palloc(cf->pool, sizeof(struct trivet_profile));
    if (profile == NULL) {
        return NGX_CONF_ERROR;
    }

    *profile = *preset;

    for (i = 2; i < cf->args->nelts; i++) {
        if (trivet_profile_set(profile, ngx_http_trivet_slice(value[i]), &err)
            != TRIVET_OK)
        {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "trivet_profile: %s", err.detail);
            return NGX_CONF_ERROR;
        }
    }

    tlcf->profile = profile;

    if (profile->request_id != TRIVET_REQUEST_ID_PER_DEVICE) {
        return NGX_CONF_OK;
    }

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);

    tmcf->has_request_ids = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_trivet_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t *clcf;

    (void) cmd;
    (void) conf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_trivet_identity_handler;

    return NGX_CONF_OK;
}


void *
ngx_http_trivet_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_main_conf_t));
    if (tmcf == NULL) {
        return NULL;
    }

    tmcf->worker = ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_worker_t));
    if (tmcf->worker == NULL) {
        return NULL;
    }

    if (ngx_array_init(&tmcf->key_paths, cf->pool, 2, sizeof(ngx_str_t))
            != NGX_OK
        || ngx_array_init(
               &tmcf->servers, cf->pool, 4, sizeof(ngx_http_core_srv_conf_t *))
               != NGX_OK)
    {
        return NULL;
    }

    tmcf->sandbox = NGX_CONF_UNSET;
    tmcf->session_timeout = NGX_CONF_UNSET;
    tmcf->key_lifetime = NGX_CONF_UNSET;
    tmcf->memo_size = NGX_CONF_UNSET_SIZE;
    tmcf->cache_size = NGX_CONF_UNSET_SIZE;
    tmcf->refresh_ms = NGX_CONF_UNSET_MSEC;
    tmcf->staleness_ms = NGX_CONF_UNSET_MSEC;
    tmcf->lanes = NGX_CONF_UNSET_UINT;
    tmcf->max_connections = NGX_CONF_UNSET;
    tmcf->has_device_rates = NGX_CONF_UNSET;
    tmcf->journal_size = NGX_CONF_UNSET;
    tmcf->temp_limit = NGX_CONF_UNSET_SIZE;
    tmcf->answer_memory = NGX_CONF_UNSET_SIZE;
    tmcf->prune_ages = trivet_prune_ages_default;
    tmcf->prune_every_s = NGX_CONF_UNSET;
    tmcf->checkpoint_every_s = NGX_CONF_UNSET;

    return tmcf;
}


char *
ngx_http_trivet_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;
    ngx_int_t key_lifetime = TRIVET_DEFAULT_KEY_LIFETIME_S;
    ngx_int_t journal_size = 0;

    (void) cf;

    ngx_conf_init_value(tmcf->sandbox, 0);

    if (tmcf->sandbox) {
        key_lifetime = TRIVET_SANDBOX_KEY_LIFETIME_S;
        journal_size = TRIVET_DEFAULT_JOURNAL;
    }

    ngx_conf_init_value(
        tmcf->session_timeout, TRIVET_DEFAULT_SESSION_TIMEOUT_S);
    ngx_conf_init_value(tmcf->key_lifetime, key_lifetime);
    ngx_conf_init_size_value(tmcf->memo_size, 4 * 1024 * 1024);
    ngx_conf_init_size_value(tmcf->cache_size, 16 * 1024 * 1024);
    ngx_conf_init_msec_value(tmcf->refresh_ms, 250);
    ngx_conf_init_msec_value(tmcf->staleness_ms, 1000);
    ngx_conf_init_uint_value(tmcf->lanes, 1);
    ngx_conf_init_value(tmcf->journal_size, journal_size);
    ngx_conf_init_value(tmcf->max_connections, 0);
    ngx_conf_init_value(tmcf->has_device_rates, 0);
    ngx_conf_init_size_value(tmcf->temp_limit, 256 * 1024 * 1024);
    ngx_conf_init_size_value(tmcf->answer_memory, 32 * 1024 * 1024);
    ngx_http_trivet_init_prune_conf(tmcf);
    ngx_http_trivet_init_checkpoint_conf(tmcf);

    return NGX_CONF_OK;
}


void *
ngx_http_trivet_create_srv_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_srv_conf_t));
}


void *
ngx_http_trivet_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_loc_conf_t));
    if (tlcf == NULL) {
        return NULL;
    }

    tlcf->calls = NGX_CONF_UNSET;
    tlcf->protect = NGX_CONF_UNSET;
    tlcf->pass_credentials = NGX_CONF_UNSET;
    tlcf->pass_forwarded = NGX_CONF_UNSET;
    tlcf->require_signature = NGX_CONF_UNSET_UINT;
    tlcf->answer_limit = NGX_CONF_UNSET_SIZE;
    tlcf->answer_buffer = NGX_CONF_UNSET_SIZE;
    tlcf->profile = NGX_CONF_UNSET_PTR;
    tlcf->upgrades = NGX_CONF_UNSET_PTR;
    tlcf->preflight = NGX_CONF_UNSET_UINT;
    tlcf->encryption = NGX_CONF_UNSET_UINT;

    return tlcf;
}


/* The server whose location is being merged uses us. */
static ngx_int_t
ngx_http_trivet_note_server(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_http_core_srv_conf_t *cscf, **server;

    tmcf->is_used = 1;
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    server = tmcf->servers.elts;

    if (tmcf->servers.nelts > 0 && server[tmcf->servers.nelts - 1] == cscf) {
        return NGX_OK;
    }

    server = ngx_array_push(&tmcf->servers);
    if (server == NULL) {
        return NGX_ERROR;
    }
    *server = cscf;

    return NGX_OK;
}


char *
ngx_http_trivet_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_trivet_loc_conf_t *prev = parent;
    ngx_http_trivet_loc_conf_t *conf = child;

    ngx_http_trivet_main_conf_t *tmcf;

    ngx_conf_merge_value(conf->calls, prev->calls, 0);
    ngx_conf_merge_value(conf->protect, prev->protect, 0);
    ngx_conf_merge_value(conf->pass_credentials, prev->pass_credentials, 0);
    ngx_conf_merge_value(conf->pass_forwarded, prev->pass_forwarded, 0);
    ngx_conf_merge_uint_value(
        conf->require_signature, prev->require_signature, 0);
    ngx_conf_merge_size_value(
        conf->answer_limit, prev->answer_limit, 16 * 1024 * 1024);
    ngx_conf_merge_size_value(
        conf->answer_buffer, prev->answer_buffer, 64 * 1024);
    ngx_conf_merge_ptr_value(
        conf->profile, prev->profile, trivet_profile_default());
    ngx_conf_merge_ptr_value(conf->upgrades, prev->upgrades, NULL);
    ngx_conf_merge_uint_value(conf->preflight, prev->preflight, 0);
    ngx_conf_merge_uint_value(
        conf->encryption, prev->encryption, NGX_HTTP_TRIVET_ENCRYPTION_UNSET);

    if (conf->calls || conf->protect) {
        tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);
        if (ngx_http_trivet_note_server(cf, tmcf) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_trivet_check_location(cf, conf) == NGX_OK ? NGX_CONF_OK
                                                              : NGX_CONF_ERROR;
}


ngx_uint_t
ngx_http_trivet_is_same_rule(const ngx_http_trivet_loc_conf_t *one,
    const ngx_http_trivet_loc_conf_t *other)
{
    return one == other
           || (one->calls == other->calls && one->protect == other->protect
               && one->profile == other->profile
               && one->require_signature == other->require_signature
               && one->pass_credentials == other->pass_credentials
               && one->pass_forwarded == other->pass_forwarded
               && one->preflight == other->preflight
               && one->encryption == other->encryption
               && one->upgrades == other->upgrades
               && one->answers == other->answers);
}
