/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context.c - the context that a worker's calls are made in
 *
 * It is opened by the first call, on a pool thread, since a file has to be
 * read; and again by the next call when that failed. A worker that began after
 * a reload reads the file anew.
 */
#include "sidecar/module/context.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/ticks.h"
#include "client/clock.h"
#include "crypto/thread.h"
#include "sidecar/budget.h"
#include "sidecar/keeping.h"
#include "sidecar/receipts.h"


enum {
    NGX_HTTP_TRIVET_PROXY_END_MS = 1000,     /* a worker waits for threads */
    NGX_HTTP_TRIVET_PROXY_SWEEP_MS = 3600000 /* between two sweeps         */
};


struct ngx_http_trivet_proxy_context_s {
    const ngx_http_trivet_proxy_conf_t *conf;
    pthread_mutex_t mutex;       /* guards what follows */
    struct trivet_context *open; /* NULL: not yet */
    int64_t swept_ms;            /* the folder of kept answers; 0: not yet */
    struct trivet_receipts *receipts; /* NULL: none; has its own mutex */
};


typedef struct {
    trivet_event_fn on_event;
    void *arg;
} ngx_http_trivet_proxy_listener_t;


static pthread_once_t ngx_http_trivet_proxy_once = PTHREAD_ONCE_INIT;
static pthread_key_t ngx_http_trivet_proxy_key;
static atomic_int ngx_http_trivet_proxy_num_threads;

static __thread ngx_http_trivet_proxy_listener_t ngx_http_trivet_proxy_listener;


/* A pool thread ends. nginx does not wait for that: see
 * ngx_http_trivet_proxy_end_threads. */
static void
ngx_http_trivet_proxy_thread_ends(void *data)
{
    (void) data;

    trivet_crypto_thread_stop();
    atomic_fetch_sub(&ngx_http_trivet_proxy_num_threads, 1);
}


static void
ngx_http_trivet_proxy_make_key(void)
{
    (void) pthread_key_create(
        &ngx_http_trivet_proxy_key, ngx_http_trivet_proxy_thread_ends);
}


/* Counts this thread, once. */
static void
ngx_http_trivet_proxy_count_thread(void)
{
    (void) pthread_once(
        &ngx_http_trivet_proxy_once, ngx_http_trivet_proxy_make_key);

    if (pthread_getspecific(ngx_http_trivet_proxy_key) == NULL
        && pthread_setspecific(
               ngx_http_trivet_proxy_key, &ngx_http_trivet_proxy_key)
               == 0)
    {
        atomic_fetch_add(&ngx_http_trivet_proxy_num_threads, 1);
    }
}


/* The worker ends: its pool threads were told to, and are on their way out. The
 * process must not take the cryptography down under them. */
static ngx_uint_t
ngx_http_trivet_proxy_end_threads(void)
{
    ngx_uint_t ms;

    for (ms = 0; ms < NGX_HTTP_TRIVET_PROXY_END_MS; ms++) {
        if (atomic_load(&ngx_http_trivet_proxy_num_threads) == 0) {
            return 1;
        }

        ngx_msleep(1);
    }

    return 0;
}


ngx_http_trivet_proxy_context_t *
ngx_http_trivet_proxy_make_context(
    ngx_conf_t *cf, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_http_trivet_proxy_context_t *context;

    context = ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_proxy_context_t));
    if (context == NULL || pthread_mutex_init(&context->mutex, NULL) != 0) {
        return NULL;
    }

    context->conf = pcf;

    if (pcf->receipts_folder.len > 0) {
        context->receipts =
            trivet_receipts_new((const char *) pcf->receipts_folder.data,
                (int64_t) pcf->receipts_rotate, pcf->receipts_full != 0);
        if (context->receipts == NULL) {
            return NULL;
        }
    }

    return context;
}


void
ngx_http_trivet_proxy_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_cycle_get_module_main_conf(
        cycle, ngx_http_trivet_proxy_module);

    if (pcf != NULL && pcf->context != NULL
        && ngx_http_trivet_proxy_end_threads()) {
        trivet_context_close(pcf->context->open);
        pcf->context->open = NULL;
        trivet_receipts_free(pcf->context->receipts);
        pcf->context->receipts = NULL;
    }
}


static void
ngx_http_trivet_proxy_on_event(void *arg, const struct trivet_event *event)
{
    const ngx_http_trivet_proxy_listener_t *listener =
        &ngx_http_trivet_proxy_listener;

    (void) arg;

    if (listener->on_event != NULL) {
        listener->on_event(listener->arg, event);
    }
}


static enum trivet_status
ngx_http_trivet_proxy_open_now(
    ngx_http_trivet_proxy_context_t *context, struct trivet_error *err)
{
    const ngx_http_trivet_proxy_conf_t *pcf = context->conf;
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;

    options.file = (const char *) pcf->context_path.data;
    options.flags = TRIVET_OPEN_OFFLINE;
    if (pcf->limits != TRIVET_BUDGET_CLASSIC) {
        options.flags |= TRIVET_OPEN_UNTHROTTLED;
    }
    options.timeout_s = (int) pcf->timeout_s;
    options.max_wait_s = pcf->max_wait_s == 0 ? -1 : (int) pcf->max_wait_s;
    options.on_event = ngx_http_trivet_proxy_on_event;

    return trivet_context_open(&options, &context->open, err);
}


enum trivet_status
ngx_http_trivet_proxy_open_context(ngx_http_trivet_proxy_context_t *context,
    struct trivet_context **out, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;

    ngx_http_trivet_proxy_count_thread();

    (void) pthread_mutex_lock(&context->mutex);
    if (context->open == NULL) {
        status = ngx_http_trivet_proxy_open_now(context, err);
    }
    if (status == TRIVET_OK) {
        *out = context->open;
    }
    (void) pthread_mutex_unlock(&context->mutex);

    return status;
}


const char *
ngx_http_trivet_proxy_kept_folder(ngx_http_trivet_proxy_context_t *context)
{
    int64_t now_ms = trivet_ticks_ms();
    ngx_uint_t is_due;
    const char *folder = (const char *) context->conf->kept_folder.data;

    (void) pthread_mutex_lock(&context->mutex);
    is_due = context->swept_ms == 0
             || now_ms - context->swept_ms > NGX_HTTP_TRIVET_PROXY_SWEEP_MS;
    if (is_due) {
        context->swept_ms = now_ms;
    }
    (void) pthread_mutex_unlock(&context->mutex);

    if (is_due) {
        trivet_keeping_sweep(folder, trivet_clock_now_us());
    }

    return folder;
}


static const char *
ngx_http_trivet_proxy_folder(ngx_str_t folder)
{
    return folder.len == 0 ? NULL : (const char *) folder.data;
}


const char *
ngx_http_trivet_proxy_record_folder(
    const ngx_http_trivet_proxy_context_t *context)
{
    return ngx_http_trivet_proxy_folder(context->conf->record_folder);
}


const char *
ngx_http_trivet_proxy_replay_folder(
    const ngx_http_trivet_proxy_context_t *context)
{
    return ngx_http_trivet_proxy_folder(context->conf->replay_folder);
}


struct trivet_receipts *
ngx_http_trivet_proxy_receipts(ngx_http_trivet_proxy_context_t *context)
{
    return context->receipts;
}


void
ngx_http_trivet_proxy_listen(trivet_event_fn on_event, void *arg)
{
    ngx_http_trivet_proxy_listener.on_event = on_event;
    ngx_http_trivet_proxy_listener.arg = arg;
}
