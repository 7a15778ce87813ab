/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - directives, and the life of the module in nginx */
#include "module.h"

#include <time.h>

#include "base/timestamp.h"


static ngx_int_t ngx_http_trivet_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_trivet_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_trivet_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_trivet_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_trivet_create_srv_conf(ngx_conf_t *cf);
static void *ngx_http_trivet_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_trivet_merge_loc_conf(
    ngx_conf_t *cf, void *parent, void *child);
static ngx_int_t ngx_http_trivet_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_trivet_init_process(ngx_cycle_t *cycle);
static void ngx_http_trivet_exit_process(ngx_cycle_t *cycle);
static char *ngx_http_trivet_server_key(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_trivet_profile(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_trivet_identity(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* clang-format off */
static ngx_conf_enum_t  ngx_http_trivet_require_signature[] = {
    { ngx_string("off"), 0 },
    { ngx_string("all"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_trivet_preflights[] = {
    { ngx_string("refuse"), 0 },
    { ngx_string("pass"), 1 },
    { ngx_null_string, 0 }
};


#define NGX_HTTP_TRIVET_ANY \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF


static ngx_conf_num_bounds_t  ngx_http_trivet_timeout_bounds = {
    ngx_conf_check_num_bounds,
    TRIVET_MIN_SESSION_TIMEOUT_S, TRIVET_MAX_SESSION_TIMEOUT_S
};


static ngx_conf_num_bounds_t  ngx_http_trivet_lifetime_bounds = {
    ngx_conf_check_num_bounds, 1, 315360000
};


static ngx_command_t  ngx_http_trivet_commands[] = {

    { ngx_string("trivet_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, store_url),
      NULL },

    { ngx_string("trivet_server_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_server_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_psp_ca"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, psp_ca),
      NULL },

    { ngx_string("trivet_sandbox"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, sandbox),
      NULL },

    { ngx_string("trivet_sandbox_state"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, sandbox_path),
      NULL },

    { ngx_string("trivet_session_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, session_timeout),
      &ngx_http_trivet_timeout_bounds },

    { ngx_string("trivet_api_key_lifetime"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, key_lifetime),
      &ngx_http_trivet_lifetime_bounds },

    { ngx_string("trivet_memo_size"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, memo_size),
      NULL },

    { ngx_string("trivet_connections"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_trivet_set_connections,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_prune"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_trivet_prune,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_temp_limit"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, temp_limit),
      NULL },

    { ngx_string("trivet_temp_path"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_conf_set_path_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, temp_path),
      NULL },

    { ngx_string("trivet_profile"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_1MORE,
      ngx_http_trivet_profile,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_calls"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, calls),
      NULL },

    { ngx_string("trivet_protect"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, protect),
      NULL },

    { ngx_string("trivet_require_signature"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, require_signature),
      &ngx_http_trivet_require_signature },

    { ngx_string("trivet_pass_credentials"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, pass_credentials),
      NULL },

    { ngx_string("trivet_pass_forwarded"),
      NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF
          | NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, pass_forwarded),
      NULL },

    { ngx_string("trivet_upgrade"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_1MORE,
      ngx_http_trivet_upgrade,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_preflight"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, preflight),
      &ngx_http_trivet_preflights },

    { ngx_string("trivet_answer_limit"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, answer_limit),
      NULL },

    { ngx_string("trivet_answer_buffer"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, answer_buffer),
      NULL },

    { ngx_string("trivet_identity"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_trivet_identity,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_trivet_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_probe"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_probe,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_trivet_module_ctx = {
    ngx_http_trivet_preconfiguration,      /* preconfiguration */
    ngx_http_trivet_postconfiguration,     /* postconfiguration */

    ngx_http_trivet_create_main_conf,      /* create main configuration */
    ngx_http_trivet_init_main_conf,        /* init main configuration */

    ngx_http_trivet_create_srv_conf,       /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_trivet_create_loc_conf,       /* create location configuration */
    ngx_http_trivet_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_trivet_module = {
    NGX_MODULE_V1,
    &ngx_http_trivet_module_ctx,           /* module context */
    ngx_http_trivet_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_trivet_init_module,           /* init module */
    ngx_http_trivet_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_trivet_exit_process,          /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};
/* clang-format on */


/* Pool threads ask too: nginx's cached time is the event loop's alone. */
int64_t
ngx_http_trivet_now_us(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    return (int64_t) now.tv_sec * TRIVET_US_PER_S + now.tv_nsec / 1000;
}


int64_t
ngx_http_trivet_ticks_ns(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}


/* ---- directives -------------------------------------------------------- */

static char *
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


static char *
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


static char *
ngx_http_trivet_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t *clcf;

    (void) cmd;
    (void) conf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_trivet_identity_handler;

    return NGX_CONF_OK;
}


/* ---- configuration ----------------------------------------------------- */

static void *
ngx_http_trivet_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_main_conf_t));
    if (tmcf == NULL) {
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
    tmcf->max_connections = NGX_CONF_UNSET;
    tmcf->temp_limit = NGX_CONF_UNSET_SIZE;
    tmcf->prune_ages = trivet_prune_ages_default;
    tmcf->prune_every_s = NGX_CONF_UNSET;

    return tmcf;
}


static char *
ngx_http_trivet_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    (void) cf;

    ngx_conf_init_value(tmcf->sandbox, 0);
    ngx_conf_init_value(
        tmcf->session_timeout, TRIVET_DEFAULT_SESSION_TIMEOUT_S);
    ngx_conf_init_value(tmcf->key_lifetime, TRIVET_DEFAULT_KEY_LIFETIME_S);
    ngx_conf_init_size_value(tmcf->memo_size, 4 * 1024 * 1024);
    ngx_conf_init_value(tmcf->max_connections, 0);
    ngx_conf_init_size_value(tmcf->temp_limit, 256 * 1024 * 1024);
    ngx_http_trivet_init_prune_conf(tmcf);

    return NGX_CONF_OK;
}


static void *
ngx_http_trivet_create_srv_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_srv_conf_t));
}


static void *
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


static char *
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
    ngx_conf_merge_ptr_value(conf->profile, prev->profile,
        trivet_profile_find(trivet_slice_text("strict")));
    ngx_conf_merge_ptr_value(conf->upgrades, prev->upgrades, NULL);
    ngx_conf_merge_uint_value(conf->preflight, prev->preflight, 0);

    if (conf->calls || conf->protect) {
        tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);
        if (ngx_http_trivet_note_server(cf, tmcf) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_trivet_check_location(cf, conf) == NGX_OK ? NGX_CONF_OK
                                                              : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_trivet_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_trivet_add_variables(cf);
}


static void
ngx_http_trivet_init_authority(ngx_http_trivet_main_conf_t *tmcf)
{
    tmcf->explaining.ticks_ns = ngx_http_trivet_ticks_ns;
    tmcf->authority = (struct trivet_authority_config){
        .psp_roots = tmcf->psp_roots,
        .store_url = (const char *) tmcf->store_url.data,
        .server_keys = tmcf->server_keys,
        .num_server_keys = tmcf->key_paths.nelts,
        .is_sandbox = tmcf->sandbox,
        .session_timeout_s = tmcf->session_timeout,
        .key_lifetime_s = tmcf->key_lifetime,
        .now_us = ngx_http_trivet_now_us,
        .offset_us = ngx_http_trivet_clock_offset_us,
        .doomed_session = ngx_http_trivet_doomed_session,
        .ticks_ns = tmcf->metrics == NULL ? NULL : ngx_http_trivet_ticks_ns,
        .seen = &tmcf->seen,
        .refusals = &tmcf->refusals,
        .explaining = &tmcf->explaining,
        .memos = &tmcf->memos,
    };
}


static ngx_int_t
ngx_http_trivet_add_handler(
    ngx_conf_t *cf, ngx_uint_t phase, ngx_http_handler_pt handler)
{
    ngx_http_handler_pt *added;
    ngx_http_core_main_conf_t *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    added = ngx_array_push(&cmcf->phases[phase].handlers);
    if (added == NULL) {
        return NGX_ERROR;
    }

    *added = handler;

    return NGX_OK;
}


/* Of a phase's handlers the last one is the first to be called: ours come
 * before all that nginx brings, and an incident before them. */
static ngx_int_t
ngx_http_trivet_add_handlers(ngx_conf_t *cf)
{
    static const struct {
        ngx_uint_t phase;
        ngx_http_handler_pt handler;
    } handlers[] = {
        {NGX_HTTP_REWRITE_PHASE, ngx_http_trivet_rewrite_handler},
        {NGX_HTTP_ACCESS_PHASE, ngx_http_trivet_access_handler},
        {NGX_HTTP_PRECONTENT_PHASE, ngx_http_trivet_precontent_handler},
        {NGX_HTTP_LOG_PHASE, ngx_http_trivet_log_handler},
    };

    ngx_uint_t i;

    for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (ngx_http_trivet_add_handler(
                cf, handlers[i].phase, handlers[i].handler)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The module is loaded, but no location uses it: then it needs nothing. */
static ngx_int_t
ngx_http_trivet_postconfiguration(ngx_conf_t *cf)
{
    struct trivet_error err;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);

    if (tmcf->is_used && ngx_http_trivet_add_handlers(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_init_incidents(cf, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!tmcf->is_used) {
        return NGX_OK;
    }

    if (ngx_http_trivet_check_servers(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (tmcf->store_url.len == 0 || tmcf->key_paths.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"trivet_store\" and \"trivet_server_key\" must be set");
        return NGX_ERROR;
    }

    if (ngx_http_trivet_load_keys(cf, tmcf) != NGX_OK
        || ngx_http_trivet_add_memos(cf, tmcf) != NGX_OK
        || ngx_http_trivet_add_connections(cf, tmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    tmcf->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (tmcf->thread_pool == NULL) {
        return NGX_ERROR;
    }

    if (tmcf->psp_ca.len > 0 && ngx_http_trivet_load_roots(cf, tmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_trivet_init_authority(tmcf);

    if (trivet_seen_init(&tmcf->seen) != TRIVET_OK) {
        return NGX_ERROR;
    }

    if (trivet_authority_check(&tmcf->authority, &err) != TRIVET_OK) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "trivet_store: %s", err.detail);
        return NGX_ERROR;
    }

    if (ngx_http_trivet_name_request_ids(cf, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_trivet_init_filters();
    ngx_http_trivet_init_spool();

    return ngx_http_trivet_watch_peers(cf, tmcf);
}


/* ---- the worker -------------------------------------------------------- */

static ngx_int_t
ngx_http_trivet_init_module(ngx_cycle_t *cycle)
{
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_trivet_module);

    return tmcf == NULL ? NGX_OK : ngx_http_trivet_watch_sockets(cycle, tmcf);
}


/* Opens the store before there are requests; it may be opened later. */
static void
ngx_http_trivet_look_at_store(
    ngx_cycle_t *cycle, struct trivet_authority *authority)
{
    const char *notice;
    struct trivet_error err;

    if (trivet_authority_check_store(authority, &err) != TRIVET_OK) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "trivet: %s", err.detail);
        return;
    }

    notice = trivet_authority_notice(authority);
    if (notice != NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "trivet: %s", notice);
    }
}


static ngx_int_t
ngx_http_trivet_init_process(ngx_cycle_t *cycle)
{
    struct trivet_error err;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_trivet_module);
    if (tmcf != NULL) {
        ngx_http_trivet_take_sandbox(tmcf);
    }

    if (tmcf == NULL || !tmcf->is_used) {
        return NGX_OK;
    }

    if (ngx_http_trivet_take_connections(cycle, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_trivet_take_request_ids(cycle, tmcf);

    tmcf->digest = trivet_digest_new();
    if (tmcf->digest == NULL || ngx_http_trivet_init_threads() != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_open_keys(cycle, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    tmcf->group = trivet_group_new(tmcf->authority.store_url);
    if (tmcf->group == NULL) {
        return NGX_ERROR;
    }

    tmcf->authority.group = tmcf->group;

    if (trivet_authority_new(&tmcf->authority, &tmcf->authority_here, &err)
        != TRIVET_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "trivet: %s", err.detail);
        return NGX_ERROR;
    }

    ngx_http_trivet_look_at_store(cycle, tmcf->authority_here);

    if (ngx_http_trivet_start_chores(cycle, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_trivet_start_pruning(cycle, tmcf);
}


static void
ngx_http_trivet_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t are_ended;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_trivet_module);

    if (tmcf != NULL && tmcf->is_used) {
        ngx_http_trivet_leave_connections();
        are_ended = ngx_http_trivet_end_threads();
        trivet_authority_free(tmcf->authority_here);
        ngx_http_trivet_end_chores(tmcf);

        if (are_ended) { /* otherwise one may still be in it */
            trivet_group_free(tmcf->group);
            trivet_request_ids_close(&tmcf->request_ids);
        }
    }
}


/* ---- the request's context --------------------------------------------- */

void
ngx_http_trivet_cleanup_ctx(void *data)
{
    ngx_http_trivet_ctx_t *ctx = data;

    trivet_answer_release(&ctx->answer);
    trivet_body_free(&ctx->page);
    trivet_digest_free(ctx->digest);
}


ngx_http_trivet_ctx_t *
ngx_http_trivet_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_trivet_module);
    if (ctx != NULL || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    /* An internal redirect clears contexts, not the pool. */
    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_trivet_cleanup_ctx
            && ((ngx_http_trivet_ctx_t *) cln->data)->owner == r)
        {
            ctx = cln->data;
            ngx_http_set_ctx(r, ctx, ngx_http_trivet_module);
            break;
        }
    }

    return ctx;
}


ngx_http_trivet_ctx_t *
ngx_http_trivet_make_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r);
    if (ctx != NULL) {
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_trivet_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_trivet_ctx_t));
    trivet_answer_init(&ctx->answer);
    ctx->owner = r;
    ctx->http_version = r->http_version;
    cln->handler = ngx_http_trivet_cleanup_ctx;

    ngx_http_set_ctx(r, ctx, ngx_http_trivet_module);
    ngx_http_trivet_remember_original(r, ctx);
    ngx_http_trivet_read_headers(ctx);

    return ctx;
}
