/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handling.c - an admitted call of ours: prepared, then written
 *
 * All that write have one turn, one after the other. So a call that writes has
 * two parts: the first parses, verifies and makes tokens, beside all others;
 * the second, in the turn, runs the store's verbs alone.
 */
#include "authority/handling.h"

#include "authority/call.h"
#include "authority/clock.h"
#include "store/noun/audit.h"
#include "store/noun/session.h"
#include "store/store.h"

enum { MAX_TRIES = 4 };

/* ---- the turn ---------------------------------------------------------- */

typedef enum trivet_status (*change_fn)(struct trivet_case *c);

/* Whether it is done again: others held a row for too long, which happens to
 * whoever shares a batch, or there was a deadlock. All that a try has left
 * behind is in the answer, which was as in before. */
static bool
is_done_again(struct trivet_case *c, const struct trivet_answer *before,
    enum trivet_status status, unsigned num_tries)
{
    if (status != TRIVET_E_AGAIN || num_tries >= MAX_TRIES) {
        return false;
    }

    trivet_answer_release(c->answer);
    *c->answer = *before;
    return true;
}

/* What is left of it is a store that could not be reached in time. */
static enum trivet_status
end_tries(struct trivet_case *c, enum trivet_status status)
{
    if (status != TRIVET_E_AGAIN) {
        return status;
    }

    return trivet_error_set(c->err, TRIVET_E_UNAVAILABLE, "authority.write",
        "others held what it is about for too long, again and again");
}

static enum trivet_status
change_as_gateway(struct trivet_case *c, change_fn change)
{
    trivet_store_act_as_gateway(c->store, &c->request->address);

    return change(c);
}

/* Runs change in a batch, on the store of the batch. What is refused by it is
 * not written. */
static enum trivet_status
change_once(struct trivet_case *c, change_fn change,
    bool (*is_kept)(struct trivet_case *c))
{
    const struct trivet_answer before = *c->answer;
    struct trivet_group *group = c->authority->config->group;
    struct trivet_store *own = c->store;
    enum trivet_status status;

    TRIVET_TRY(trivet_group_enter(group, &c->store, c->err));
    status = change_as_gateway(c, change);

    for (unsigned i = 1; is_done_again(c, &before, status, i); i++) {
        status = trivet_group_again(group, &c->store, c->err);
        if (status != TRIVET_OK) {
            c->store = own;
            return status;
        }
        status = change_as_gateway(c, change);
    }
    c->store = own;

    return trivet_group_leave(group, end_tries(c, status), is_kept(c), c->err);
}

/* What the database took back with all that was in the batch is done again, a
 * few times. */
static enum trivet_status
change_in_batch(struct trivet_case *c, change_fn change,
    bool (*is_kept)(struct trivet_case *c))
{
    const struct trivet_answer before = *c->answer;
    enum trivet_status status = change_once(c, change, is_kept);

    for (unsigned num_tries = 1; status == TRIVET_E_UNAVAILABLE
                                 && trivet_store_tries_again(c->err, num_tries);
         num_tries++)
    {
        trivet_answer_release(c->answer);
        *c->answer = before;
        status = change_once(c, change, is_kept);
    }

    return status;
}

static bool
is_admitted(struct trivet_case *c)
{
    return !trivet_case_is_refused(c);
}

static enum trivet_status
write_and_keep_time(struct trivet_case *c)
{
    TRIVET_TRY(c->request->call->write(c));

    return trivet_case_is_refused(c) ? TRIVET_OK : trivet_case_keep_time(c);
}

static enum trivet_status
write_once(struct trivet_case *c)
{
    struct trivet_store *store = c->store;
    enum trivet_status status;

    TRIVET_TRY(trivet_store_begin(store, c->err));

    status = write_and_keep_time(c);
    if (status == TRIVET_OK && !trivet_case_is_refused(c)) {
        status = trivet_store_commit(store, c->err);
    }
    if (status != TRIVET_OK || trivet_case_is_refused(c)) {
        trivet_store_rollback(store);
    }

    return status;
}

/* In a transaction of its own. */
static enum trivet_status
write_alone(struct trivet_case *c)
{
    const struct trivet_answer before = *c->answer;
    enum trivet_status status = write_once(c);

    for (unsigned i = 1; is_done_again(c, &before, status, i); i++) {
        status = write_once(c);
    }

    return end_tries(c, status);
}

static enum trivet_status
prepare_and_write(struct trivet_case *c)
{
    TRIVET_TRY(c->request->call->handle(c));

    if (trivet_case_is_refused(c)) {
        return TRIVET_OK;
    }

    if (c->authority->config->group == NULL) {
        return write_alone(c);
    }

    return change_in_batch(c, write_and_keep_time, is_admitted);
}

enum trivet_status
trivet_case_handle(struct trivet_case *c)
{
    struct trivet_prepared prepared;
    enum trivet_status status;

    if (c->request->call->write == NULL) {
        return c->request->call->handle(c);
    }

    memset(&prepared, 0, sizeof prepared);
    c->prepared = &prepared;

    status = prepare_and_write(c);

    c->prepared = NULL;
    trivet_wipe(&prepared, sizeof prepared);
    return status;
}

/* ---- the caller's session ---------------------------------------------- */

static enum trivet_status
extend(struct trivet_case *c)
{
    return trivet_store_session_extend(c->store, c->session.id,
        c->answer->verdict.anchored_us, c->now_us, c->err);
}

static enum trivet_status
end(struct trivet_case *c)
{
    return trivet_store_session_end(c->store, c->session.id, c->now_us, c->err);
}

/* A session that is ended is so although the case is refused. */
static bool
is_always_kept(struct trivet_case *c)
{
    (void) c;

    return true;
}

static enum trivet_status
change_session(struct trivet_case *c, change_fn change)
{
    if (c->authority->config->group == NULL) {
        return change(c);
    }

    return change_in_batch(c, change, is_always_kept);
}

enum trivet_status
trivet_case_extend_session(struct trivet_case *c)
{
    return change_session(c, extend);
}

enum trivet_status
trivet_case_end_session(struct trivet_case *c)
{
    return change_session(c, end);
}
