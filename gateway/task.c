/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.c - the only place that may block, on nginx's thread pool
 *
 * No hop where a look at the store is all that is needed. Else one hop a
 * request: digest its body, ask the authority, come back; or some
 * other work on the store for a request (metrics.c); or, now and then and for
 * no request, a chore (chores.c). The thread reads what the
 * event loop leaves alone meanwhile (the body's buffers and the header's text:
 * the request is kept alive by r->main->blocked) and writes nothing but the
 * answer.
 */
#include "module.h"

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/thread.h"


enum {
    NGX_HTTP_TRIVET_READ_SIZE = 64 * 1024,
    NGX_HTTP_TRIVET_GUARD_MS = 60000,
    NGX_HTTP_TRIVET_END_MS = 1000 /* that a worker's end waits for threads */
};


_Static_assert(
    (int) NGX_HTTP_TRIVET_EVIDENCE_SIZE <= (int) NGX_HTTP_TRIVET_READ_SIZE,
    "evidence is joined in the thread's buffer");


typedef struct {
    ngx_http_request_t *request;
    ngx_http_trivet_main_conf_t *tmcf;
    ngx_http_trivet_ctx_t *ctx;   /* of a request to be judged; else NULL */
    ngx_chain_t *body;            /* of it */
    ngx_http_trivet_work_pt work; /* else */
    void *data;
    ngx_event_t guard; /* its timer keeps a worker that shuts down waiting */
} ngx_http_trivet_job_t;


/* What a pool thread keeps: a connection to the store, signers, parsed keys. */
typedef struct {
    struct trivet_authority *authority;
    struct trivet_digest *digest;
    u_char *buffer; /* NGX_HTTP_TRIVET_READ_SIZE bytes */
} ngx_http_trivet_thread_t;


/* nginx's debug log asks each timer for its connection's socket. */
ngx_connection_t ngx_http_trivet_no_connection = {
    .fd = (ngx_socket_t) -1,
};

static pthread_key_t ngx_http_trivet_thread_key;
static atomic_int ngx_http_trivet_num_threads; /* that have something to free */


/* A pool thread ends. Its work is done, but nginx does not wait for its end:
 * see ngx_http_trivet_end_threads. */
static void
ngx_http_trivet_free_thread(void *data)
{
    ngx_http_trivet_thread_t *thread = data;

    trivet_authority_free(thread->authority);
    trivet_digest_free(thread->digest);
    free(thread->buffer);
    free(thread);

    trivet_crypto_thread_stop();
    atomic_fetch_sub(&ngx_http_trivet_num_threads, 1);
}


ngx_int_t
ngx_http_trivet_init_threads(void)
{
    return pthread_key_create(
               &ngx_http_trivet_thread_key, ngx_http_trivet_free_thread)
                   == 0
               ? NGX_OK
               : NGX_ERROR;
}


/* The worker ends: its pool threads were told to, and are on their way out. The
 * process must not take the cryptography down under them. */
ngx_uint_t
ngx_http_trivet_end_threads(void)
{
    ngx_uint_t ms;

    for (ms = 0; ms < NGX_HTTP_TRIVET_END_MS; ms++) {
        if (atomic_load(&ngx_http_trivet_num_threads) == 0) {
            return 1;
        }

        ngx_msleep(1);
    }

    return 0;
}


/* What this thread keeps; NULL when memory ran out. Lazily made: threads start
 * before anybody knows whether they are needed, and a store must be opened
 * after the fork. */
static ngx_http_trivet_thread_t *
ngx_http_trivet_get_thread(void)
{
    ngx_http_trivet_thread_t *thread;

    thread = pthread_getspecific(ngx_http_trivet_thread_key);
    if (thread != NULL) {
        return thread;
    }

    thread = calloc(1, sizeof(*thread));
    if (thread == NULL
        || pthread_setspecific(ngx_http_trivet_thread_key, thread) != 0)
    {
        free(thread);
        return NULL;
    }

    atomic_fetch_add(&ngx_http_trivet_num_threads, 1);

    return thread;
}


