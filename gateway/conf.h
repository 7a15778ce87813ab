/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - the module's configuration */
#ifndef TRIVET_GATEWAY_CONF_H
#define TRIVET_GATEWAY_CONF_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "authority/authority.h"

struct trivet_answers;
struct trivet_determinism;
struct trivet_sandbox;
typedef struct ngx_http_trivet_worker_s ngx_http_trivet_worker_t;

typedef struct {
    ngx_str_t store_url;
    ngx_str_t chain;              /* of the audit log; NULL: main */
    ngx_int_t checkpoint_every_s; /* 0: never */
    ngx_str_t psp_ca;
    struct trivet_psp_roots *psp_roots;   /* NULL: none */
    ngx_array_t key_paths;                /* of ngx_str_t: files, URIs */
    struct trivet_announcement announced; /* trivet_pins; of none: none */
    ngx_flag_t sandbox;
    ngx_str_t sandbox_path;
    struct trivet_sandbox *sandbox_state; /* NULL: no such file */
    ngx_str_t deterministic_path;
    struct trivet_determinism *determinism; /* NULL: no such file */
    ngx_str_t incident_key;                 /* a file; none: empty */
    ngx_int_t session_timeout;
    ngx_int_t key_lifetime;
    size_t memo_size;
    size_t cache_size;     /* of sessions, in a store of several gateways */
    ngx_msec_t refresh_ms; /* of its list of changes                      */
    ngx_msec_t staleness_ms;
    ngx_uint_t lanes;      /* 1: auto */
    size_t temp_limit;     /* bytes of temporary files of a worker */
    size_t answer_memory;  /* bytes of chunks.c of a worker        */
    ngx_path_t *temp_path; /* of answers; NULL: as bodies */
    struct trivet_prune_ages prune_ages;
    ngx_int_t prune_every_s;
    ngx_int_t max_connections; /* of an address; 0: any number */
    ngx_array_t *exempt;       /* of ngx_cidr_t; NULL: nobody */
    ngx_array_t servers;       /* of ngx_http_core_srv_conf_t *, that use us */
    ngx_array_t ports;         /* of in_port_t, of these servers */
    ngx_shm_zone_t *connections;  /* NULL: they are not counted */
    ngx_flag_t has_device_rates;  /* trivet_rate_limits 2026 */
    ngx_shm_zone_t *device_rates; /* NULL: they are not counted */
    ngx_flag_t counts_openings;   /* trivet_rate_limits classic */
    ngx_int_t journal_size;       /* requests; 0: no journal */
    ngx_shm_zone_t *journal;      /* NULL: none is kept */
    ngx_shm_zone_t *store_cache;  /* NULL: no other gateway uses the store */
    ngx_uint_t is_used;           /* by a location */

    /* what the above comes to */
    ngx_thread_pool_t *thread_pool;
    struct trivet_server_key server_keys[TRIVET_NUM_KEY_PLACES];
    ngx_fd_t token_lock;        /* of the worker that opens hardware */
    ngx_shm_zone_t *metrics;    /* NULL: no location shows them */
    ngx_uint_t has_request_ids; /* a profile asks for them */
    ngx_str_t request_ids_path; /* with a NUL */
    struct trivet_memos memos;
    ngx_array_t *peers;               /* repeating.c */
    ngx_http_trivet_worker_t *worker; /* never NULL */
} ngx_http_trivet_main_conf_t;


/* trivet_encryption is not given: optional in calls of ours, else off. */
#define NGX_HTTP_TRIVET_ENCRYPTION_UNSET ((ngx_uint_t) 3)

typedef struct {
    ngx_flag_t calls;
    ngx_flag_t protect;
    ngx_flag_t pass_credentials;
    ngx_flag_t pass_forwarded;
    ngx_uint_t preflight;  /* 1: pass */
    ngx_array_t *upgrades; /* of ngx_str_t; NULL: none */
    ngx_uint_t is_asking;  /* auth_request: see neighbour.c */
    ngx_uint_t is_early;   /* decided in the rewrite phase: the same */
    ngx_uint_t require_signature;
    size_t answer_limit;
    size_t answer_buffer;
    const struct trivet_profile *profile;
    ngx_uint_t encryption;   /* of enum trivet_encryption_rule, or UNSET */
    ngx_uint_t probes_store; /* trivet_probe ready */
    struct trivet_answers *answers;            /* trivet_answers; NULL: none */
    ngx_shm_zone_t *made;                      /* the same: what POSTs made */
    struct ngx_http_trivet_console_s *console; /* trivet_console; NULL: none */
} ngx_http_trivet_loc_conf_t;


typedef struct {
    ngx_uint_t is_protected; /* a part of it, at least */
} ngx_http_trivet_srv_conf_t;

extern ngx_module_t ngx_http_trivet_module;

/* What nginx calls: defaults of a level, and what a location inherits. */
void *ngx_http_trivet_create_main_conf(ngx_conf_t *cf);
char *ngx_http_trivet_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_trivet_create_srv_conf(ngx_conf_t *cf);
void *ngx_http_trivet_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_trivet_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

/* Directives. */
char *ngx_http_trivet_server_key(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_trivet_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_trivet_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Whether two locations ask for the same, and pass on the same. */
ngx_uint_t ngx_http_trivet_is_same_rule(const ngx_http_trivet_loc_conf_t *one,
    const ngx_http_trivet_loc_conf_t *other);

#endif
