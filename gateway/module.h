/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module.h - what the files of the nginx module share
 *
 * admission.c  access phase: reads the request, asks the authority, refuses
 * subrequest.c precontent phase: the same for what has no access phase
 * original.c   the request as its caller sent it, whatever became of it since
 * neighbour.c  what other modules' directives would let past us
 * upgrading.c  other protocols on the same connection (WebSocket)
 * preflight.c  what a browser asks before it sends a request
 * task.c       the only place that may block, on nginx's thread pool
 * chores.c     what a worker does on the store for no request
 * answering.c  sends answers of our own: refusals, the protocol's calls
 * signing.c    filters: signs what the API behind answers
 * collecting.c keeps its body back until it is whole
 * connections.c  how many connections an address may have
 * interim.c    passes over interim answers of the API
 * spool.c      temporary files: how much bodies and answers may take
 * looking.c    whose token is it, before anybody is asked
 * evidence.c   what the sandbox explains a refused signature by
 * headers.c    reads the request's header, strips and adds fields
 * forwarded.c  fields that only a proxy may send: the table
 * metrics.c    counters that all workers share; probes
 * variables.c  $trivet_...
 * request_ids.c  memory for the ids of requests
 * memos.c      signatures that all workers remember together
 * pruning.c    removes what nobody uses any more
 * rates.c      rate limits: what nginx counts, what a 429 says
 * incidents.c  the sandbox's clock, and its failures on purpose
 * keys.c       the server's keys: files, hardware
 * module.c     directives
 */
#ifndef TRIVET_GATEWAY_MODULE_H
#define TRIVET_GATEWAY_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "authority/authority.h"
#include "sandbox/state.h"
#include "base/duration.h"
#include "core/rate.h"

typedef struct ngx_http_trivet_metrics_s ngx_http_trivet_metrics_t;
typedef struct ngx_http_trivet_connections_s ngx_http_trivet_connections_t;
typedef struct ngx_http_trivet_interim_s ngx_http_trivet_interim_t;
typedef struct ngx_http_trivet_spooled_s ngx_http_trivet_spooled_t;
typedef struct ngx_http_trivet_pruning_s ngx_http_trivet_pruning_t;

typedef struct {
    ngx_str_t store_url;
    ngx_str_t psp_ca;
    struct trivet_psp_roots *psp_roots; /* NULL: none */
    ngx_array_t key_paths;              /* of ngx_str_t: files, URIs */
    ngx_flag_t sandbox;
    ngx_str_t sandbox_path;
    struct trivet_sandbox *sandbox_state; /* NULL: no such file */
    ngx_int_t session_timeout;
    ngx_int_t key_lifetime;
    size_t memo_size;
    size_t temp_limit;     /* bytes of temporary files of a worker */
    ngx_path_t *temp_path; /* of answers; NULL: as bodies */
    struct trivet_prune_ages prune_ages;
    ngx_int_t prune_every_s;
    ngx_int_t max_connections; /* of an address; 0: any number */
    ngx_array_t *exempt;       /* of ngx_cidr_t; NULL: nobody */
    ngx_array_t servers;       /* of ngx_http_core_srv_conf_t *, that use us */
    ngx_array_t ports;         /* of in_port_t, of these servers */
    ngx_shm_zone_t *connections; /* NULL: they are not counted */
    ngx_uint_t is_used;          /* by a location */

    ngx_thread_pool_t *thread_pool;
    struct trivet_server_key server_keys[TRIVET_MAX_SERVER_KEYS];
    ngx_fd_t token_lock; /* of the worker that opens hardware */
    struct trivet_authority_config authority;
    ngx_shm_zone_t *metrics;               /* NULL: nobody asks for them */
    ngx_uint_t has_request_ids;            /* a profile asks for them */
    ngx_str_t request_ids_path;            /* with a NUL */
    struct trivet_request_ids request_ids; /* of this worker */
    struct trivet_memos memos;

    /* of this worker */
    off_t temp_used; /* of temp_limit */
    struct trivet_refusals refusals;
    struct trivet_seen seen; /* the latest time */
    ngx_msec_t time_told;    /* in the log that the clock is behind */
    ngx_uint_t is_time_told;
    ngx_msec_t time_checked; /* by a chore */
    struct trivet_explaining explaining;
    ngx_thread_task_t *chore;
    ngx_event_t chore_timer;
    ngx_uint_t is_chore_posted;
    struct trivet_signer *signers[TRIVET_MAX_SERVER_KEYS];
    struct trivet_digest *digest;
    u_char uuids[64 * TRIVET_UUID_LEN];
    size_t uuids_left;                       /* bytes not given yet   */
    struct trivet_group *group;              /* of its threads    */
    struct trivet_authority *authority_here; /* of the event loop */
    ngx_array_t *peers;                      /* repeating.c */
} ngx_http_trivet_main_conf_t;


