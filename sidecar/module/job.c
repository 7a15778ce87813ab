/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.c - a request that is a call, on a pool thread: the only place that may
 * block
 *
 * The thread reads what the event loop leaves alone meanwhile (the body's
 * buffers and the header's text: the request is kept alive by
 * r->main->blocked) and writes nothing but the outcome.
 */
#include "sidecar/module/job.h"

#include "sidecar/module/body.h"
#include "sidecar/module/calling.h"
#include "sidecar/module/context.h"
#include "sidecar/module/notes.h"

#include "client/clock.h"
#include "crypto/digest.h"


enum {
    NGX_HTTP_TRIVET_PROXY_GUARD_MS = 60000,
    /* Of a body. nginx refuses a larger one by client_max_body_size. */
    NGX_HTTP_TRIVET_PROXY_MAX_BODY = 64 * 1024 * 1024
};


/* nginx's debug log asks each timer for its connection's socket. */
static ngx_connection_t ngx_http_trivet_proxy_no_connection = {
    .fd = (ngx_socket_t) -1,
};


/* ---- a call with a key -------------------------------------------------- */

/* Of all that makes the call what it is: who makes it where, and what. */
static enum trivet_status
ngx_http_trivet_proxy_digest_call(struct trivet_context *context,
    const struct trivet_call *call, unsigned char out[TRIVET_DIGEST_LEN])
{
    size_t i;
    enum trivet_status status;
    struct trivet_digest *digest;
    struct trivet_context_info info;
    const char *texts[] = {info.base_url, call->method, call->path};

    digest = trivet_digest_new();
    if (digest == NULL) {
        return TRIVET_E_MEMORY;
    }

    trivet_context_describe(context, &info);

    trivet_digest_start(digest);
    trivet_digest_add(
        digest, trivet_slice_make(&info.user_id, sizeof(info.user_id)));
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        trivet_digest_add(digest, /* each with its NUL */
            trivet_slice_make(texts[i], ngx_strlen(texts[i]) + 1));
    }
    trivet_digest_add(digest, trivet_slice_make(call->body, call->body_len));
    status = trivet_digest_finish(digest, out);
    trivet_digest_free(digest);

    return status;
}


/* Refused before anything was done: then the same call may be made again. */
static ngx_uint_t
ngx_http_trivet_proxy_is_refused(const struct trivet_answer *answer)
{
    return answer->status == 401 || answer->status == 403
           || answer->status == 429;
}


static void
ngx_http_trivet_proxy_call_held(ngx_http_trivet_proxy_job_t *job,
    struct trivet_context *context, const struct trivet_call *call)
{
    struct trivet_error err;

    ngx_http_trivet_proxy_call(job, context, call);

    if (job->failure != TRIVET_FAILURE_NONE) {
        if (!trivet_failure_may_have_acted(job->failure)) {
            trivet_keeping_drop(job->keeping);
        }
        return;
    }

    if (ngx_http_trivet_proxy_is_refused(job->answer)) {
        trivet_keeping_drop(job->keeping);
        return;
    }

    /* The caller has the answer all the same. */
    if (trivet_keeping_answer(job->keeping, job->answer, &err) != TRIVET_OK) {
        ngx_http_trivet_proxy_take_note(
            job, &(struct trivet_event){TRIVET_EVENT_WARNING, err.detail, 0});
    }
}


/* What is known of the key, but that its call is to be made. */
static void
ngx_http_trivet_proxy_take_kept(
    ngx_http_trivet_proxy_job_t *job, enum trivet_kept kept)
{
    switch (kept) {
    case TRIVET_KEPT_NOTHING:
        break;

    case TRIVET_KEPT_ANSWER:
        job->is_repeated = 1;
        job->shown = &job->keeping->answer;
        break;

    case TRIVET_KEPT_UNKNOWN:
        job->failure = TRIVET_FAILURE_OUTCOME_UNKNOWN;
        (void) trivet_error_set(&job->err, TRIVET_E_OUTCOME_UNKNOWN, "call",
            "a call with this key was sent before, and it is not known whether "
            "the server acted: find out, and then use another key");
        break;

    case TRIVET_KEPT_IN_USE:
        job->failure = TRIVET_FAILURE_KEY_IN_USE;
        break;

    case TRIVET_KEPT_OTHER:
        job->failure = TRIVET_FAILURE_KEY_OTHER;
        break;
    }
}


static void
ngx_http_trivet_proxy_call_with_key(ngx_http_trivet_proxy_job_t *job,
    struct trivet_context *context, const struct trivet_call *call)
{
    const char *folder;
    unsigned char request[TRIVET_DIGEST_LEN];
    enum trivet_kept kept;

    const struct trivet_slice key =
        trivet_slice_make(job->key.data, job->key.len);

    if (ngx_http_trivet_proxy_digest_call(context, call, request) != TRIVET_OK)
    {
        job->failure = TRIVET_FAILURE_INTERNAL;
        return;
    }

