/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h - whose turn it is: calls that wait for the server's limits, or
 * because as many run as may
 *
 * Callers take turns; who comes anew has the turn after the one that is served
 * now. So one caller with a thousand calls keeps another waiting for one of
 * them, and newcomers keep nobody waiting for ever. Interactive calls go before
 * batch ones, but for each fourth turn.
 *
 * Blocks: no. Threads: one. Memory of waiters is their owners'.
 */
#ifndef TRIVET_SIDECAR_QUEUE_H
#define TRIVET_SIDECAR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sidecar/budget.h"

enum {
    TRIVET_MAX_WAITERS = 4096,
    TRIVET_MAX_QUEUE_CALLERS = 512 /* told apart at a time */
};

struct trivet_queue_caller {
    uint64_t id;   /* 0: free; or all those for whom there is no other */
    uint64_t turn; /* of its next call: the lowest comes first */
    uint32_t num_waiting;
    uint32_t num_running;
    uint32_t num_seen; /* while looking */
};

/* A call. Zeroed, it is in no queue. */
struct trivet_waiter {
    struct trivet_waiter *previous;
    struct trivet_waiter *next;
    struct trivet_queue_caller *caller; /* NULL: neither waits nor runs */
    struct trivet_budget_limit limit;
    bool is_batch;
    bool is_waiting;
};

struct trivet_queue {
    struct trivet_waiter *first;
    struct trivet_waiter *last;
    size_t num_waiting;
    size_t num_batch; /* of these */
    size_t num_running;
    size_t max_running;
    uint64_t turn;                  /* of the call that was begun last */
    unsigned num_interactive_turns; /* since a batch one, while one waits */
    struct trivet_queue_caller callers[TRIVET_MAX_QUEUE_CALLERS];
};

/* max_running: how many calls may run at once. Three quarters of them may be
 * one caller's. */
void trivet_queue_init(struct trivet_queue *queue, size_t max_running);

/*
 * How many calls of that limit a new one of this caller would come after, as
 * turns go.
 */
size_t trivet_queue_count_ahead(struct trivet_queue *queue, uint64_t caller_id,
    const struct trivet_budget_limit *limit);

/* The waiter's limit and is_batch are set. It waits from now on. False: too
 * many do. */
bool trivet_queue_add(struct trivet_queue *queue, struct trivet_waiter *waiter,
    uint64_t caller_id);

/*
 * The call that is to be made now: it runs, and counts for its limit. NULL:
 * none; *out_wake_ms is when to look again, INT64_MAX: not before something has
 * changed.
 */
struct trivet_waiter *trivet_queue_next(struct trivet_queue *queue,
    struct trivet_budget *budget, int64_t now_ms, int64_t *out_wake_ms);

/* It has ended, or does not wait any more. Nothing is done for one that is in
 * no queue. */
void trivet_queue_leave(
    struct trivet_queue *queue, struct trivet_waiter *waiter);

#endif
