/* SPDX-License-Identifier: Apache-2.0 */
/* request.h - the context of a request */
#ifndef TRIVET_GATEWAY_REQUEST_H
#define TRIVET_GATEWAY_REQUEST_H

#include "gateway/conf.h"

typedef struct ngx_http_trivet_chunks_s ngx_http_trivet_chunks_t;
typedef struct ngx_http_trivet_interim_s ngx_http_trivet_interim_t;
typedef struct ngx_http_trivet_spooled_s ngx_http_trivet_spooled_t;

/* A request as its caller sent it. nginx and this module change its fields, its
 * method and its URI later on; what was signed are these. */
typedef struct {
    ngx_list_part_t fields; /* of ngx_table_elt_t */
    ngx_str_t method;
    ngx_str_t target;
} ngx_http_trivet_original_t;


#define NGX_HTTP_TRIVET_ENCRYPTION_FIELDS 3

/* A request that came with fields of encryption (decrypting.c). */
typedef struct {
    /* key, IV and HMAC; empty when one did not come exactly once */
    struct trivet_slice fields[NGX_HTTP_TRIVET_ENCRYPTION_FIELDS];
    ngx_uint_t counts[NGX_HTTP_TRIVET_ENCRYPTION_FIELDS];
    ngx_chain_t *body; /* encrypted, as it was received           */
    ngx_chain_t *sent; /* the same, once the plain one is in use  */
    u_char *memory;    /* the plain one; NULL: in file            */
    size_t size;       /* of memory, in bytes                     */
    ngx_temp_file_t *file;
    off_t len; /* of the plain one, in bytes */
} ngx_http_trivet_encryption_t;


/* How far a request has come. */
typedef enum {
    NGX_HTTP_TRIVET_NEW = 0,
    NGX_HTTP_TRIVET_LOOKED,   /* nothing speaks against its body so far     */
    NGX_HTTP_TRIVET_READING,  /* its body                                   */
    NGX_HTTP_TRIVET_DECIDING, /* on a pool thread                           */
    NGX_HTTP_TRIVET_DECIDED
} ngx_http_trivet_state_e;


/* What the filters do with an answer. */
typedef enum {
    NGX_HTTP_TRIVET_PASS = 0,
    NGX_HTTP_TRIVET_COLLECT, /* keep header and body back, then sign       */
    NGX_HTTP_TRIVET_REPLACE, /* nginx's error page by ours                 */
    NGX_HTTP_TRIVET_WAIT,    /* for the signature: nothing goes until then */
    NGX_HTTP_TRIVET_SEND     /* what was collected is on its way           */
} ngx_http_trivet_mode_e;


/* How an answer is sent: the part of a context that belongs to signing.c,
 * collecting.c and replacing.c. No other file uses it. */
typedef struct {
    ngx_http_trivet_mode_e mode;
    void (*upstream_ends)(ngx_http_request_t *r, ngx_int_t rc);
    unsigned is_given_up : 1;
    const struct trivet_buffer *whole; /* what REPLACE sends       */
    struct trivet_buffer page;         /* of REPLACE; owned        */
    ngx_chain_t *collected;            /* in memory, in the order of the body */
    ngx_chain_t *filling;              /* of these; those behind it are empty */
    size_t len;                        /* of the body so far, in bytes */
    size_t room;       /* of the request's own memory, in bytes */
    size_t next_chunk; /* the same: of the next piece of it */
    ngx_http_trivet_chunks_t *chunks;
    ngx_temp_file_t *spool;               /* NULL: all is in memory */
    struct trivet_digest *digest;         /* of a large body; owned */
    struct trivet_encryption *encryption; /* of a collected body; owned */
    struct trivet_encryption_fields *fields;
    unsigned is_signed : 1;      /* what is collected */
    ngx_http_trivet_mode_e then; /* behind WAIT */
    unsigned is_whole : 1;       /* WAIT: its last buffer came */
    ngx_output_chain_ctx_t *out;
} ngx_http_trivet_sending_t;


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
    ngx_http_trivet_loc_conf_t *decided_by;
    ngx_str_t decided_uri;
    ngx_str_t decided_method;
    ngx_str_t upgrade;          /* what the API may change to; empty: nothing */
    ngx_uint_t http_version;    /* of the request           */
    unsigned is_admitted : 1;   /* by decided_by, with decided_uri           */
    unsigned is_preflight : 1;  /* admitted without being anybody's        */
    unsigned is_own : 1;        /* the answer is ours       */
    unsigned has_no_memory : 1; /* its header could not be read */
    unsigned has_user_agent : 1;
    unsigned has_cache_control : 1;
    unsigned is_delayed : 1;                  /* incidents.c              */
    unsigned is_body_unnamed : 1;             /* spool.c */
    off_t body_len;                           /* spool.c: of it, so far */
    off_t body_room;                          /* the same: taken for it */
    ngx_http_trivet_spooled_t *spooled;       /* NULL: nothing      */
    ngx_http_trivet_interim_t *interim;       /* NULL: none         */
    ngx_http_trivet_encryption_t *encryption; /* NULL: plain   */
    unsigned is_put_off : 1;                  /* looking.c: once */
    unsigned checked_lanes;                   /* checks.c; 0: not by it */
    int64_t checked_ns;                       /* the same */
    unsigned is_unanswered : 1;               /* repeating.c */
    ngx_http_handler_pt content_handler;      /* the same: the location's */
    void *work;                               /* metrics.c                */

    ngx_http_trivet_sending_t sending;
} ngx_http_trivet_ctx_t;

/* The request's context, which survives internal redirects; NULL when there
 * is none. A subrequest has one of its own. */
ngx_http_trivet_ctx_t *ngx_http_trivet_get_ctx(ngx_http_request_t *r);

/* From the first byte of its header to now, as $request_time; not below 0. Of
 * the event loop. */
int64_t ngx_http_trivet_took_ms(ngx_http_request_t *r);
/* Marks it among the cleanups of the request's pool; releases it. */
void ngx_http_trivet_cleanup_ctx(void *data);

#endif
