/* SPDX-License-Identifier: Apache-2.0 */
/* turns.c - signatures that wait for their turn, to be made several at once */
#include "gateway/turns.h"

#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/metrics.h"
#include "gateway/threads.h"
#include "gateway/worker.h"

#include <stdatomic.h>


static void ngx_http_trivet_take_batch(ngx_event_t *ev);


/* Whose event it is: ngx_event_t's data is nginx's, which logs it. */
static ngx_http_trivet_worker_t *ngx_http_trivet_turn_worker;

/* Pool threads ask. */
static atomic_bool ngx_http_trivet_is_signed_in_turns;


/* ---- lanes --------------------------------------------------------------- */

static bool
ngx_http_trivet_leaves_signing(void)
{
    return atomic_load(&ngx_http_trivet_is_signed_in_turns);
}


/* The first key that can be signed with in lanes; NULL: none, and err says why
 * of the last. */
static const struct trivet_private_key *
ngx_http_trivet_take_lane_keys(
    ngx_http_trivet_main_conf_t *tmcf, struct trivet_error *err)
{
    ngx_uint_t i;
    const struct trivet_private_key *key, *first = NULL;

    for (i = 0; i < tmcf->key_paths.nelts; i++) {
        key = tmcf->server_keys[i].key;

        if (key == NULL) {
            (void) trivet_error_set(err, TRIVET_E_UNAVAILABLE, "lanes",
                "the server key cannot be used");
            continue;
        }

        if (trivet_lane_key_new(key, &tmcf->worker->lane_keys[i], err)
                == TRIVET_OK
            && first == NULL)
        {
            first = key;
        }
    }

    return first;
}


/* The first worker speaks for all: they have the same library. */
static void
ngx_http_trivet_tell_lanes(ngx_cycle_t *cycle, const char *way, const char *why)
{
    if (ngx_worker == 0) {
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
            "trivet: signatures by %s%s", way, why);
    }
}


ngx_int_t
ngx_http_trivet_open_lanes(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    char why[TRIVET_MAX_ERROR_DETAIL + 16];
    struct trivet_error err;
    const struct trivet_private_key *key;
    ngx_http_trivet_worker_t *worker = tmcf->worker;

    ngx_queue_init(&worker->turns);
    worker->turn_event.handler = ngx_http_trivet_take_batch;
    worker->turn_event.data = &ngx_http_trivet_no_connection;
    worker->turn_event.log = cycle->log;
    worker->turn_conf = tmcf;
    ngx_http_trivet_turn_worker = worker;

    if (!tmcf->lanes) {
        ngx_http_trivet_tell_lanes(
            cycle, "OpenSSL, one at a time", " (trivet_lanes off)");
        return NGX_OK;
    }

    key = ngx_http_trivet_take_lane_keys(tmcf, &err);

    if (key == NULL || trivet_lanes_new(key, &worker->lanes, &err) != TRIVET_OK)
    {
        (void) snprintf(why, sizeof(why), ": %s", err.detail);
        ngx_http_trivet_tell_lanes(cycle, "OpenSSL, one at a time", why);
        return NGX_OK;
    }

    atomic_store(&ngx_http_trivet_is_signed_in_turns, true);
    worker->authority.leaves_signing = ngx_http_trivet_leaves_signing;
    ngx_http_trivet_tell_lanes(cycle, "crypto_mb, up to eight at a time", "");

    return NGX_OK;
}


void
ngx_http_trivet_close_lanes(ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_uint_t i;

    for (i = 0; i < TRIVET_MAX_SERVER_KEYS; i++) {
        trivet_lane_key_free(tmcf->worker->lane_keys[i]);
        tmcf->worker->lane_keys[i] = NULL;
    }

    trivet_lanes_free(tmcf->worker->lanes);
    tmcf->worker->lanes = NULL;
}


ngx_uint_t
ngx_http_trivet_has_turns(ngx_http_trivet_main_conf_t *tmcf)
{
    return trivet_lanes_are_on(tmcf->worker->lanes);
}


/* ---- the queue ----------------------------------------------------------- */

/* Its turn has come, or its request ends. */
static void
ngx_http_trivet_leave_turn(void *data)
{
    ngx_http_trivet_turn_t *turn = data;

    if (turn->is_waiting) {
        turn->is_waiting = 0;
        ngx_queue_remove(&turn->link);
        ngx_http_trivet_turn_worker->num_turns--;
    }
}


ngx_int_t
ngx_http_trivet_take_turn(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const unsigned char digest[TRIVET_DIGEST_LEN], ngx_http_trivet_turn_pt done)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_turn_t *turn;
    ngx_http_trivet_worker_t *worker;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    worker = tmcf->worker;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_trivet_turn_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    turn = cln->data;
    ngx_memzero(turn, sizeof(ngx_http_trivet_turn_t));
    cln->handler = ngx_http_trivet_leave_turn;

    turn->request = r;
    turn->done = done;
    turn->begin_ns = tmcf->metrics == NULL ? 0 : ngx_http_trivet_ticks_ns();
    turn->wanted.lane_key = worker->lane_keys[ctx->answer.server_key];
    turn->wanted.signer = worker->signers[ctx->answer.server_key];
    ngx_memcpy(turn->wanted.digest, digest, TRIVET_DIGEST_LEN);

    turn->is_waiting = 1;
    ngx_queue_insert_tail(&worker->turns, &turn->link);
    worker->num_turns++;

    if (!worker->is_in_batch && !worker->turn_event.posted) {
        ngx_post_event(&worker->turn_event, &ngx_posted_events);
    }

    return NGX_OK;
}