static enum trivet_status
ngx_http_trivet_init_thread(ngx_http_trivet_thread_t *thread,
    ngx_http_trivet_main_conf_t *tmcf, struct trivet_error *err)
{
    if (thread != NULL && thread->authority != NULL) {
        return TRIVET_OK;
    }

    if (thread != NULL && thread->digest == NULL) {
        thread->digest = trivet_digest_new();
    }

    if (thread != NULL && thread->buffer == NULL) {
        thread->buffer = malloc(NGX_HTTP_TRIVET_READ_SIZE);
    }

    if (thread == NULL || thread->digest == NULL || thread->buffer == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "gateway.thread", "out of memory");
    }

    return trivet_authority_new(&tmcf->authority, &thread->authority, err);
}


/* A part of the body that nginx put into a file. */
static enum trivet_status
ngx_http_trivet_digest_file(
    struct trivet_digest *digest, u_char *buffer, ngx_buf_t *b)
{
    off_t offset;
    size_t size;
    ssize_t n;

    for (offset = b->file_pos; offset < b->file_last; offset += n) {
        size = (size_t) ngx_min(
            b->file_last - offset, (off_t) NGX_HTTP_TRIVET_READ_SIZE);

        n = pread(b->file->fd, buffer, size, offset);
        if (n <= 0) {
            return TRIVET_E_INTERNAL;
        }

        trivet_digest_add(digest, trivet_slice_make(buffer, (size_t) n));
    }

    return TRIVET_OK;
}


/* buffer: NGX_HTTP_TRIVET_READ_SIZE bytes, for what is in a file. */
static enum trivet_status
ngx_http_trivet_digest_body(struct trivet_digest *digest, u_char *buffer,
    struct trivet_slice head, ngx_chain_t *body,
    unsigned char out[TRIVET_DIGEST_LEN])
{
    ngx_buf_t *b;
    ngx_chain_t *cl;

    trivet_digest_start(digest);
    trivet_digest_add(digest, head);

    for (cl = body; cl != NULL; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            trivet_digest_add(
                digest, trivet_slice_make(b->pos, (size_t) (b->last - b->pos)));

        } else if (b->in_file) {
            TRIVET_TRY(ngx_http_trivet_digest_file(digest, buffer, b));
        }
    }

    return trivet_digest_finish(digest, out);
}


enum trivet_status
ngx_http_trivet_join_body(
    u_char *buffer, size_t limit, ngx_chain_t *body, struct trivet_slice *out)
{
    size_t len = 0, size;
    ssize_t n;
    ngx_buf_t *b;
    ngx_chain_t *cl;

    for (cl = body; cl != NULL; cl = cl->next) {
        b = cl->buf;
        size = (size_t) ngx_buf_size(b);

        if (size > limit - len) {
            return TRIVET_E_LIMIT;
        }

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(buffer + len, b->pos, size);

        } else if (b->in_file) {
            n = pread(b->file->fd, buffer + len, size, b->file_pos);
            if (n != (ssize_t) size) {
                return TRIVET_E_INTERNAL;
            }
        }

        len += size;
    }

    *out = trivet_slice_make(buffer, len);

    return TRIVET_OK;
}


/* What the client may have signed: one thing, or (signing=both) one of two. */
static enum trivet_status
ngx_http_trivet_digest_request(struct trivet_digest *digest, u_char *buffer,
    ngx_http_trivet_ctx_t *ctx, ngx_chain_t *body)
{
    struct trivet_slice head = ctx->head;
    struct trivet_request *request = &ctx->request;

    request->has_full_digest = false;

    if (request->profile->signing == TRIVET_SIGNING_BOTH && head.len > 0) {
        TRIVET_TRY(ngx_http_trivet_digest_body(
            digest, buffer, head, body, request->full_digest));
        request->has_full_digest = true;
        head = trivet_slice_make(NULL, 0);
    }

    return ngx_http_trivet_digest_body(
        digest, buffer, head, body, request->body_digest);
}


