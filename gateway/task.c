/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.c - the only place that may block, on nginx's thread pool
 *
 * No hop where a look at the store is all that is needed. Else one hop a
 * request: digest its body, ask the authority, come back; or some
 * other work on the store for a request (monitoring.c). The thread reads what
 * the event loop leaves alone meanwhile (the body's buffers and the header's
 * text: the request is kept alive by r->main->blocked) and writes nothing but
 * the answer.
 */
#include "gateway/task.h"

#include "gateway/body.h"
#include "gateway/chores.h"
#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/evidence.h"
#include "gateway/fill.h"
#include "gateway/metrics.h"
#include "gateway/request.h"
#include "gateway/threads.h"
enum { NGX_HTTP_TRIVET_GUARD_MS = 60000 };


_Static_assert(
    (int) NGX_HTTP_TRIVET_EVIDENCE_SIZE <= (int) NGX_HTTP_TRIVET_READ_SIZE,
    "evidence is joined in the thread's buffer");


typedef struct {
    ngx_http_request_t *request;
    ngx_http_trivet_main_conf_t *tmcf;
    ngx_http_trivet_ctx_t *ctx;   /* of a request to decide; else NULL */
    ngx_chain_t *body;            /* of it */
    ngx_http_trivet_work_pt work; /* else */
    void *data;
    ngx_http_event_handler_pt answer; /* when that is done */
    int64_t posted_ns;                /* 0: nobody wants to know */
    ngx_event_t guard; /* its timer keeps a worker that shuts down waiting */
} ngx_http_trivet_job_t;


static enum trivet_status
ngx_http_trivet_run_job(ngx_http_trivet_job_t *job, struct trivet_error *err)
{
    const struct trivet_request *request = &job->ctx->request;
    struct trivet_slice text;
    ngx_http_trivet_thread_t *thread = ngx_http_trivet_get_thread();
    enum trivet_status status = TRIVET_OK;
    ngx_http_trivet_evidence_t given = {.ctx = job->ctx, .body = job->body};
    /* A subrequest's call has none; what was signed is the main request's. */
    bool is_call_body =
        request->call != NULL && job->request == job->request->main;
    size_t joined = TRIVET_MAX_CALL_BODY;

    TRIVET_TRY(ngx_http_trivet_init_thread(thread, job->tmcf, err));
    given.buffer = thread->buffer;
    TRIVET_TRY(ngx_http_trivet_digest_request(
        thread->digest, thread->buffer, job->ctx, job->body));

    if (is_call_body) {
        /* at most TRIVET_MAX_CALL_BODY bytes, which fit */
        status = ngx_http_trivet_join_body(
            thread->buffer, NGX_HTTP_TRIVET_READ_SIZE, job->body, &text);
        if (status == TRIVET_OK) {
            ngx_http_trivet_fill_body(job->ctx, text);
        }
    }

    if (status == TRIVET_OK) {
        joined = request->body.len;
        if (job->tmcf->sandbox) {
            ngx_http_trivet_give_evidence(&given);
        }
        trivet_authority_answer(thread->authority, request, &job->ctx->answer);
        ngx_http_trivet_drop_evidence(&given);
    }

    if (is_call_body) {
        /* An API key may have been in it. How much was joined is not known
         * when that failed. */
        trivet_wipe(thread->buffer, joined);
        ngx_http_trivet_fill_body(job->ctx, trivet_slice_make(NULL, 0));
    }

    return status;
}


/* Runs on a pool thread. Must not log, nor touch the request. */
static void
ngx_http_trivet_work_handler(void *data, ngx_log_t *log)
{
    ngx_http_trivet_job_t *job = data;

    ngx_http_trivet_thread_t *thread = ngx_http_trivet_get_thread();

    (void) log;

    /* Out of memory: the work is told by NULL. */
    (void) ngx_http_trivet_init_thread(thread, job->tmcf, NULL);
    job->work(thread == NULL ? NULL : thread->authority, job->data);
}


static void
ngx_http_trivet_note_wait(ngx_http_trivet_job_t *job)
{
    ngx_http_trivet_metrics_t *metrics;

    if (job->posted_ns == 0) {
        return;
    }

    metrics = job->tmcf->metrics->data;
    ngx_http_trivet_observe(
        &metrics->waiting, ngx_http_trivet_ticks_ns() - job->posted_ns);
}


