/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - whose turn it is */
#include "sidecar/queue.h"

#include <string.h>

enum { INTERACTIVE_TURNS = 3 /* for one batch turn */ };

void
trivet_queue_init(struct trivet_queue *queue, size_t max_running)
{
    memset(queue, 0, sizeof *queue);
    queue->max_running = max_running;
}

/* ---- callers ------------------------------------------------------------ */

static bool
is_idle(const struct trivet_queue_caller *caller)
{
    return caller->num_waiting == 0 && caller->num_running == 0;
}

/* One without calls is forgotten when another needs its place: the one whose
 * turn is longest ago. Where all have some, the first is everybody else's. */
static struct trivet_queue_caller *
find_caller(struct trivet_queue *queue, uint64_t id)
{
    struct trivet_queue_caller *free_one = NULL;

    for (size_t i = 1; i < TRIVET_MAX_QUEUE_CALLERS; i++) {
        struct trivet_queue_caller *caller = &queue->callers[i];

        if (caller->id == id && id != 0) {
            return caller;
        }
        if (is_idle(caller)
            && (free_one == NULL || caller->turn < free_one->turn)) {
            free_one = caller;
        }
    }
    if (free_one == NULL || id == 0) {
        return &queue->callers[0];
    }

    *free_one = (struct trivet_queue_caller){.id = id};
    return free_one;
}

/* So that there is always room for others. */
static size_t
max_of_caller(const struct trivet_queue *queue)
{
    return queue->max_running - queue->max_running / 4;
}

size_t
trivet_queue_count_ahead(struct trivet_queue *queue, uint64_t caller_id,
    const struct trivet_budget_limit *limit)
{
    struct trivet_queue_caller *ours = find_caller(queue, caller_id);
    uint32_t num_ours = 0;
    size_t num = 0;

    for (size_t i = 0; i < TRIVET_MAX_QUEUE_CALLERS; i++) {
        queue->callers[i].num_seen = 0;
    }
    for (struct trivet_waiter *w = queue->first; w != NULL; w = w->next) {
        num_ours += w->caller == ours && w->limit.key == limit->key;
    }

    /* By the time of our turn each other has had one more than we before. */
    for (struct trivet_waiter *w = queue->first; w != NULL; w = w->next) {
        if (w->limit.key == limit->key && w->caller != ours
            && w->caller->num_seen < num_ours + 1)
        {
            w->caller->num_seen++;
            num++;
        }
    }

    return num + num_ours;
}

/* ---- in and out --------------------------------------------------------- */

bool
trivet_queue_add(struct trivet_queue *queue, struct trivet_waiter *waiter,
    uint64_t caller_id)
{
    if (queue->num_waiting == TRIVET_MAX_WAITERS) {
        return false;
    }

    waiter->caller = find_caller(queue, caller_id);
    if (waiter->caller->num_waiting == 0
        && waiter->caller->turn <= queue->turn) /* turns are not saved up */
    {
        waiter->caller->turn = queue->turn + 1;
    }
    waiter->caller->num_waiting++;
    waiter->is_waiting = true;
    waiter->next = NULL;
    waiter->previous = queue->last;
    if (queue->last == NULL) {
        queue->first = waiter;
    } else {
        queue->last->next = waiter;
    }
    queue->last = waiter;
    queue->num_waiting++;
    queue->num_batch += waiter->is_batch;

    return true;
}

/* It waits no longer. */
static void
unlink_waiter(struct trivet_queue *queue, struct trivet_waiter *waiter)
{
    if (waiter->previous == NULL) {
        queue->first = waiter->next;
    } else {
        waiter->previous->next = waiter->next;
    }
    if (waiter->next == NULL) {
        queue->last = waiter->previous;
    } else {
        waiter->next->previous = waiter->previous;
    }

    waiter->previous = NULL;
    waiter->next = NULL;
    waiter->is_waiting = false;
    waiter->caller->num_waiting--;
    queue->num_waiting--;
    queue->num_batch -= waiter->is_batch;
}

void
trivet_queue_leave(struct trivet_queue *queue, struct trivet_waiter *waiter)
{
    if (waiter->caller == NULL) {
        return;
    }

    if (waiter->is_waiting) {
        unlink_waiter(queue, waiter);
    } else {
        waiter->caller->num_running--;
        queue->num_running--;
    }
    waiter->caller = NULL;
}

/* ---- whose turn --------------------------------------------------------- */

/* Whether a comes before b, which has waited for longer. */
static bool
comes_before(const struct trivet_queue *queue, const struct trivet_waiter *a,
    const struct trivet_waiter *b)
{
    bool is_batch_turn = queue->num_interactive_turns >= INTERACTIVE_TURNS;

    if (a->is_batch != b->is_batch) {
        return a->is_batch == is_batch_turn;
    }

    return a->caller->turn < b->caller->turn;
}

static void
start(struct trivet_queue *queue, struct trivet_waiter *waiter)
{
    if (waiter->is_batch || queue->num_batch == 0) {
        queue->num_interactive_turns = 0;
    } else {
        queue->num_interactive_turns++;
    }

    unlink_waiter(queue, waiter);
    queue->turn = waiter->caller->turn;
    waiter->caller->turn++;
    waiter->caller->num_running++;
    queue->num_running++;
}

struct trivet_waiter *
trivet_queue_next(struct trivet_queue *queue, struct trivet_budget *budget,
    int64_t now_ms, int64_t *out_wake_ms)
{
    struct trivet_waiter *best = NULL;

    *out_wake_ms = INT64_MAX;
    if (queue->num_running >= queue->max_running) {
        return NULL;
    }

    for (struct trivet_waiter *w = queue->first; w != NULL; w = w->next) {
        int64_t at_ms;

        if (w->caller->num_running >= max_of_caller(queue)
            || (best != NULL && !comes_before(queue, w, best)))
        {
            continue;
        }

        at_ms = trivet_budget_free_at(budget, &w->limit, 0, now_ms);
        if (at_ms <= now_ms) {
            best = w;
        } else if (at_ms < *out_wake_ms) {
            *out_wake_ms = at_ms;
        }
    }

    if (best != NULL) {
        trivet_budget_take(budget, &best->limit, now_ms);
        start(queue, best);
    }

    return best;
}
