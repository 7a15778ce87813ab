/* SPDX-License-Identifier: Apache-2.0 */
/*
 * following.c - one thread of a gateway reads the list of changes
 *
 * Not the event loop, which never waits for a database, and no thread of the
 * pool: when all of these wait for the database, the list is still read. It is
 * the first worker's; while that one is gone, the list grows old, and nobody is
 * admitted from memory.
 */
#include "gateway/following.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "gateway/worker.h"

#include "authority/list_reader.h"
#include "crypto/thread.h"


enum { NGX_HTTP_TRIVET_END_MS = 1000 /* as threads.c */ };


struct ngx_http_trivet_following_s {
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t woken;
    ngx_uint_t is_to_end;
    ngx_uint_t has_ended;
    struct trivet_error err;

    /* of the thread alone */
    struct trivet_list_reader *reader;
    ngx_msec_t refresh_ms;
};


static void
ngx_http_trivet_add_ms(struct timespec *at, ngx_msec_t ms)
{
    at->tv_sec += (time_t) (ms / 1000);
    at->tv_nsec += (long) (ms % 1000) * 1000000;
    if (at->tv_nsec >= 1000000000) {
        at->tv_sec++;
        at->tv_nsec -= 1000000000;
    }
}


/* From the beginning of one reading to that of the next. */
static ngx_uint_t
ngx_http_trivet_follow_once(ngx_http_trivet_following_t *following)
{
    ngx_uint_t is_to_end;
    struct timespec next;
    struct trivet_error err = {.status = TRIVET_OK};

    (void) clock_gettime(CLOCK_MONOTONIC, &next);
    ngx_http_trivet_add_ms(&next, following->refresh_ms);

    err.status = trivet_list_reader_read(following->reader, &err);

    (void) pthread_mutex_lock(&following->lock);
    following->err = err;
    while (!following->is_to_end
           && pthread_cond_timedwait(&following->woken, &following->lock, &next)
                  == 0)
    {
    }
    is_to_end = following->is_to_end;
    (void) pthread_mutex_unlock(&following->lock);

    return !is_to_end;
}


static void *
ngx_http_trivet_follow(void *data)
{
    ngx_http_trivet_following_t *following = data;

    while (ngx_http_trivet_follow_once(following)) {
    }

    trivet_list_reader_free(following->reader);
    trivet_crypto_thread_stop();

    (void) pthread_mutex_lock(&following->lock);
    following->has_ended = 1;
    (void) pthread_mutex_unlock(&following->lock);

    return NULL;
}


/* Signals are the event loop's. */
static ngx_int_t
ngx_http_trivet_start_thread(ngx_http_trivet_following_t *following)
{
    int failure;
    sigset_t all, before;
    pthread_condattr_t attributes;

    if (pthread_mutex_init(&following->lock, NULL) != 0
        || pthread_condattr_init(&attributes) != 0
        || pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0
        || pthread_cond_init(&following->woken, &attributes) != 0)
    {
        return NGX_ERROR;
    }

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_BLOCK, &all, &before);
    failure = pthread_create(
        &following->thread, NULL, ngx_http_trivet_follow, following);
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);

    return failure == 0 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_trivet_start_following(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    struct trivet_error err;
    ngx_http_trivet_following_t *following;

    if (tmcf->store_cache == NULL || ngx_worker != 0) {
        return NGX_OK;
    }

    following = ngx_pcalloc(cycle->pool, sizeof(ngx_http_trivet_following_t));
    if (following == NULL
        || trivet_list_reader_new(
               &tmcf->worker->authority, &following->reader, &err)
               != TRIVET_OK)
    {
        return NGX_ERROR;
    }

    following->refresh_ms = tmcf->refresh_ms;
    tmcf->worker->following = following;

    return ngx_http_trivet_start_thread(following);
}


ngx_uint_t
ngx_http_trivet_end_following(ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_uint_t ms, has_ended = 0;
    ngx_http_trivet_following_t *following = tmcf->worker->following;

    if (following == NULL) {
        return 1;
    }

    for (ms = 0; ms < NGX_HTTP_TRIVET_END_MS && !has_ended; ms++) {
        (void) pthread_mutex_lock(&following->lock);
        following->is_to_end = 1;
        (void) pthread_cond_signal(&following->woken);
        has_ended = following->has_ended;
        (void) pthread_mutex_unlock(&following->lock);

        if (!has_ended) {
            ngx_msleep(1);
        }
    }

    if (has_ended) {
        (void) pthread_join(following->thread, NULL);
    }

    return has_ended;
}


void
ngx_http_trivet_following_error(
    ngx_http_trivet_following_t *following, struct trivet_error *err)
{
    (void) pthread_mutex_lock(&following->lock);
    if (following->err.status != TRIVET_OK) {
        *err = following->err;
    }
    (void) pthread_mutex_unlock(&following->lock);
}