/* As above. */
static void
ngx_http_trivet_task_handler(void *data, ngx_log_t *log)
{
    ngx_http_trivet_job_t *job = data;

    struct trivet_answer *answer = &job->ctx->answer;
    struct trivet_error err = {.detail = "the body could not be read"};

    (void) log;

    ngx_http_trivet_note_wait(job);

    if (ngx_http_trivet_run_job(job, &err) == TRIVET_OK) {
        return;
    }

    trivet_answer_init(answer);
    answer->error = err;
    trivet_answer_refuse(
        answer, &job->ctx->request, TRIVET_REASON_INTERNAL, NULL);
}


/* A worker that was told to shut down ends when no timer is left, whatever its
 * pool threads do: while one works for a request, this timer is there. */
static void
ngx_http_trivet_guard_handler(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_TRIVET_GUARD_MS);
}


/* Back on the event loop. */
static void
ngx_http_trivet_task_done(ngx_event_t *ev)
{
    ngx_http_trivet_job_t *job = ev->data;

    ngx_connection_t *c;
    ngx_http_request_t *r;

    r = job->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_del_timer(&job->guard);
    r->main->blocked--;
    r->aio = 0;

    if (job->ctx != NULL) {
        job->ctx->state =
            job->ctx->request.is_body_unread
                    && job->ctx->answer.verdict.reason == TRIVET_REASON_NONE
                ? NGX_HTTP_TRIVET_LOOKED
                : NGX_HTTP_TRIVET_DECIDED;
        job->ctx->reason = job->ctx->answer.verdict.reason;
        ngx_http_trivet_tell_time(job->tmcf);
    }

    if (r != r->main && c->error && !r->background) {
        /* The caller is gone, and nginx has left the end of it to the request
         * that is active now, which may be another. A background subrequest
         * ends by itself: the main one may be done, and waits for it. */
        c->write->handler(c->write);
        return;
    }

    if (job->answer != NULL
        && r->write_event_handler == ngx_http_request_empty_handler)
    {
        r->write_event_handler = job->answer; /* nobody has ended it since */
    }

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


static ngx_thread_task_t *
ngx_http_trivet_make_task(
    ngx_http_request_t *r, void (*handler)(void *data, ngx_log_t *log))
{
    ngx_thread_task_t *task;
    ngx_http_trivet_job_t *job;

    task = ngx_thread_task_alloc(r->pool, sizeof(ngx_http_trivet_job_t));
    if (task == NULL) {
        return NULL;
    }

    job = task->ctx;
    job->request = r;
    job->tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    task->handler = handler;
    task->event.handler = ngx_http_trivet_task_done;
    task->event.data = job;

    return task;
}


static ngx_int_t
ngx_http_trivet_post(ngx_http_request_t *r, ngx_thread_task_t *task)
{
    ngx_http_trivet_job_t *job = task->ctx;

    job->posted_ns =
        job->tmcf->metrics == NULL ? 0 : ngx_http_trivet_ticks_ns();

    if (ngx_thread_task_post(job->tmcf->thread_pool, task) != NGX_OK) {
        return NGX_ERROR;
    }

    job->guard.handler = ngx_http_trivet_guard_handler;
    job->guard.data = &ngx_http_trivet_no_connection;
    job->guard.log = r->connection->log;
    ngx_add_timer(&job->guard, NGX_HTTP_TRIVET_GUARD_MS);

    r->main->blocked++;
    r->aio = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_post_task(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_thread_task_t *task;
    ngx_http_trivet_job_t *job;

    task = ngx_http_trivet_make_task(r, ngx_http_trivet_task_handler);
    if (task == NULL) {
        return NGX_ERROR;
    }

    job = task->ctx;
    job->ctx = ctx;
    job->body = ngx_http_trivet_body(r);

    return ngx_http_trivet_post(r, task);
}


/* The connection may become writable meanwhile, when the answer before this one
 * was large: then there is nothing to do, since the thread still works. */
ngx_int_t
ngx_http_trivet_post_work(ngx_http_request_t *r, ngx_http_trivet_work_pt work,
    void *data, ngx_http_event_handler_pt answer)
{
    ngx_thread_task_t *task;
    ngx_http_trivet_job_t *job;

    task = ngx_http_trivet_make_task(r, ngx_http_trivet_work_handler);
    if (task == NULL) {
        return NGX_ERROR;
    }

    job = task->ctx;
    job->work = work;
    job->data = data;
    job->answer = answer;

    if (ngx_http_trivet_post(r, task) != NGX_OK) {
        return NGX_ERROR;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_OK;
}
