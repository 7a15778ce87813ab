/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.h - signatures that wait for their turn, to be made several at once
 *
 * One queue in a worker. It is looked at when all events of a round of the
 * event loop were handled: a batch of those that wait is signed, then the loop
 * goes round again. So nobody waits for company, and what needs no signature
 * waits for one batch at most.
 */
#ifndef TRIVET_GATEWAY_TURNS_H
#define TRIVET_GATEWAY_TURNS_H

#include "gateway/request.h"

#include "crypto/lanes/lanes.h"

typedef struct ngx_http_trivet_turn_s ngx_http_trivet_turn_t;

/* Called when it is the request's turn. rc: NGX_OK, turn->wanted.text is the
 * signature; NGX_ERROR, it could not be made, which was logged. */
typedef void (*ngx_http_trivet_turn_pt)(
    ngx_http_request_t *r, ngx_http_trivet_turn_t *turn, ngx_int_t rc);

struct ngx_http_trivet_turn_s {
    ngx_queue_t link;
    ngx_http_request_t *request;
    ngx_http_trivet_turn_pt done;
    int64_t begin_ns; /* of waiting; 0: nothing is measured */
    ngx_uint_t is_waiting;
    ngx_uint_t is_signed; /* in this batch */
    struct trivet_to_sign wanted;
};

/* In the worker: opens the library, makes the keys ready, says in the log which
 * way is used. NGX_ERROR: logged. */
ngx_int_t ngx_http_trivet_open_lanes(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_close_lanes(ngx_http_trivet_main_conf_t *tmcf);

/* Whether signatures wait in turns. */
ngx_uint_t ngx_http_trivet_has_turns(ngx_http_trivet_main_conf_t *tmcf);
/* Adds the request, whose answer's digest this is; until its turn, or its end.
 * NGX_ERROR: out of memory. */
ngx_int_t ngx_http_trivet_take_turn(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, const unsigned char digest[TRIVET_DIGEST_LEN],
    ngx_http_trivet_turn_pt done);

#endif