    folder = ngx_http_trivet_proxy_kept_folder(job->context);
    if (trivet_keeping_claim(folder, key, request, trivet_clock_now_us(),
            job->keeping, &kept, &job->err)
        != TRIVET_OK)
    {
        job->failure = trivet_failure_of(&job->err);
        return;
    }

    if (kept == TRIVET_KEPT_NOTHING) {
        ngx_http_trivet_proxy_call_held(job, context, call);
        trivet_keeping_release(job->keeping);
        return;
    }

    ngx_http_trivet_proxy_take_kept(job, kept);
}


/* ---- on a pool thread --------------------------------------------------- */

static void
ngx_http_trivet_proxy_call_now(
    ngx_http_trivet_proxy_job_t *job, struct trivet_buffer *copy)
{
    const char *replay = ngx_http_trivet_proxy_replay_folder(job->context);
    struct trivet_call call = job->call;
    struct trivet_slice body;
    struct trivet_context *context;

    if (ngx_http_trivet_proxy_join_body(job->body, copy, &body) != TRIVET_OK) {
        job->failure = TRIVET_FAILURE_INTERNAL;
        return;
    }

    call.body = body.data;
    call.body_len = body.len;

    if (replay != NULL) {
        ngx_http_trivet_proxy_replay(job, replay, &call);
        return;
    }

    if (ngx_http_trivet_proxy_open_context(job->context, &context, &job->err)
        != TRIVET_OK)
    {
        job->failure = trivet_failure_of(&job->err);
        return;
    }

    if (job->keeping == NULL) {
        ngx_http_trivet_proxy_call(job, context, &call);
    } else {
        ngx_http_trivet_proxy_call_with_key(job, context, &call);
    }
}


void
ngx_http_trivet_proxy_make_call(ngx_http_trivet_proxy_job_t *job)
{
    struct trivet_buffer copy =
        trivet_buffer_make(NGX_HTTP_TRIVET_PROXY_MAX_BODY);

    ngx_http_trivet_proxy_call_now(job, &copy);
    trivet_buffer_free(&copy);
}


/* Runs on a pool thread. Must not log, nor touch the request. */
static void
ngx_http_trivet_proxy_job_handler(void *data, ngx_log_t *log)
{
    ngx_http_trivet_proxy_job_t *job = *(ngx_http_trivet_proxy_job_t **) data;

    (void) log;

    ngx_http_trivet_proxy_listen(ngx_http_trivet_proxy_take_note, job);
    job->work(job);
    ngx_http_trivet_proxy_listen(NULL, NULL);
}


/* A worker that was told to shut down ends when no timer is left, whatever its
 * pool threads do: while one works for a request, this timer is there. */
static void
ngx_http_trivet_proxy_guard_handler(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_TRIVET_PROXY_GUARD_MS);
}


/* Back on the event loop. */
static void
ngx_http_trivet_proxy_job_done(ngx_event_t *ev)
{
    ngx_http_trivet_proxy_job_t *job = ev->data;

    ngx_connection_t *c;
    ngx_http_request_t *r;

    r = job->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_del_timer(&job->guard);
    r->main->blocked--;
    r->aio = 0;

    ngx_http_trivet_proxy_log_notes(job);
    job->done(job);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_trivet_proxy_cleanup_job(void *data)
{
    ngx_http_trivet_proxy_job_t *job = data;

    trivet_answer_free(job->answer);
    job->answer = NULL;
    if (job->keeping != NULL) {
        trivet_keeping_release(job->keeping);
    }
    if (job->recording != NULL) {
        trivet_recording_release(job->recording);
        ngx_free(job->recording);
        job->recording = NULL;
    }
}


ngx_http_trivet_proxy_job_t *
ngx_http_trivet_proxy_make_job(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_proxy_job_t *job;

    job = ngx_pcalloc(r->pool, sizeof(ngx_http_trivet_proxy_job_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (job == NULL || cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_trivet_proxy_cleanup_job;
    cln->data = job;
    job->request = r;

    return job;
}


ngx_int_t
ngx_http_trivet_proxy_post_job(ngx_http_trivet_proxy_job_t *job)
{
    ngx_thread_task_t *task;
    ngx_http_request_t *r = job->request;
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_proxy_module);
    job->context = pcf->context;

    task = ngx_thread_task_alloc(r->pool, sizeof(job));
    if (task == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(task->ctx, &job, sizeof(job));
    task->handler = ngx_http_trivet_proxy_job_handler;
    task->event.handler = ngx_http_trivet_proxy_job_done;
    task->event.data = job;

    if (ngx_thread_task_post(pcf->thread_pool, task) != NGX_OK) {
        return NGX_ERROR;
    }

    job->guard.handler = ngx_http_trivet_proxy_guard_handler;
    job->guard.data = &ngx_http_trivet_proxy_no_connection;
    job->guard.log = r->connection->log;
    ngx_add_timer(&job->guard, NGX_HTTP_TRIVET_PROXY_GUARD_MS);

    r->main->blocked++;
    r->aio = 1;

    return NGX_OK;
}
