/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chores.c - what a worker does on the store for no request
 *
 * The audit is told what it left out, the store what time it is; of a store of
 * several gateways what is old is removed. On a pool thread, now and then; one
 * at a time.
 */
#include "gateway/chores.h"

#include "gateway/conf.h"
#include "gateway/request_ids.h"
#include "gateway/store_cache.h"
#include "gateway/threads.h"
#include "gateway/worker.h"

#include "base/timestamp.h"


/* IDLE: how long nobody asked for anything. RETRY: the store could not be told
 * the time. BEHIND: between two lines in the log. END: at the worker's end. */
enum {
    NGX_HTTP_TRIVET_CHORE_MS = 5000,
    NGX_HTTP_TRIVET_RETRY_MS = 1000,
    NGX_HTTP_TRIVET_IDLE_MS = 60000,
    NGX_HTTP_TRIVET_BEHIND_MS = 600000,
    NGX_HTTP_TRIVET_END_US = 1000000
};


static void
ngx_http_trivet_post_chore(ngx_http_trivet_main_conf_t *tmcf)
{
    if (ngx_thread_task_post(tmcf->thread_pool, tmcf->worker->chore) == NGX_OK)
    {
        tmcf->worker->is_chore_posted = 1;
        tmcf->worker->time_checked = ngx_current_msec;
    }
}


/* A chore comes at once when the store does not know what time it is. */
void
ngx_http_trivet_tell_time(ngx_http_trivet_main_conf_t *tmcf)
{
    if (!tmcf->worker->is_chore_posted
        && trivet_seen_is_due(&tmcf->worker->seen, TRIVET_SEEN_LATELY_US)
        && ngx_current_msec - tmcf->worker->time_checked
               >= NGX_HTTP_TRIVET_RETRY_MS)
    {
        ngx_http_trivet_post_chore(tmcf);
    }
}


/* On a pool thread. */
static void
ngx_http_trivet_do_chores(struct trivet_authority *authority, void *data)
{
    (void) data;

    if (authority == NULL) {
        return;
    }

    trivet_authority_tell_left_out(authority);
    trivet_authority_note_time(authority, TRIVET_SEEN_LATELY_US);
    if (ngx_worker == 0) {
        trivet_authority_sweep(authority);
    }
}


static void
ngx_http_trivet_chore_done(ngx_event_t *ev)
{
    ngx_http_trivet_main_conf_t *tmcf = ev->data;

    tmcf->worker->is_chore_posted = 0;
}


/* Steps of less than a second are nobody's concern. One worker speaks. */
static void
ngx_http_trivet_log_behind(ngx_http_trivet_main_conf_t *tmcf, ngx_log_t *log)
{
    int64_t behind_s;

    behind_s = trivet_seen_behind_us(
                   &tmcf->worker->seen, ngx_http_trivet_store_now_us(tmcf))
               / TRIVET_US_PER_S;

    if (ngx_worker != 0 || behind_s == 0
        || (tmcf->worker->is_time_told
            && ngx_current_msec - tmcf->worker->time_told
                   < NGX_HTTP_TRIVET_BEHIND_MS))
    {
        return;
    }

    tmcf->worker->is_time_told = 1;
    tmcf->worker->time_told = ngx_current_msec;

    ngx_log_error(NGX_LOG_WARN, log, 0,
        "trivet: the clock is %L s behind the latest time that was seen with "
        "the store; until it is there again, sessions and keys expire by "
        "that time. If that time was wrong: \"trivet clock accept\"",
        behind_s);
}


/* What nobody else would do in time: refusals that the audit left out are told
 * when the flood is over, the store is told the time when nobody calls. */
static void
ngx_http_trivet_chore_handler(ngx_event_t *ev)
{
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(
        (ngx_cycle_t *) ngx_cycle, ngx_http_trivet_module);

    if (!tmcf->worker->is_chore_posted
        && (trivet_refusals_has_left_out(&tmcf->worker->refusals)
            || trivet_seen_is_due(&tmcf->worker->seen, TRIVET_SEEN_LATELY_US)
            || (tmcf->store_cache != NULL && ngx_worker == 0)
            || ngx_current_msec - tmcf->worker->time_checked
                   >= NGX_HTTP_TRIVET_IDLE_MS))
    {
        ngx_http_trivet_post_chore(tmcf);
    }

    ngx_http_trivet_retry_request_ids(tmcf, ev->log);
    ngx_http_trivet_log_behind(tmcf, ev->log);
    ngx_http_trivet_log_store_cache(tmcf, ev->log);
    ngx_add_timer(ev, NGX_HTTP_TRIVET_CHORE_MS);
}


ngx_int_t
ngx_http_trivet_start_chores(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    tmcf->worker->chore = ngx_http_trivet_make_chore(cycle, tmcf,
        ngx_http_trivet_do_chores, ngx_http_trivet_chore_done, tmcf);
    if (tmcf->worker->chore == NULL) {
        return NGX_ERROR;
    }

    tmcf->worker->chore_timer.handler = ngx_http_trivet_chore_handler;
    tmcf->worker->chore_timer.data = &ngx_http_trivet_no_connection;
    tmcf->worker->chore_timer.log = cycle->log;
    tmcf->worker->chore_timer.cancelable =
        1; /* does not keep a worker waiting */

    ngx_add_timer(&tmcf->worker->chore_timer, NGX_HTTP_TRIVET_CHORE_MS);

    return NGX_OK;
}


/* The worker ends, its pool threads are gone: blocking harms nobody. */
void
ngx_http_trivet_end_chores(ngx_http_trivet_main_conf_t *tmcf)
{
    struct trivet_authority *authority;

    if (trivet_authority_new(&tmcf->worker->authority, &authority, NULL)
        != TRIVET_OK)
    {
        return;
    }

    trivet_authority_tell_left_out(authority);
    trivet_authority_note_time(authority, NGX_HTTP_TRIVET_END_US);
    trivet_authority_free(authority);
}