typedef struct {
    ngx_flag_t calls;
    ngx_flag_t protect;
    ngx_flag_t pass_credentials;
    ngx_flag_t pass_forwarded;
    ngx_uint_t preflight;  /* 1: pass */
    ngx_array_t *upgrades; /* of ngx_str_t; NULL: none */
    ngx_uint_t is_asking;  /* auth_request: see neighbour.c */
    ngx_uint_t is_early;   /* judged in the rewrite phase: the same */
    ngx_uint_t require_signature;
    size_t answer_limit;
    size_t answer_buffer;
    const struct trivet_profile *profile;
    ngx_uint_t probes_store; /* trivet_probe ready */
} ngx_http_trivet_loc_conf_t;


typedef struct {
    ngx_uint_t is_protected; /* a part of it, at least */
} ngx_http_trivet_srv_conf_t;


/* A request as its caller sent it. nginx and this module change its fields, its
 * method and its URI later on; what was signed are these. */
typedef struct {
    ngx_list_part_t fields; /* of ngx_table_elt_t */
    ngx_str_t method;
    ngx_str_t target;
} ngx_http_trivet_original_t;


/* How far a request has come. */
typedef enum {
    NGX_HTTP_TRIVET_NEW = 0,
    NGX_HTTP_TRIVET_LOOKED,  /* nothing speaks against its body so far     */
    NGX_HTTP_TRIVET_READING, /* its body                                   */
    NGX_HTTP_TRIVET_JUDGING, /* on a pool thread                           */
    NGX_HTTP_TRIVET_JUDGED
} ngx_http_trivet_state_e;


/* What the filters do with an answer. */
typedef enum {
    NGX_HTTP_TRIVET_PASS = 0,
    NGX_HTTP_TRIVET_COLLECT, /* keep header and body back, then sign       */
    NGX_HTTP_TRIVET_REPLACE, /* nginx's error page by ours                 */
    NGX_HTTP_TRIVET_SEND     /* what was collected is on its way           */
} ngx_http_trivet_mode_e;


