/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - a request that is a call, on a pool thread: the only place that may
 * block */
#ifndef TRIVET_SIDECAR_MODULE_JOB_H
#define TRIVET_SIDECAR_MODULE_JOB_H

#include "sidecar/module/conf.h"
#include "sidecar/module/headers.h"

#include "sidecar/failure.h"
#include "sidecar/keeping.h"
#include "sidecar/queue.h"
#include "sidecar/recording.h"

enum {
    NGX_HTTP_TRIVET_PROXY_MAX_NOTES = 8,
    NGX_HTTP_TRIVET_PROXY_NO_RECEIPT = -1
};

/* What the library told while it worked, to be logged on the event loop. */
typedef struct {
    enum trivet_event_kind kind;
    char text[TRIVET_MAX_ERROR_DETAIL];
} ngx_http_trivet_proxy_note_t;


typedef struct ngx_http_trivet_proxy_job_s ngx_http_trivet_proxy_job_t;

/* On a pool thread: fills in the outcome. Must not log, nor touch the request.
 */
typedef void (*ngx_http_trivet_proxy_work_pt)(ngx_http_trivet_proxy_job_t *job);

/* Back on the event loop: the outcome is there. */
typedef void (*ngx_http_trivet_proxy_done_pt)(ngx_http_trivet_proxy_job_t *job);

struct ngx_http_trivet_proxy_job_s {
    ngx_http_request_t *request;
    ngx_http_trivet_proxy_context_t *context;
    ngx_http_trivet_proxy_work_pt work;
    ngx_http_trivet_proxy_done_pt done;
    ngx_http_trivet_proxy_done_pt tell; /* the caller, and ends the request */

    /* of a call */
    struct trivet_call call; /* but its body */
    struct trivet_header headers[NGX_HTTP_TRIVET_PROXY_MAX_HEADERS];
    ngx_chain_t *body;
    ngx_str_t key; /* of a call whose answer is kept; or empty */
    struct trivet_keeping *keeping; /* NULL without a key */

    /* its turn: turns.c */
    struct trivet_waiter waiter;
    uint64_t caller;
    int64_t since_ms; /* it waits           */
    int64_t end_ms;   /* it waits no longer */
    ngx_event_t late; /* the timer of that  */
    ngx_uint_t num_tries;

    /* The outcome: an answer, which is freed with the request, or a failure. */
    struct trivet_answer *answer;
    const struct trivet_answer *shown;  /* to the caller: it, or another's */
    ngx_uint_t is_repeated;             /* that of an earlier call         */
    struct trivet_recording *recording; /* whose it is; NULL: nobody's */
    enum trivet_failure failure;
    struct trivet_error err;
    const char *advice;    /* what helps; NULL: nothing is known to */
    int64_t receipt;       /* its number; NO_RECEIPT: not kept; 0: none due */
    int64_t retry_after_s; /* of a failure; 0: nothing is said */
    int64_t session_s;     /* monitoring.c */
    ngx_http_trivet_proxy_note_t notes[NGX_HTTP_TRIVET_PROXY_MAX_NOTES];
    ngx_uint_t num_notes;

    ngx_event_t guard; /* its timer keeps a worker that shuts down waiting */
};

/* A job for the request, to be given work and done and posted. NULL: out of
 * memory. */
ngx_http_trivet_proxy_job_t *ngx_http_trivet_proxy_make_job(
    ngx_http_request_t *r);

/* The work of a call. */
void ngx_http_trivet_proxy_make_call(ngx_http_trivet_proxy_job_t *job);

/* Does the work on a pool thread, then calls done. The request is kept
 * meanwhile. NGX_ERROR: it was not posted. */
ngx_int_t ngx_http_trivet_proxy_post_job(ngx_http_trivet_proxy_job_t *job);

#endif