static enum trivet_status
ngx_http_trivet_run_job(ngx_http_trivet_job_t *job, struct trivet_error *err)
{
    struct trivet_request *request = &job->ctx->request;
    ngx_http_trivet_thread_t *thread = ngx_http_trivet_get_thread();
    enum trivet_status status = TRIVET_OK;
    ngx_http_trivet_evidence_t given = {.ctx = job->ctx, .body = job->body};
    /* A subrequest's call has none; what was signed is the main request's. */
    bool is_call_body =
        request->call != NULL && job->request == job->request->main;

    TRIVET_TRY(ngx_http_trivet_init_thread(thread, job->tmcf, err));
    given.buffer = thread->buffer;
    TRIVET_TRY(ngx_http_trivet_digest_request(
        thread->digest, thread->buffer, job->ctx, job->body));

    if (is_call_body) {
        /* at most TRIVET_MAX_CALL_BODY bytes, which fit */
        status = ngx_http_trivet_join_body(thread->buffer,
            NGX_HTTP_TRIVET_READ_SIZE, job->body, &request->body);
    }

    if (status == TRIVET_OK) {
        if (job->tmcf->sandbox) {
            ngx_http_trivet_give_evidence(&given, request);
        }
        trivet_authority_answer(thread->authority, request, &job->ctx->answer);
        ngx_http_trivet_drop_evidence(&given, request);
    }

    if (is_call_body) {
        /* An API key may have been in it. How much was joined is not known
         * when that failed. */
        trivet_wipe(thread->buffer,
            status == TRIVET_OK ? request->body.len : TRIVET_MAX_CALL_BODY);
        request->body = trivet_slice_make(NULL, 0);
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


/* As above. */
static void
ngx_http_trivet_task_handler(void *data, ngx_log_t *log)
{
    ngx_http_trivet_job_t *job = data;

    struct trivet_answer *answer = &job->ctx->answer;
    struct trivet_error err = {.detail = "the body could not be read"};

    (void) log;

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
                : NGX_HTTP_TRIVET_JUDGED;
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


/* Of the event loop: no hop, where none is needed. */
ngx_uint_t
ngx_http_trivet_admit_here(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    off_t len;
    ngx_chain_t *cl, *body;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    if (ctx->request.call != NULL || tmcf->authority_here == NULL) {
        return 0;
    }

    body = ngx_http_trivet_body(r);

    len = 0;

    for (cl = body; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);

        /* Digesting much takes longer than the hop. */
        if (cl->buf->in_file || len > NGX_HTTP_TRIVET_READ_SIZE) {
            return 0;
        }
    }

    if (ngx_http_trivet_digest_request(tmcf->digest, NULL, ctx, body)
            != TRIVET_OK
        || !trivet_authority_admit(
            tmcf->authority_here, &ctx->request, &ctx->answer))
    {
        trivet_answer_init(&ctx->answer);
        return 0;
    }

    ctx->state = NGX_HTTP_TRIVET_JUDGED;
    ctx->reason = TRIVET_REASON_NONE;
    ngx_http_trivet_tell_time(tmcf);

    return 1;
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


ngx_int_t
ngx_http_trivet_post_work(
    ngx_http_request_t *r, ngx_http_trivet_work_pt work, void *data)
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

    return ngx_http_trivet_post(r, task);
}


ngx_thread_task_t *
ngx_http_trivet_make_chore(ngx_cycle_t *cycle,
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_trivet_work_pt work,
    ngx_event_handler_pt done, void *data)
{
    ngx_thread_task_t *task;
    ngx_http_trivet_job_t *job;

    task = ngx_thread_task_alloc(cycle->pool, sizeof(ngx_http_trivet_job_t));
    if (task == NULL) {
        return NULL;
    }

    job = task->ctx;
    job->tmcf = tmcf;
    job->work = work;
    job->data = data;

    task->handler = ngx_http_trivet_work_handler;
    task->event.handler = done;
    task->event.data = data;

    return task;
}