typedef struct {
    ngx_http_request_t *owner; /* main request or subrequest */
    ngx_http_trivet_state_e state;
    ngx_http_trivet_original_t original; /* the main request */
    struct trivet_request request;
    struct trivet_answer answer;
    struct trivet_slice head;  /* signed in front of the body */
    ngx_str_t allow;           /* of a 405                 */
    ngx_str_t request_id;      /* to be echoed             */
    enum trivet_reason reason; /* of a refusal, or NONE    */
    ngx_http_trivet_loc_conf_t *judged_by;
    ngx_str_t judged_uri;
    ngx_str_t judged_method;
    ngx_str_t upgrade;         /* what the API may change to; empty: nothing */
    ngx_uint_t http_version;   /* of the request           */
    unsigned is_admitted : 1;  /* by judged_by, with judged_uri           */
    unsigned is_preflight : 1; /* admitted without being anybody's        */
    unsigned is_own : 1;       /* the answer is ours       */
    unsigned has_user_agent : 1;
    unsigned has_cache_control : 1;
    unsigned is_delayed : 1;             /* incidents.c              */
    unsigned is_body_unnamed : 1;        /* spool.c */
    off_t body_len;                      /* spool.c: of it, so far */
    off_t body_room;                     /* the same: taken for it */
    ngx_http_trivet_spooled_t *spooled;  /* NULL: nothing      */
    ngx_http_trivet_interim_t *interim;  /* NULL: none         */
    unsigned is_unanswered : 1;          /* repeating.c */
    ngx_http_handler_pt content_handler; /* the same: the location's */
    void *work;                          /* metrics.c                */

    /* signing.c */
    ngx_http_trivet_mode_e mode;
    void (*upstream_ends)(ngx_http_request_t *r, ngx_int_t rc);
    unsigned is_given_up : 1;
    const struct trivet_body *whole; /* what REPLACE sends */
    struct trivet_body page;         /* of REPLACE               */
    ngx_chain_t *collected;
    ngx_chain_t **last;
    ngx_buf_t *chunk; /* being filled             */
    size_t len;       /* collected, in bytes      */
    size_t next_chunk;
    ngx_temp_file_t *spool;
    struct trivet_digest *digest; /* of a spooled body        */
    ngx_output_chain_ctx_t *out;
} ngx_http_trivet_ctx_t;


extern ngx_module_t ngx_http_trivet_module;

/* The request's context, which survives internal redirects; NULL when there
 * is none. A subrequest has one of its own. */
ngx_http_trivet_ctx_t *ngx_http_trivet_get_ctx(ngx_http_request_t *r);
/* The same, made when there is none; NULL when memory ran out. */
ngx_http_trivet_ctx_t *ngx_http_trivet_make_ctx(ngx_http_request_t *r);
/* Marks it among the cleanups of the request's pool; releases it. */
void ngx_http_trivet_cleanup_ctx(void *data);

