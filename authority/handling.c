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

/* ---- the turn ---------------------------------------------------------- */

static enum trivet_status
write_and_keep_time(struct trivet_case *c)
{
    TRIVET_TRY(c->request->call->write(c));

    return trivet_case_is_refused(c)
               ? TRIVET_OK
               : trivet_case_keep_time(c, c->authority->store);
}

/* In a transaction that others share, too. */
static enum trivet_status
write_in_group(struct trivet_case *c)
{
    struct trivet_group *group = c->authority->config->group;
    struct trivet_store *own = c->authority->store;
    enum trivet_status status;

    TRIVET_TRY(trivet_group_enter(group, &c->authority->store, c->err));
    trivet_store_act_as_gateway(c->authority->store, &c->request->address);

    status = write_and_keep_time(c);
    status =
        trivet_group_leave(group, status, !trivet_case_is_refused(c), c->err);
    c->authority->store = own;

    return status;
}

/* In one of its own. */
static enum trivet_status
write_alone(struct trivet_case *c)
{
    struct trivet_store *store = c->authority->store;
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

static enum trivet_status
prepare_and_write(struct trivet_case *c)
{
    TRIVET_TRY(c->request->call->handle(c));

    if (trivet_case_is_refused(c)) {
        return TRIVET_OK;
    }

    return c->authority->config->group == NULL ? write_alone(c)
                                               : write_in_group(c);
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
extend(struct trivet_case *c, struct trivet_store *store)
{
    return trivet_store_session_extend(store, c->session.id,
        c->answer->verdict.anchored_us, c->now_us, c->err);
}

static enum trivet_status
end(struct trivet_case *c, struct trivet_store *store)
{
    return trivet_store_session_end(store, c->session.id, c->now_us, c->err);
}

static enum trivet_status
change_session(
    struct trivet_case *c, enum trivet_status (*change)(struct trivet_case *c,
                               struct trivet_store *store))
{
    struct trivet_group *group = c->authority->config->group;
    struct trivet_store *store;
    enum trivet_status status;

    if (group == NULL) {
        return change(c, c->authority->store);
    }

    TRIVET_TRY(trivet_group_enter(group, &store, c->err));
    trivet_store_act_as_gateway(store, &c->request->address);
    status = change(c, store);

    return trivet_group_leave(group, status, true, c->err);
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
