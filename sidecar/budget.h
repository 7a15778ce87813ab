/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.h - how many calls the server allows, and how many were made
 *
 * Of each limit the moments of the latest calls are kept. Times are
 * milliseconds of one clock that never goes back (base/ticks.h).
 *
 * Blocks: no. Threads: one at a time. The memory may be shared by processes:
 * there are no pointers in it.
 */
#ifndef TRIVET_SIDECAR_BUDGET_H
#define TRIVET_SIDECAR_BUDGET_H

#include <stdint.h>

#include "base/slice.h"

enum trivet_budget_rule {
    TRIVET_BUDGET_CLASSIC = 0, /* core/rate.h: each endpoint    */
    TRIVET_BUDGET_2026,        /* core/device_rate.h: each kind */
    TRIVET_BUDGET_OFF
};

enum {
    TRIVET_MAX_BUDGET_CALLS = 160, /* remembered of a limit       */
    TRIVET_NUM_BUDGET_SLOTS = 128  /* limits that are remembered  */
};

/* What a call counts for. */
struct trivet_budget_limit {
    uint64_t key; /* of the endpoint or kind; 0: no limit */
    int max_calls;
    int per_s;
};

struct trivet_budget_slot {
    uint64_t key;
    int64_t held_until_ms; /* the server refused one */
    uint32_t num_calls;
    uint32_t next;                             /* in the ring */
    int64_t calls_ms[TRIVET_MAX_BUDGET_CALLS]; /* a ring      */
};

/* Zeroed, it is whole. */
struct trivet_budget {
    struct trivet_budget_slot slots[TRIVET_NUM_BUDGET_SLOTS];
};

/* target: the path as it is sent. A limit of more than TRIVET_MAX_BUDGET_CALLS
 * calls is none. */
struct trivet_budget_limit trivet_budget_classify(enum trivet_budget_rule rule,
    struct trivet_slice method, struct trivet_slice target);

/* When a call may be made that comes after num_ahead others of its limit: now
 * or later. */
int64_t trivet_budget_free_at(const struct trivet_budget *budget,
    const struct trivet_budget_limit *limit, size_t num_ahead, int64_t now_ms);

/* One is made now. */
void trivet_budget_take(struct trivet_budget *budget,
    const struct trivet_budget_limit *limit, int64_t now_ms);

/* None until then: the server refused one. */
void trivet_budget_hold(struct trivet_budget *budget,
    const struct trivet_budget_limit *limit, int64_t until_ms);

#endif
