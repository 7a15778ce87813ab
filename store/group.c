/* SPDX-License-Identifier: Apache-2.0 */
/* group.c - threads that write share a commit */
#define _POSIX_C_SOURCE 200809L
#include "store/group.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/ticks.h"
#include "store/handle.h"
#include "store/transaction.h"

/* Between two commits: how many may have had their turn, whether their work is
 * kept or not. Those whose work is kept wait for the last of them. */
enum { MAX_TURNS = 64 };

/* A batch that fails after so long has found the store slow, or gone. */
enum { LATE_MS = 1000 };

/* A transaction and those that wait for its end. */
struct batch {
    int64_t began_ms;
    unsigned num_turns;   /* that ended in it                  */
    unsigned num_members; /* whose work is in it               */
    unsigned num_readers; /* that still look at what became of it */
    bool is_over;
    struct trivet_error error; /* its status: what became of it */
};

struct trivet_group {
    const char *url;
    const char *chain; /* NULL: as the store's handle has it */
    struct trivet_store
        *store; /* NULL: to be opened; whose turn it is has it */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t turn_ended;
    pthread_cond_t batch_ended;
    bool is_taken;        /* the turn is somebody's   */
    unsigned num_waiting; /* for the turn             */
    struct batch *batch;  /* NULL: no transaction open */

    /* Those who waited while another found the store locked or gone share what
     * he found: each would wait as long, one after the other. */
    uint64_t num_came;        /* how many there were, ever */
    uint64_t last_failed;     /* who came by then does     */
    struct trivet_error fail; /* what was found            */
};

struct trivet_group *
trivet_group_new(const char *url, const char *chain)
{
    struct trivet_group *group = calloc(1, sizeof *group);

    if (group == NULL) {
        return NULL;
    }

    group->url = url;
    group->chain = chain;
    if (pthread_mutex_init(&group->lock, NULL) != 0) {
        free(group);
        return NULL;
    }
    if (pthread_cond_init(&group->turn_ended, NULL) != 0) {
        (void) pthread_mutex_destroy(&group->lock);
        free(group);
        return NULL;
    }
    if (pthread_cond_init(&group->batch_ended, NULL) != 0) {
        (void) pthread_cond_destroy(&group->turn_ended);
        (void) pthread_mutex_destroy(&group->lock);
        free(group);
        return NULL;
    }

    return group;
}

static void
drop_store(struct trivet_group *group)
{
    trivet_store_close(group->store);
    group->store = NULL;
}

void
trivet_group_free(struct trivet_group *group)
{
    if (group == NULL) {
        return;
    }

    drop_store(group);
    (void) pthread_cond_destroy(&group->batch_ended);
    (void) pthread_cond_destroy(&group->turn_ended);
    (void) pthread_mutex_destroy(&group->lock);
    free(group);
}

/* ---- the turn ---------------------------------------------------------- */

/* Returns the caller's number. */
static uint64_t
take_turn(struct trivet_group *group)
{
    uint64_t number;

    (void) pthread_mutex_lock(&group->lock);

    number = ++group->num_came;
    group->num_waiting++;
    while (group->is_taken) {
        (void) pthread_cond_wait(&group->turn_ended, &group->lock);
    }
    group->num_waiting--;
    group->is_taken = true;

    (void) pthread_mutex_unlock(&group->lock);
    return number;
}

/* Whoever is woken takes the lock at once: the lock is free by then. */
static void
unlock_and_end_turn(struct trivet_group *group)
{
    group->is_taken = false;
    (void) pthread_mutex_unlock(&group->lock);
    (void) pthread_cond_signal(&group->turn_ended);
}

static void
close_turn(struct trivet_group *group)
{
    (void) pthread_mutex_lock(&group->lock);
    unlock_and_end_turn(group);
}

/* ---- the batch: of whose turn it is ------------------------------------ */

static enum trivet_status
ensure_store(struct trivet_group *group, struct trivet_error *err)
{
    if (group->store != NULL && !trivet_store_is_current(group->store)) {
        drop_store(group);
    }

    if (group->store != NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_store_open(
        group->url, TRIVET_STORE_EXISTING, &group->store, err));

    if (group->chain != NULL) {
        trivet_store_use_chain(group->store, group->chain);
    }
    return TRIVET_OK;
}

static enum trivet_status
begin_batch(struct trivet_group *group, struct trivet_error *err)
{
    struct batch *batch;
    enum trivet_status status;

    TRIVET_TRY(ensure_store(group, err));

    batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.group", "out of memory");
    }
    batch->began_ms = trivet_ticks_ms();

    status = trivet_store_begin(group->store, err);
    if (status != TRIVET_OK) {
        free(batch);
        drop_store(group);
        return status;
    }

    group->batch = batch;
    return TRIVET_OK;
}

/* Tells all members what became of it. The last that has read it frees it. */
static void
end_batch(struct trivet_group *group, const struct trivet_error *what)
{
    struct batch *batch = group->batch;

    (void) pthread_mutex_lock(&group->lock);
    group->batch = NULL;
    batch->is_over = true;
    batch->error = *what;
    if (batch->num_readers == 0) {
        free(batch);
    }
    (void) pthread_mutex_unlock(&group->lock);
    (void) pthread_cond_broadcast(&group->batch_ended);
}

