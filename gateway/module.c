/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - the module: its directives, and where nginx calls it */
#include "gateway/answers.h"
#include "gateway/auditing.h"
#include "gateway/conf.h"
#include "gateway/console.h"
#include "gateway/journal.h"
#include "gateway/connections.h"
#include "gateway/device_rates.h"
#include "gateway/monitoring.h"
#include "gateway/pins.h"
#include "gateway/pruning.h"
#include "gateway/setup.h"
#include "gateway/upgrading.h"
#include "gateway/worker.h"
/* clang-format off */
static ngx_conf_enum_t  ngx_http_trivet_require_signature[] = {
    { ngx_string("off"), 0 },
    { ngx_string("all"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_trivet_lanes[] = {
    { ngx_string("off"), 0 },
    { ngx_string("auto"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_trivet_preflights[] = {
    { ngx_string("refuse"), 0 },
    { ngx_string("pass"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_trivet_encryptions[] = {
    { ngx_string("off"), TRIVET_ENCRYPTION_OFF },
    { ngx_string("optional"), TRIVET_ENCRYPTION_OPTIONAL },
    { ngx_string("required"), TRIVET_ENCRYPTION_REQUIRED },
    { ngx_null_string, 0 }
};


#define NGX_HTTP_TRIVET_ANY \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF


static ngx_conf_num_bounds_t  ngx_http_trivet_timeout_bounds = {
    ngx_conf_check_num_bounds,
    TRIVET_MIN_SESSION_TIMEOUT_S, TRIVET_MAX_SESSION_TIMEOUT_S
};


static ngx_conf_num_bounds_t  ngx_http_trivet_lifetime_bounds = {
    ngx_conf_check_num_bounds, 1, TRIVET_MAX_KEY_LIFETIME_S
};


static ngx_command_t  ngx_http_trivet_commands[] = {

    { ngx_string("trivet_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, store_url),
      NULL },

    { ngx_string("trivet_store_chain"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_store_chain,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_audit_checkpoint"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_audit_checkpoint,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_server_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_server_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_pins"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_trivet_pins,
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

    { ngx_string("trivet_journal"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_set_journal,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_sandbox_state"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, sandbox_path),
      NULL },

    { ngx_string("trivet_deterministic"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, deterministic_path),
      NULL },

    { ngx_string("trivet_incident_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, incident_key),
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

    { ngx_string("trivet_store_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, cache_size),
      NULL },

    { ngx_string("trivet_store_refresh"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, refresh_ms),
      NULL },

    { ngx_string("trivet_store_staleness"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, staleness_ms),
      NULL },

    { ngx_string("trivet_lanes"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, lanes),
      &ngx_http_trivet_lanes },

    { ngx_string("trivet_connections"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_trivet_set_connections,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_rate_limits"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_trivet_set_rate_limits,
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

    { ngx_string("trivet_answer_memory"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_trivet_main_conf_t, answer_memory),
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

    { ngx_string("trivet_encryption"),
      NGX_HTTP_TRIVET_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_trivet_loc_conf_t, encryption),
      &ngx_http_trivet_encryptions },

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

    { ngx_string("trivet_answers"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_http_trivet_answers,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_trivet_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("trivet_console"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_trivet_console,
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
