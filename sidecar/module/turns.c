/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.c - a call waits for its turn, and is then made
 *
 * The queue is the worker's; what was called is in memory that workers share,
 * since an old one may still have calls after a reload.
 */
#include "sidecar/module/turns.h"

#include "base/ticks.h"
#include "client/throttle.h"
#include "sidecar/module/metrics.h"
#include "sidecar/module/turn_fields.h"


enum {
    NGX_HTTP_TRIVET_PROXY_MAX_TRIES = 2, /* of a call that a limit refused */
    NGX_HTTP_TRIVET_PROXY_PAUSE_MS = 100 /* the library counts calls, too  */
};


typedef struct {
    struct trivet_queue queue;
    ngx_event_t wake; /* a limit allows calls again */
} ngx_http_trivet_proxy_turns_t;


static ngx_http_trivet_proxy_turns_t ngx_http_trivet_proxy_turns;

/* nginx's debug log asks each timer for its connection's socket. */
static ngx_connection_t ngx_http_trivet_proxy_nobody = {
    .fd = (ngx_socket_t) -1,
};


static void ngx_http_trivet_proxy_run(ngx_http_trivet_proxy_conf_t *pcf);
static void ngx_http_trivet_proxy_end_turn(ngx_http_trivet_proxy_job_t *job);


/* ---- shared memory ------------------------------------------------------ */

