/* SPDX-License-Identifier: Apache-2.0 */
/* checks.c - requests whose signatures wait to be verified several at once */
#include "gateway/checks.h"

#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/threads.h"
#include "gateway/worker.h"


enum { NGX_HTTP_TRIVET_CHECK_GUARD_MS = 60000 };


typedef struct {
    ngx_queue_t link;
    ngx_http_request_t *request;
    ngx_http_trivet_ctx_t *ctx;
    ngx_event_t guard; /* its timer keeps a worker that shuts down waiting */
    ngx_uint_t is_waiting;
    ngx_uint_t is_checked; /* in this batch */
    struct trivet_verification copy;
    struct trivet_to_verify wanted;
} ngx_http_trivet_check_t;


/* ngx_event_t's data is nginx's, which logs it. */
static ngx_http_trivet_main_conf_t *ngx_http_trivet_check_conf;


/* It was checked, or the request ends. */
static void
ngx_http_trivet_leave_check(void *data)
{
    ngx_http_trivet_check_t *check = data;

    if (check->is_waiting) {
        check->is_waiting = 0;
        ngx_queue_remove(&check->link);
        ngx_http_trivet_check_conf->worker->num_checks--;
        if (check->guard.timer_set) {
            ngx_del_timer(&check->guard);
        }
    }
}


static void
ngx_http_trivet_check_guard(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_TRIVET_CHECK_GUARD_MS);
}


ngx_int_t
ngx_http_trivet_take_check(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const struct trivet_verification *wanted)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_check_t *check;
    ngx_http_trivet_worker_t *worker = ngx_http_trivet_check_conf->worker;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_trivet_check_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    check = cln->data;
    ngx_memzero(check, sizeof(ngx_http_trivet_check_t));
    cln->handler = ngx_http_trivet_leave_check;

    check->request = r;
    check->ctx = ctx;
    check->copy = *wanted;
    check->wanted.der = trivet_slice_make(check->copy.der, check->copy.der_len);
    check->wanted.signature =
        trivet_slice_make(check->copy.signature, sizeof(check->copy.signature));
    ngx_memcpy(check->wanted.digest, wanted->digest, TRIVET_DIGEST_LEN);

    check->guard.handler = ngx_http_trivet_check_guard;
    check->guard.data = &ngx_http_trivet_no_connection;
    check->guard.log = r->connection->log;
    ngx_add_timer(&check->guard, NGX_HTTP_TRIVET_CHECK_GUARD_MS);

    check->is_waiting = 1;
    ngx_queue_insert_tail(&worker->checks, &check->link);
    worker->num_checks++;

    if (!worker->is_checking && !worker->check_event.posted) {
        ngx_post_event(&worker->check_event, &ngx_posted_events);
    }

    return NGX_OK;
}


static void
ngx_http_trivet_end_check(ngx_http_trivet_check_t *check, int64_t each_ns)
{
    ngx_http_request_t *r = check->request;

    ngx_connection_t *c = r->connection;
    ngx_http_trivet_ctx_t *ctx = check->ctx;

    ngx_http_set_log_request(c->log, r);

    if (check->wanted.status == TRIVET_OK && check->wanted.is_valid) {
        trivet_verification_remember(
            &ngx_http_trivet_check_conf->memos, &check->copy);
        ctx->checked_lanes = check->wanted.num_lanes;
        ctx->checked_ns = each_ns;
    }

    ctx->state = NGX_HTTP_TRIVET_READING;

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


/* All events of a round are handled. */
static void
ngx_http_trivet_check_batch(ngx_event_t *ev)
{
    int64_t begin_ns, each_ns;
    ngx_uint_t i, num;
    ngx_queue_t *q;
    struct trivet_to_verify *wanted[TRIVET_NUM_LANES];
    ngx_http_trivet_check_t *check;
    ngx_http_trivet_worker_t *worker = ngx_http_trivet_check_conf->worker;

    num = ngx_min(worker->num_checks, TRIVET_NUM_LANES);
    q = ngx_queue_head(&worker->checks);

    for (i = 0; i < num; i++) {
        check = ngx_queue_data(q, ngx_http_trivet_check_t, link);
        check->is_checked = 1;
        wanted[i] = &check->wanted;
        q = ngx_queue_next(q);
    }

    begin_ns = ngx_http_trivet_ticks_ns();
    trivet_lanes_verify(worker->lanes, NULL, wanted, num);
    each_ns =
        (ngx_http_trivet_ticks_ns() - begin_ns) / (int64_t) ngx_max(num, 1);

    worker->is_checking = 1;

    /* The end of one may be that of others which are here: see turns.c. */
    while (!ngx_queue_empty(&worker->checks)) {
        q = ngx_queue_head(&worker->checks);
        check = ngx_queue_data(q, ngx_http_trivet_check_t, link);
        if (!check->is_checked) {
            break;
        }

        ngx_http_trivet_leave_check(check);
        ngx_http_trivet_end_check(check, each_ns);
    }

    worker->is_checking = 0;

    if (worker->num_checks > 0) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


void
ngx_http_trivet_init_checks(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_http_trivet_worker_t *worker = tmcf->worker;

    ngx_http_trivet_check_conf = tmcf;
    ngx_queue_init(&worker->checks);
    worker->check_event.handler = ngx_http_trivet_check_batch;
    worker->check_event.data = &ngx_http_trivet_no_connection;
    worker->check_event.log = cycle->log;
}