/* keys.c: when the configuration is read, and in each worker. */
/* The same of trivet_psp_ca's file. */
ngx_int_t ngx_http_trivet_load_roots(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
ngx_int_t ngx_http_trivet_load_keys(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
ngx_int_t ngx_http_trivet_open_keys(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);

/* admission.c */
ngx_int_t ngx_http_trivet_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_trivet_rewrite_handler(ngx_http_request_t *r);
/* Whether two locations ask for the same, and pass on the same. */
ngx_uint_t ngx_http_trivet_is_same_rule(const ngx_http_trivet_loc_conf_t *one,
    const ngx_http_trivet_loc_conf_t *other);
/* NGX_OK: the request is admitted. NGX_AGAIN, NGX_DONE: not yet, or answered.
 * In a location of ours, main request or not. */
ngx_int_t ngx_http_trivet_admit(
    ngx_http_request_t *r, ngx_http_trivet_loc_conf_t *tlcf);

/* subrequest.c */
ngx_int_t ngx_http_trivet_precontent_handler(ngx_http_request_t *r);
/* Whether what admitted the main request admits this subrequest of it, too;
 * then ctx says so. */
ngx_uint_t ngx_http_trivet_admit_with_main(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Whether the id of the caller's request is used up: by the main request, or by
 * a subrequest. */
ngx_uint_t ngx_http_trivet_is_id_counted(ngx_http_request_t *r);
/* What a subrequest is refused with: those that wait for it understand 401, 403
 * and the server's own failures. */
unsigned ngx_http_trivet_subrequest_status(unsigned status);

/* original.c */
void ngx_http_trivet_remember_original(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* How many fields of that name (in lower case) the caller sent; *out (may be
 * NULL) is the last one, NULL when there is none. */
ngx_uint_t ngx_http_trivet_find_field(
    ngx_http_trivet_ctx_t *ctx, const char *name, ngx_table_elt_t **out);
/* Of the main request: whether it has a body, whether that can still be read,
 * and whether all of it was read. */
ngx_uint_t ngx_http_trivet_has_body(ngx_http_request_t *r);
ngx_uint_t ngx_http_trivet_is_body_unread(ngx_http_request_t *r);
ngx_uint_t ngx_http_trivet_is_body_whole(ngx_http_request_t *r);
/* What was read of it; NULL: nothing. */
ngx_chain_t *ngx_http_trivet_body(ngx_http_request_t *r);

/* neighbour.c: of a location, and of all servers. */
ngx_int_t ngx_http_trivet_check_location(
    ngx_conf_t *cf, ngx_http_trivet_loc_conf_t *tlcf);
ngx_int_t ngx_http_trivet_check_servers(ngx_conf_t *cf);

/* upgrading.c */
char *ngx_http_trivet_upgrade(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* What the caller asks for and tlcf lets it; empty: nothing. */
ngx_str_t ngx_http_trivet_asked_upgrade(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
/* Whether the API's 101 is one to that. */
ngx_uint_t ngx_http_trivet_is_upgraded(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* preflight.c */
ngx_uint_t ngx_http_trivet_is_preflight(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
/* The caller's: the peer, or what nginx's realip module took for it. */
struct trivet_address ngx_http_trivet_address(ngx_connection_t *c);

/* task.c: whether the request could be admitted here and now; if not, nothing
 * was decided. */
ngx_uint_t ngx_http_trivet_admit_here(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* task.c: hands the request to a pool thread, which fills ctx->answer; then
 * the phases run again. NGX_OK, or NGX_ERROR when that could not be done. */
ngx_int_t ngx_http_trivet_post_task(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* When a worker begins, and when it ends. */
ngx_int_t ngx_http_trivet_init_threads(void);
ngx_uint_t ngx_http_trivet_end_threads(void); /* whether all did */

/* A body of at most size bytes in one piece, in buffer. Blocks. */
enum trivet_status ngx_http_trivet_join_body(
    u_char *buffer, size_t size, ngx_chain_t *body, struct trivet_slice *out);

/* Some other work on a pool thread: must not log, nor touch the request.
 * authority is NULL when memory ran out. Then the request's
 * write_event_handler runs. */
typedef void (*ngx_http_trivet_work_pt)(
    struct trivet_authority *authority, void *data);
ngx_int_t ngx_http_trivet_post_work(
    ngx_http_request_t *r, ngx_http_trivet_work_pt work, void *data);

/* nginx's debug log asks each timer's data for its connection's socket. */
extern ngx_connection_t ngx_http_trivet_no_connection;

/* chores.c: their beginning, and the last of them. Whoever has judged a request
 * has the store told the time, when that is due. */
void ngx_http_trivet_tell_time(ngx_http_trivet_main_conf_t *tmcf);
ngx_int_t ngx_http_trivet_start_chores(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_end_chores(ngx_http_trivet_main_conf_t *tmcf);
/* Work for no request, to be posted again and again; done runs on the event
 * loop with data in ev->data. NULL: no memory. */
ngx_thread_task_t *ngx_http_trivet_make_chore(ngx_cycle_t *cycle,
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_trivet_work_pt work,
    ngx_event_handler_pt done, void *data);

/* connections.c: the directive; when the configuration is read; in the master,
 * once it listens; in a worker, when it begins and when it ends. */
char *ngx_http_trivet_set_connections(
    ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_trivet_add_connections(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
ngx_int_t ngx_http_trivet_watch_sockets(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
ngx_int_t ngx_http_trivet_take_connections(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_leave_connections(void);
/* How many were closed at once; -1: they are not counted. */
int64_t ngx_http_trivet_num_refused(const ngx_http_trivet_main_conf_t *tmcf);

/* repeating.c: when the configuration was read; and before the content of a
 * request that was admitted. */
ngx_int_t ngx_http_trivet_watch_peers(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_watch_content(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* pruning.c */
char *ngx_http_trivet_prune(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_trivet_init_prune_conf(ngx_http_trivet_main_conf_t *tmcf);
ngx_int_t ngx_http_trivet_start_pruning(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);

/* answering.c */
ngx_int_t ngx_http_trivet_send_answer(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Content-Type, exactly application/json, and the length. */
void ngx_http_trivet_set_json(ngx_http_request_t *r, off_t len);
/* Refuses without having asked the authority. */
ngx_int_t ngx_http_trivet_send_refusal(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, enum trivet_reason reason);
/* The same; subject (NULL: none) stands for the "%s" of its text. */
ngx_int_t ngx_http_trivet_send_refusal_of(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, enum trivet_reason reason, const char *subject);
ngx_int_t ngx_http_trivet_identity_handler(ngx_http_request_t *r);
void ngx_http_trivet_log_refusal(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* evidence.c: for the pool thread, which must end with dropping it. buffer has
 * NGX_HTTP_TRIVET_EVIDENCE_SIZE bytes. */
enum { NGX_HTTP_TRIVET_EVIDENCE_SIZE = TRIVET_MAX_EXPLAINED_BODY };

typedef struct {
    struct trivet_evidence evidence;
    ngx_http_trivet_ctx_t *ctx;
    ngx_chain_t *body;
    struct trivet_slice joined; /* the same in one piece, when it already is */
    u_char *buffer;
    size_t used; /* of the buffer */
} ngx_http_trivet_evidence_t;

void ngx_http_trivet_give_evidence(
    ngx_http_trivet_evidence_t *given, struct trivet_request *request);
void ngx_http_trivet_drop_evidence(
    ngx_http_trivet_evidence_t *given, struct trivet_request *request);

/* headers.c */
/* What the request's scheme signs in front of the body, into ctx->head. */
ngx_int_t ngx_http_trivet_make_request_head(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* The same of the answer, whose fields are all there but the signature. */
ngx_int_t ngx_http_trivet_make_response_head(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, struct trivet_slice *out);
/* Of ctx->original. */
void ngx_http_trivet_read_headers(ngx_http_trivet_ctx_t *ctx);
/* For the API behind: the identity in, credentials and what would change the
 * answer's bytes out. */
ngx_int_t ngx_http_trivet_set_identity(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
void ngx_http_trivet_no_gzip(ngx_http_request_t *r);
/* Takes fields out of the answer that are ours alone to give. */
void ngx_http_trivet_drop_headers(ngx_http_request_t *r);
/* The answer's X-Bunq-* fields, but for the signature. */
ngx_int_t ngx_http_trivet_add_headers(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
ngx_int_t ngx_http_trivet_add_header(
    ngx_http_request_t *r, const char *name, ngx_str_t *value);
/* Signs digest with the installation's server key. */
ngx_int_t ngx_http_trivet_add_signature(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, const unsigned char digest[TRIVET_DIGEST_LEN]);

/* forwarded.c */
/* Whether a field of that name is one that only a proxy may send. */
ngx_uint_t ngx_http_trivet_is_forwarded(ngx_str_t *name);
/* What nginx keeps of such fields beside their list, such as for
 * $proxy_add_x_forwarded_for. */
void ngx_http_trivet_forget_forwarded(ngx_http_request_t *r);

/* signing.c */
void ngx_http_trivet_init_filters(void);

/* collecting.c */
/* Starts the digest of an answer by what is signed in front of its body. */
ngx_int_t ngx_http_trivet_start_digest(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, struct trivet_digest *digest);
/* Anew: an answer before this one may have been given up half-way. */
void ngx_http_trivet_start_collecting(ngx_http_trivet_ctx_t *ctx);
/* Adds the bytes of b, which is in memory; NONE, or why it could not. */
enum trivet_reason ngx_http_trivet_keep(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf, ngx_buf_t *b);
/* The digest of all that was kept, behind what is signed in front of it. */
ngx_int_t ngx_http_trivet_finish_digest(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, unsigned char out[TRIVET_DIGEST_LEN]);
/* What goes out after the header: the chunks, the file, or nothing at all. */
ngx_chain_t *ngx_http_trivet_make_output(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* interim.c: before the request leaves for the API. */
void ngx_http_trivet_watch_interims(ngx_http_request_t *r);

/* spool.c */
/* A body of that many bytes may come before anybody looked at the token. */
enum { NGX_HTTP_TRIVET_FREE_BODY = 64 * 1024 };
void ngx_http_trivet_init_spool(void);
/* Whether the body, which is still to be read, may take more than that, or a
 * file. */
ngx_uint_t ngx_http_trivet_is_body_costly(ngx_http_request_t *r);
/* NONE, or why there is no room for a body of the length that it tells. */
enum trivet_reason ngx_http_trivet_expect_body(ngx_http_request_t *r);
/* Counts size bytes that are about to go into a temporary file, until the
 * request ends; NONE, or why they may not. */
enum trivet_reason ngx_http_trivet_take_room(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, off_t size);
/* Takes the name of a file that is there, so that it ends with the worker. */
void ngx_http_trivet_unname(ngx_temp_file_t *tf);

/* looking.c */
/* Whether nothing speaks against having the request's body; if something
 * does, or it is not known, nothing was decided. */
ngx_uint_t ngx_http_trivet_may_send_body(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Fills server_key and identity of ctx->answer when the token is known, for an
 * answer that nobody is asked for. */
void ngx_http_trivet_find_signer(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

/* request_ids.c. Names their file, after the store's; opens it in a worker, or
 * tells why not; tries again what failed. */
ngx_int_t ngx_http_trivet_name_request_ids(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_take_request_ids(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_retry_request_ids(
    ngx_http_trivet_main_conf_t *tmcf, ngx_log_t *log);

/* metrics.c */
char *ngx_http_trivet_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_trivet_probe(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_trivet_log_handler(ngx_http_request_t *r);

/* memos.c */
ngx_int_t ngx_http_trivet_add_memos(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);

/* incidents.c: when the configuration is read, before the filters of
 * signing.c; and in each worker. */
ngx_int_t ngx_http_trivet_init_incidents(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_take_sandbox(ngx_http_trivet_main_conf_t *tmcf);
/* How far the clock is put on; outside the sandbox not at all. The first is
 * for a process whose worker has begun. */
int64_t ngx_http_trivet_now_us(void);
int64_t ngx_http_trivet_clock_offset_us(void);
int64_t ngx_http_trivet_clock_offset_s(ngx_http_trivet_main_conf_t *tmcf);
int64_t ngx_http_trivet_doomed_session(void);
/* Another address in place of the caller's, while that incident is on. */
void ngx_http_trivet_flip_address(
    ngx_http_trivet_main_conf_t *tmcf, struct trivet_address *address);

/* module.c: a clock to measure with. */
int64_t ngx_http_trivet_ticks_ns(void);

/* rates.c */
/* $trivet_rate_...: data is the enum trivet_rate_class. */
ngx_int_t ngx_http_trivet_rate_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
/* What limit a 429 names, into out: then ctx->reason is the one that has it,
 * and the result is out; NULL where the answer is another, or no limit is
 * known. */
const char *ngx_http_trivet_name_limit(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, char out[TRIVET_RATE_TEXT_SIZE]);

/* variables.c */
ngx_int_t ngx_http_trivet_add_variables(ngx_conf_t *cf);

static ngx_inline struct trivet_slice
ngx_http_trivet_slice(ngx_str_t str)
{
    return trivet_slice_make(str.data, str.len);
}

#endif