static ngx_int_t
ngx_http_trivet_proxy_init_budget(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t *pool;

    if (data != NULL) {
        zone->data = data;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;
    zone->data = ngx_slab_calloc(pool, sizeof(struct trivet_budget));

    return zone->data == NULL ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_trivet_proxy_add_budget(
    ngx_conf_t *cf, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_str_t name = ngx_string("trivet_proxy_budget");

    pcf->budget = ngx_shared_memory_add(cf, &name,
        sizeof(struct trivet_budget) + 16 * ngx_pagesize,
        &ngx_http_trivet_proxy_module);
    if (pcf->budget == NULL) {
        return NGX_ERROR;
    }

    pcf->budget->init = ngx_http_trivet_proxy_init_budget;

    return NGX_OK;
}


static struct trivet_budget *
ngx_http_trivet_proxy_lock_budget(ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_slab_pool_t *pool = (ngx_slab_pool_t *) pcf->budget->shm.addr;

    ngx_shmtx_lock(&pool->mutex);

    return pcf->budget->data;
}


static void
ngx_http_trivet_proxy_unlock_budget(ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_slab_pool_t *pool = (ngx_slab_pool_t *) pcf->budget->shm.addr;

    ngx_shmtx_unlock(&pool->mutex);
}


/* ---- the worker's queue ------------------------------------------------- */

static void
ngx_http_trivet_proxy_wake(ngx_event_t *ev)
{
    ngx_http_trivet_proxy_conf_t *pcf;

    (void) ev;

    pcf = ngx_http_cycle_get_module_main_conf(
        ngx_cycle, ngx_http_trivet_proxy_module);

    ngx_http_trivet_proxy_run(pcf);
}


ngx_int_t
ngx_http_trivet_proxy_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t *wake = &ngx_http_trivet_proxy_turns.wake;
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_cycle_get_module_main_conf(
        cycle, ngx_http_trivet_proxy_module);
    if (pcf == NULL || !pcf->is_used) {
        return NGX_OK;
    }

    trivet_queue_init(
        &ngx_http_trivet_proxy_turns.queue, (size_t) pcf->max_calls);

    wake->handler = ngx_http_trivet_proxy_wake;
    wake->data = &ngx_http_trivet_proxy_nobody;
    wake->log = cycle->log;

    return NGX_OK;
}


static ngx_http_trivet_proxy_job_t *
ngx_http_trivet_proxy_job_of(struct trivet_waiter *waiter)
{
    return (
        ngx_http_trivet_proxy_job_t *) ((char *) waiter
                                        - offsetof(ngx_http_trivet_proxy_job_t,
                                            waiter));
}


/* It waits no longer, whatever comes of it. */
static void
ngx_http_trivet_proxy_stop_waiting(ngx_http_trivet_proxy_job_t *job)
{
    if (job->late.timer_set) {
        ngx_del_timer(&job->late);
    }

    ngx_http_trivet_proxy_count_wait(
        job->request, trivet_ticks_ms() - job->since_ms);

    job->request->read_event_handler = ngx_http_block_reading;
}


static void
ngx_http_trivet_proxy_start(ngx_http_trivet_proxy_job_t *job)
{
    ngx_http_trivet_proxy_stop_waiting(job);
    job->num_tries++;
    job->done = ngx_http_trivet_proxy_end_turn;

    if (ngx_http_trivet_proxy_post_job(job) == NGX_OK) {
        ngx_http_trivet_proxy_count_begin();
        return;
    }

    trivet_queue_leave(&ngx_http_trivet_proxy_turns.queue, &job->waiter);
    job->failure = TRIVET_FAILURE_INTERNAL;
    job->tell(job);
}


/* All whose turn it is. */
static void
ngx_http_trivet_proxy_run(ngx_http_trivet_proxy_conf_t *pcf)
{
    int64_t wake_ms, now_ms;
    struct trivet_waiter *waiter;
    struct trivet_budget *budget;
    ngx_http_trivet_proxy_turns_t *turns = &ngx_http_trivet_proxy_turns;

    do {
        now_ms = trivet_ticks_ms();
        budget = ngx_http_trivet_proxy_lock_budget(pcf);
        waiter = trivet_queue_next(&turns->queue, budget, now_ms, &wake_ms);
        ngx_http_trivet_proxy_unlock_budget(pcf);

        if (waiter != NULL) {
            ngx_http_trivet_proxy_start(ngx_http_trivet_proxy_job_of(waiter));
        }
    } while (waiter != NULL);

    if (wake_ms != INT64_MAX) {
        ngx_add_timer(&turns->wake, (ngx_msec_t) (wake_ms - now_ms) + 1);
    }
}


/* ---- a turn ------------------------------------------------------------- */

/* When a call of that caller would be made. */
static int64_t
ngx_http_trivet_proxy_foresee(ngx_http_trivet_proxy_job_t *job,
    ngx_http_trivet_proxy_conf_t *pcf, int64_t now_ms)
{
    int64_t at_ms;
    size_t num_ahead;
    struct trivet_budget *budget;

    num_ahead = trivet_queue_count_ahead(
        &ngx_http_trivet_proxy_turns.queue, job->caller, &job->waiter.limit);

    budget = ngx_http_trivet_proxy_lock_budget(pcf);
    at_ms =
        trivet_budget_free_at(budget, &job->waiter.limit, num_ahead, now_ms);
    ngx_http_trivet_proxy_unlock_budget(pcf);

    return at_ms;
}


static ngx_int_t
ngx_http_trivet_proxy_refuse_wait(
    ngx_http_trivet_proxy_job_t *job, int64_t wait_ms)
{
    job->retry_after_s = (wait_ms + 999) / 1000;
    job->failure = TRIVET_FAILURE_THROTTLED;
    (void) trivet_error_set(&job->err, TRIVET_E_THROTTLED, "proxy.turn",
        "the server allows %d such calls in %d s, and the wait would be too "
        "long: try again in %lld s",
        job->waiter.limit.max_calls, job->waiter.limit.per_s,
        (long long) job->retry_after_s);

    return NGX_DECLINED;
}


/* It has waited for as long as it may. */
static void
ngx_http_trivet_proxy_is_late(ngx_event_t *ev)
{
    ngx_http_trivet_proxy_job_t *job = ev->data;
    ngx_connection_t *c = job->request->connection;

    ngx_http_set_log_request(c->log, job->request);

    trivet_queue_leave(&ngx_http_trivet_proxy_turns.queue, &job->waiter);
    ngx_http_trivet_proxy_stop_waiting(job);
    (void) ngx_http_trivet_proxy_refuse_wait(job, 1000);
    job->tell(job);

    ngx_http_run_posted_requests(c);
}


/* The request ends; perhaps its caller left while it was waiting. */
static void
ngx_http_trivet_proxy_cleanup_turn(void *data)
{
    ngx_http_trivet_proxy_job_t *job = data;

    if (job->waiter.caller != NULL && job->waiter.is_waiting) {
        trivet_queue_leave(&ngx_http_trivet_proxy_turns.queue, &job->waiter);
        ngx_http_trivet_proxy_stop_waiting(job);
    }
}


/* From now on somebody who leaves is noticed. */
static void
ngx_http_trivet_proxy_start_waiting(ngx_http_trivet_proxy_job_t *job)
{
    int64_t ms;
    ngx_http_request_t *r = job->request;

    job->since_ms = trivet_ticks_ms();
    ms = job->end_ms - job->since_ms;
    ngx_http_trivet_proxy_count_waiting();

    job->late.handler = ngx_http_trivet_proxy_is_late;
    job->late.data = job;
    job->late.log = r->connection->log;
    ngx_add_timer(&job->late, (ngx_msec_t) ngx_max(ms, 1));

    r->read_event_handler = ngx_http_test_reading;
}


/* It waits, or is made at once. */
static ngx_int_t
ngx_http_trivet_proxy_enter(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf)
{
    if (!trivet_queue_add(
            &ngx_http_trivet_proxy_turns.queue, &job->waiter, job->caller))
    {
        return ngx_http_trivet_proxy_refuse_wait(job, 1000);
    }

    ngx_http_trivet_proxy_start_waiting(job);
    ngx_http_trivet_proxy_run(pcf);

    return NGX_DONE;
}


ngx_int_t
ngx_http_trivet_proxy_take_turn(ngx_http_trivet_proxy_job_t *job)
{
    ngx_int_t rc;
    int64_t now_ms, at_ms;
    ngx_http_cleanup_t *cln;
    ngx_http_request_t *r = job->request;
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_proxy_module);

    rc = ngx_http_trivet_proxy_read_turn(job, pcf);
    if (rc != NGX_OK) {
        return rc;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_trivet_proxy_cleanup_turn;
    cln->data = job;

    job->waiter.limit =
        trivet_budget_classify((enum trivet_budget_rule) pcf->limits,
            trivet_slice_make(r->method_name.data, r->method_name.len),
            trivet_slice_make(r->unparsed_uri.data, r->unparsed_uri.len));

    now_ms = trivet_ticks_ms();
    at_ms = ngx_http_trivet_proxy_foresee(job, pcf, now_ms);

    if (at_ms > job->end_ms && at_ms > now_ms) {
        return ngx_http_trivet_proxy_refuse_wait(job, at_ms - now_ms);
    }

    return ngx_http_trivet_proxy_enter(job, pcf);
}


/* ---- its end ------------------------------------------------------------ */

static ngx_uint_t
ngx_http_trivet_proxy_is_throttled(const ngx_http_trivet_proxy_job_t *job)
{
    return job->failure == TRIVET_FAILURE_NONE && job->answer != NULL
           && job->answer->status == 429 && job->waiter.limit.key != 0;
}


static void
ngx_http_trivet_proxy_hold_limit(ngx_http_trivet_proxy_job_t *job,
    ngx_http_trivet_proxy_conf_t *pcf, int64_t until_ms)
{
    struct trivet_budget *budget;

    budget = ngx_http_trivet_proxy_lock_budget(pcf);
    trivet_budget_hold(budget, &job->waiter.limit, until_ms);
    ngx_http_trivet_proxy_unlock_budget(pcf);
}


/* The server's limit has refused the call. Whether it waits for another turn:
 * nothing was done. */
static ngx_uint_t
ngx_http_trivet_proxy_waits_again(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf)
{
    int64_t until_ms;

    until_ms = trivet_ticks_ms()
               + 1000
                     * (int64_t) trivet_throttle_read_seconds(
                         job->answer->body, job->waiter.limit.per_s);
    ngx_http_trivet_proxy_hold_limit(job, pcf, until_ms);

    return job->num_tries < NGX_HTTP_TRIVET_PROXY_MAX_TRIES
           && until_ms <= job->end_ms;
}


/* The library has not sent it: it counts the calls of all processes that use
 * the context, and it counts those of here a moment later than turns do. */
static ngx_uint_t
ngx_http_trivet_proxy_came_early(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf)
{
    int64_t until_ms = trivet_ticks_ms() + NGX_HTTP_TRIVET_PROXY_PAUSE_MS;

    if (job->failure != TRIVET_FAILURE_THROTTLED || job->waiter.limit.key == 0
        || until_ms > job->end_ms)
    {
        return 0;
    }

    ngx_http_trivet_proxy_hold_limit(job, pcf, until_ms);
    job->num_tries--; /* it was none */

    return 1;
}


/* The call has its outcome: others have their turns. */
static void
ngx_http_trivet_proxy_end_turn(ngx_http_trivet_proxy_job_t *job)
{
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_get_module_main_conf(
        job->request, ngx_http_trivet_proxy_module);

    trivet_queue_leave(&ngx_http_trivet_proxy_turns.queue, &job->waiter);
    ngx_http_trivet_proxy_count_end(job);

    if (ngx_http_trivet_proxy_came_early(job, pcf)
        || (ngx_http_trivet_proxy_is_throttled(job)
            && ngx_http_trivet_proxy_waits_again(job, pcf)))
    {
        trivet_answer_free(job->answer);
        job->answer = NULL;
        job->shown = NULL;
        job->failure = TRIVET_FAILURE_NONE;
        job->advice = NULL;
        job->num_notes = 0;
        if (ngx_http_trivet_proxy_enter(job, pcf) == NGX_DONE) {
            return;
        }
    }

    if (job->failure == TRIVET_FAILURE_THROTTLED && job->retry_after_s == 0) {
        job->retry_after_s = job->waiter.limit.per_s; /* others called, too */
    }

    ngx_http_trivet_proxy_count_outcome(job);
    job->tell(job);
    ngx_http_trivet_proxy_run(pcf);
}