/* Signs those in batch, and says so in the log when one was wrong. */
static void
ngx_http_trivet_sign_batch(ngx_http_trivet_main_conf_t *tmcf,
    ngx_http_trivet_turn_t **batch, ngx_uint_t num, ngx_log_t *log)
{
    ngx_uint_t i, num_wrong = 0;
    struct trivet_to_sign *wanted[TRIVET_NUM_LANES];
    ngx_http_trivet_metrics_t *metrics;

    for (i = 0; i < num; i++) {
        wanted[i] = &batch[i]->wanted;
    }

    trivet_lanes_sign(tmcf->worker->lanes, wanted, num);

    for (i = 0; i < num; i++) {
        num_wrong += wanted[i]->was_wrong;
    }

    if (num_wrong == 0) {
        return;
    }

    if (tmcf->metrics != NULL) {
        metrics = tmcf->metrics->data;
        (void) ngx_atomic_fetch_add(
            &metrics->wrong_lanes, (ngx_atomic_int_t) num_wrong);
    }

    ngx_log_error(NGX_LOG_ALERT, log, 0,
        "trivet: crypto_mb made %ui wrong signatures: OpenSSL signed again",
        num_wrong);

    if (!trivet_lanes_are_on(tmcf->worker->lanes)) {
        atomic_store(&ngx_http_trivet_is_signed_in_turns, false);
        ngx_log_error(NGX_LOG_ALERT, log, 0,
            "trivet: signatures by OpenSSL, one at a time, from now on: "
            "crypto_mb was wrong %d times",
            TRIVET_LANES_MAX_WRONG);
    }
}


static void
ngx_http_trivet_end_turn(ngx_http_trivet_turn_t *turn, int64_t begin_ns,
    int64_t end_ns, ngx_uint_t num)
{
    ngx_http_request_t *r = turn->request;

    ngx_int_t rc = NGX_OK;
    ngx_connection_t *c = r->connection;
    ngx_http_trivet_ctx_t *ctx;
    struct trivet_measures *measures;

    ctx = ngx_http_trivet_get_ctx(r);
    measures = &ctx->answer.measures;

    ngx_http_set_log_request(c->log, r);

    if (turn->wanted.status != TRIVET_OK) {
        ngx_log_error(
            NGX_LOG_CRIT, c->log, 0, "trivet: the answer could not be signed");
        rc = NGX_ERROR;

    } else if (turn->begin_ns != 0) {
        measures->has_signed = true;
        measures->has_queued = true;
        measures->sign_lanes = turn->wanted.num_lanes;
        measures->queued_ns = begin_ns - turn->begin_ns;
        measures->signing_ns = (end_ns - begin_ns) / (int64_t) num;
    }

    turn->done(r, turn, rc);

    ngx_http_run_posted_requests(c);
}


/* How many of the first in the queue are signed now. With fewer than lanes are
 * worth, one: while it is signed, others may come. */
static ngx_uint_t
ngx_http_trivet_count_batch(ngx_http_trivet_worker_t *worker)
{
    ngx_uint_t num = ngx_min(worker->num_turns, TRIVET_NUM_LANES);

    if (num >= TRIVET_LANES_MIN_SIGN && trivet_lanes_are_on(worker->lanes)) {
        return num;
    }

    return ngx_min(num, 1);
}


/* All events of a round are handled. */
static void
ngx_http_trivet_take_batch(ngx_event_t *ev)
{
    int64_t begin_ns, end_ns;
    ngx_uint_t i, num;
    ngx_queue_t *q;
    ngx_http_trivet_turn_t *turn, *batch[TRIVET_NUM_LANES];
    ngx_http_trivet_worker_t *worker = ngx_http_trivet_turn_worker;
    ngx_http_trivet_main_conf_t *tmcf = worker->turn_conf;

    num = ngx_http_trivet_count_batch(worker);
    q = ngx_queue_head(&worker->turns);

    for (i = 0; i < num; i++) {
        batch[i] = ngx_queue_data(q, ngx_http_trivet_turn_t, link);
        batch[i]->is_signed = 1;
        q = ngx_queue_next(q);
    }

    begin_ns = ngx_http_trivet_ticks_ns();
    ngx_http_trivet_sign_batch(tmcf, batch, num, ev->log);
    end_ns = ngx_http_trivet_ticks_ns();

    worker->is_in_batch = 1;

    /* The end of one may be that of its connection, and so of others which are
     * here: these leave the queue themselves. */
    while (!ngx_queue_empty(&worker->turns)) {
        q = ngx_queue_head(&worker->turns);
        turn = ngx_queue_data(q, ngx_http_trivet_turn_t, link);
        if (!turn->is_signed) {
            break;
        }

        ngx_http_trivet_leave_turn(turn);
        ngx_http_trivet_end_turn(turn, begin_ns, end_ns, num);
    }

    worker->is_in_batch = 0;

    if (worker->num_turns > 0) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}
