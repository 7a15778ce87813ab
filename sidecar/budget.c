/* SPDX-License-Identifier: Apache-2.0 */
/* budget.c - how many calls the server allows, and how many were made */
#include "sidecar/budget.h"

#include "base/hash.h"
#include "core/device_rate.h"
#include "core/rate.h"

/* The server counts when calls arrive, we when they leave; and one that counts
 * with a leaky bucket rounds. */
enum { MARGIN_MS = 500, MS_PER_S = 1000 };

static struct trivet_budget_limit
classify_2026(struct trivet_slice method, struct trivet_slice target)
{
    const unsigned char *query =
        target.len == 0 ? NULL : memchr(target.data, '?', target.len);
    enum trivet_device_rate_kind kind;
    const struct trivet_device_rate *rate;

    if (query != NULL) {
        target.len = (size_t) (query - target.data);
    }
    kind = trivet_device_rate_classify(method, target);
    rate = trivet_device_rate(kind);
    if (rate == NULL) {
        return (struct trivet_budget_limit){.key = 0};
    }

    return (struct trivet_budget_limit){
        .key =
            trivet_hash_add(TRIVET_HASH_START, trivet_slice_text(rate->name)),
        .max_calls = rate->max_calls,
        .per_s = rate->per_s,
    };
}

static struct trivet_budget_limit
classify_classic(struct trivet_slice method, struct trivet_slice target)
{
    struct trivet_rate_call call = trivet_rate_classify(method, target);

    return (struct trivet_budget_limit){
        .key = call.endpoint,
        .max_calls = call.max_calls,
        .per_s = call.per_s,
    };
}

struct trivet_budget_limit
trivet_budget_classify(enum trivet_budget_rule rule, struct trivet_slice method,
    struct trivet_slice target)
{
    struct trivet_budget_limit limit = {.key = 0};

    if (rule == TRIVET_BUDGET_CLASSIC) {
        limit = classify_classic(method, target);
    } else if (rule == TRIVET_BUDGET_2026) {
        limit = classify_2026(method, target);
    }
    if (limit.max_calls > TRIVET_MAX_BUDGET_CALLS) {
        limit.key = 0;
    }

    return limit;
}

static int64_t
window_ms(const struct trivet_budget_limit *limit)
{
    return (int64_t) limit->per_s * MS_PER_S + MARGIN_MS;
}

/* The i-th latest call (0: the latest; i < num_calls). */
static int64_t
latest(const struct trivet_budget_slot *slot, uint32_t i)
{
    return slot->calls_ms[(slot->next + TRIVET_MAX_BUDGET_CALLS - 1 - i)
                          % TRIVET_MAX_BUDGET_CALLS];
}

static const struct trivet_budget_slot *
find(const struct trivet_budget *budget, uint64_t key)
{
    for (size_t i = 0; i < TRIVET_NUM_BUDGET_SLOTS; i++) {
        if (budget->slots[i].key == key) {
            return &budget->slots[i];
        }
    }

    return NULL;
}

/* Until when a slot says something. */
static int64_t
end_of(const struct trivet_budget_slot *slot)
{
    int64_t last_ms = slot->num_calls == 0 ? 0 : latest(slot, 0);

    return last_ms > slot->held_until_ms ? last_ms : slot->held_until_ms;
}

/* A new limit gets the slot that ended first. */
static struct trivet_budget_slot *
find_or_make(struct trivet_budget *budget, uint64_t key)
{
    struct trivet_budget_slot *oldest = &budget->slots[0];

    for (size_t i = 0; i < TRIVET_NUM_BUDGET_SLOTS; i++) {
        struct trivet_budget_slot *slot = &budget->slots[i];

        if (slot->key == key) {
            return slot;
        }
        if (slot->key == 0 || end_of(slot) < end_of(oldest)) {
            oldest = oldest->key == 0 ? oldest : slot;
        }
    }

    *oldest = (struct trivet_budget_slot){.key = key};
    return oldest;
}

int64_t
trivet_budget_free_at(const struct trivet_budget *budget,
    const struct trivet_budget_limit *limit, size_t num_ahead, int64_t now_ms)
{
    size_t max = (size_t) limit->max_calls;
    const struct trivet_budget_slot *slot;
    size_t place;
    int64_t at_ms = now_ms;

    if (limit->key == 0) {
        return now_ms;
    }

    /* As many as the limit has are a round; each round is a window later. */
    place = num_ahead % max;
    slot = find(budget, limit->key);
    if (slot != NULL && slot->held_until_ms > at_ms) {
        at_ms = slot->held_until_ms;
    }
    if (slot != NULL && max - 1 - place < slot->num_calls) {
        int64_t over_ms =
            latest(slot, (uint32_t) (max - 1 - place)) + window_ms(limit);

        at_ms = over_ms > at_ms ? over_ms : at_ms;
    }

    return at_ms + (int64_t) (num_ahead / max) * window_ms(limit);
}

void
trivet_budget_take(struct trivet_budget *budget,
    const struct trivet_budget_limit *limit, int64_t now_ms)
{
    struct trivet_budget_slot *slot;

    if (limit->key == 0) {
        return;
    }

    slot = find_or_make(budget, limit->key);
    slot->calls_ms[slot->next] = now_ms;
    slot->next = (slot->next + 1) % TRIVET_MAX_BUDGET_CALLS;
    if (slot->num_calls < TRIVET_MAX_BUDGET_CALLS) {
        slot->num_calls++;
    }
}

void
trivet_budget_hold(struct trivet_budget *budget,
    const struct trivet_budget_limit *limit, int64_t until_ms)
{
    struct trivet_budget_slot *slot;

    if (limit->key == 0) {
        return;
    }

    slot = find_or_make(budget, limit->key);
    if (until_ms > slot->held_until_ms) {
        slot->held_until_ms = until_ms;
    }
}
