/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c - what a thread of nginx's pool keeps */
#include "gateway/threads.h"

#include "gateway/body.h"
#include "gateway/conf.h"
#include "gateway/worker.h"

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/thread.h"


enum {
    NGX_HTTP_TRIVET_END_MS = 1000 /* that a worker's end waits for threads */
};


typedef struct {
    ngx_http_trivet_main_conf_t *tmcf;
    ngx_http_trivet_work_pt work;
    void *data;
} ngx_http_trivet_chore_t;


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
ngx_http_trivet_thread_t *
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


enum trivet_status
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

    return trivet_authority_new(
        &tmcf->worker->authority, &thread->authority, err);
}


/* Runs on a pool thread. Must not log. */
static void
ngx_http_trivet_chore_handler(void *data, ngx_log_t *log)
{
    ngx_http_trivet_chore_t *chore = data;

    ngx_http_trivet_thread_t *thread = ngx_http_trivet_get_thread();

    (void) log;

    /* Out of memory: the work is told by NULL. */
    (void) ngx_http_trivet_init_thread(thread, chore->tmcf, NULL);
    chore->work(thread == NULL ? NULL : thread->authority, chore->data);
}


ngx_thread_task_t *
ngx_http_trivet_make_chore(ngx_cycle_t *cycle,
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_trivet_work_pt work,
    ngx_event_handler_pt done, void *data)
{
    ngx_thread_task_t *task;
    ngx_http_trivet_chore_t *chore;

    task = ngx_thread_task_alloc(cycle->pool, sizeof(ngx_http_trivet_chore_t));
    if (task == NULL) {
        return NULL;
    }

    chore = task->ctx;
    chore->tmcf = tmcf;
    chore->work = work;
    chore->data = data;

    task->handler = ngx_http_trivet_chore_handler;
    task->event.handler = done;
    task->event.data = data;

    return task;
}