/* Those who wait for the turn are told the same. */
static void
share_failure(struct trivet_group *group, const struct trivet_error *why)
{
    (void) pthread_mutex_lock(&group->lock);
    group->last_failed = group->num_came;
    (void) pthread_mutex_unlock(&group->lock);
    group->fail = *why;
}

static void
abandon_batch(struct trivet_group *group, const struct trivet_error *why)
{
    trivet_store_rollback(group->store);
    drop_store(group);
    if (trivet_ticks_ms() - group->batch->began_ms >= LATE_MS) {
        share_failure(group, why);
    }
    end_batch(group, why);
}

static void
commit_batch(struct trivet_group *group)
{
    struct trivet_error what = {.status = TRIVET_OK};

    if (group->batch->num_members == 0) {
        trivet_store_rollback(group->store);
        end_batch(group, &what);
        return;
    }

    what.status = trivet_store_commit(group->store, &what);
    if (what.status != TRIVET_OK) {
        abandon_batch(group, &what);
        return;
    }

    end_batch(group, &what);
}

/* ---- members ----------------------------------------------------------- */

/* Begins a batch for the one with that number, unless it was tried in vain
 * while he waited. */
static enum trivet_status
begin_for(struct trivet_group *group, uint64_t number, struct trivet_error *err)
{
    enum trivet_status status;

    if (number <= group->last_failed) {
        *err = group->fail;
        return group->fail.status;
    }

    status = begin_batch(group, err);
    if (status != TRIVET_OK) {
        err->status = status;
        share_failure(group, err);
    }

    return status;
}

/* In the caller's turn, which ends when it fails. */
static enum trivet_status
enter(struct trivet_group *group, uint64_t number, struct trivet_store **out,
    struct trivet_error *err)
{
    struct trivet_error why = {.status = TRIVET_OK};
    enum trivet_status status = TRIVET_OK;

    if (group->batch == NULL) {
        status = begin_for(group, number, &why);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_mark(
            group->store, group->batch->num_members == 0, &why);
        if (status != TRIVET_OK) {
            abandon_batch(group, &why);
        }
    }

    if (status != TRIVET_OK) {
        close_turn(group);
        if (err != NULL) {
            *err = why;
        }
        return status;
    }

    *out = group->store;
    return TRIVET_OK;
}

enum trivet_status
trivet_group_enter(struct trivet_group *group, struct trivet_store **out,
    struct trivet_error *err)
{
    return enter(group, take_turn(group), out, err);
}

/* What became of the batch, when that is known. */
static enum trivet_status
await(struct trivet_group *group, struct batch *batch, struct trivet_error *err)
{
    enum trivet_status status;

    (void) pthread_mutex_lock(&group->lock);
    while (!batch->is_over) {
        (void) pthread_cond_wait(&group->batch_ended, &group->lock);
    }

    status = batch->error.status;
    if (status != TRIVET_OK && err != NULL) {
        *err = batch->error;
    }

    batch->num_readers--;
    if (batch->num_readers == 0) {
        free(batch);
    }
    (void) pthread_mutex_unlock(&group->lock);

    return status;
}

/* Whether the next one in turn goes on with the batch. If so, it is his. */
static bool
hand_on(struct trivet_group *group)
{
    bool is_handed;

    (void) pthread_mutex_lock(&group->lock);
    is_handed = group->num_waiting > 0 && group->batch->num_turns < MAX_TURNS;
    if (is_handed) {
        unlock_and_end_turn(group);
    } else {
        (void) pthread_mutex_unlock(&group->lock);
    }

    return is_handed;
}

/* Ends what was done in the turn. When the store has failed, the batch is lost
 * and the turn ends. */
static enum trivet_status
end_part(struct trivet_group *group, enum trivet_status status, bool keep,
    struct trivet_error *err)
{
    struct trivet_error why = {.status = status};
    enum trivet_status ending = TRIVET_OK;

    if (!group->store->has_failed) {
        ending = keep ? trivet_store_keep(group->store, &why)
                      : trivet_store_undo(group->store, &why);
    } else if (status != TRIVET_OK && err != NULL) {
        why = *err;
    }

    /* What the store says of itself counts, not what a member says. */
    if (group->store->has_failed || ending != TRIVET_OK) {
        why.status = TRIVET_E_UNAVAILABLE;
        abandon_batch(group, &why);
        close_turn(group);
        if (err != NULL) {
            *err = why;
        }
        return TRIVET_E_UNAVAILABLE;
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_group_again(struct trivet_group *group, struct trivet_store **out,
    struct trivet_error *err)
{
    TRIVET_TRY(end_part(group, TRIVET_E_AGAIN, false, err));
    commit_batch(group);

    return enter(group, UINT64_MAX, out, err);
}

enum trivet_status
trivet_group_leave(struct trivet_group *group, enum trivet_status status,
    bool keep, struct trivet_error *err)
{
    struct batch *batch = group->batch;

    keep = keep && status == TRIVET_OK;
    TRIVET_TRY(end_part(group, status, keep, err));

    /* Before the turn is handed on: whoever commits must see it. */
    batch->num_turns++;
    batch->num_members += keep;
    batch->num_readers += keep;

    if (!hand_on(group)) {
        commit_batch(group);
        close_turn(group);
    }

    return keep ? await(group, batch, err) : status;
}
