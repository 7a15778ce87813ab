/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.c - the sandbox in front of an API, and what one left behind
 *
 * In a sandbox anybody makes users and opens sessions. Both are in the store,
 * and the store outlives the sandbox, so it says itself that it was one's until
 * they have been ended. Stores of before do not: their data directory has
 * sandbox.state, or sandbox.left.
 */
#define _DEFAULT_SOURCE
#include "cli/serve/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/output.h"
#include "cli/serve/state.h"
#include "store/noun/api_key.h"
#include "store/noun/sandbox.h"
#include "store/noun/session.h"
#include "store/noun/user.h"
#include "store/store.h"

/* Ids that a list gave. */
struct ids {
    enum trivet_status status;
    size_t num;
    size_t cap;
    int64_t *ids;
};

void
cli_serve_tell_sandbox(const struct serving *s)
{
    if (s->is_sandbox && s->upstreams.num > 0) {
        cli_tell(
            "trivet: --sandbox in front of %s: anybody who reaches this port "
            "can make a user, open a session and call that API\n",
            s->options->upstreams[0]);
    }
}

static void
add_id(struct ids *ids, int64_t id)
{
    if (ids->num == ids->cap) {
        size_t cap = ids->cap == 0 ? 256 : 2 * ids->cap;
        int64_t *more = realloc(ids->ids, cap * sizeof *more);

        if (more == NULL) {
            ids->status = TRIVET_E_MEMORY;
            return;
        }

        ids->ids = more;
        ids->cap = cap;
    }

    ids->ids[ids->num++] = id;
}

static void
add_session(void *ids, const struct trivet_session_row *row)
{
    if (row->session.ended_us == 0) {
        add_id(ids, row->session.id);
    }
}

static void
add_key(void *opaque, const struct trivet_api_key *row)
{
    if (row->revoked_us == 0) {
        add_id(opaque, row->id);
        add_id(opaque, row->user_id);
    }
}

static enum trivet_status
end_sessions(
    struct trivet_store *store, size_t *out_num, struct trivet_error *err)
{
    struct ids ids = {.status = TRIVET_OK};
    enum trivet_status status =
        trivet_store_session_list(store, add_session, &ids, err);

    if (status == TRIVET_OK) {
        status = ids.status;
    }
    for (size_t i = 0; status == TRIVET_OK && i < ids.num; i++) {
        status = trivet_store_session_end(store, ids.ids[i], cli_now_us(), err);
    }

    *out_num = ids.num;
    free(ids.ids);
    return status;
}

/* The others' secrets begin with "sandbox_", and open nothing any more. */
static enum trivet_status
revoke_psp_keys(
    struct trivet_store *store, size_t *out_num, struct trivet_error *err)
{
    struct ids ids = {.status = TRIVET_OK};
    enum trivet_status status =
        trivet_store_api_key_list(store, add_key, &ids, err);

    *out_num = 0;
    if (status == TRIVET_OK) {
        status = ids.status;
    }
    for (size_t i = 0; status == TRIVET_OK && i + 1 < ids.num; i += 2) {
        struct trivet_user user;

        status = trivet_store_user_get(store, ids.ids[i + 1], &user, err);
        if (status == TRIVET_OK && user.kind == TRIVET_USER_PSP) {
            status = trivet_store_api_key_revoke(
                store, ids.ids[i], cli_now_us(), err);
            (*out_num)++;
        }
    }

    free(ids.ids);
    return status;
}

/* All of it or nothing. */
static enum trivet_status
close_doors(const struct serving *s, struct trivet_store *store,
    struct trivet_error *err)
{
    size_t num_sessions = 0;
    size_t num_keys = 0;
    enum trivet_status status;

    TRIVET_TRY(trivet_store_begin(store, err));
    status = end_sessions(store, &num_sessions, err);
    if (status == TRIVET_OK) {
        status = revoke_psp_keys(store, &num_keys, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_sandbox_set(store, false, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
        return status;
    }

    cli_tell("trivet: %s was a sandbox's: its %zu open sessions were ended",
        s->store_url, num_sessions);
    if (num_keys > 0) {
        cli_tell(", and %zu API keys of payment service providers revoked",
            num_keys);
    }
    (void) fputs(
        "; API keys that begin with sandbox_ open nothing here\n", stderr);

    return TRIVET_OK;
}

/* Of a store of before, by the files beside it. */
static enum trivet_status
find_whether_it_was(const struct serving *s, struct trivet_store *store,
    const char *left, bool *out, struct trivet_error *err)
{
    TRIVET_TRY(trivet_store_sandbox_get(store, out, err));

    if (!*out
        && (access(s->sandbox_state, F_OK) == 0 || access(left, F_OK) == 0)) {
        *out = true;
        return trivet_store_sandbox_set(store, true, err);
    }

    return TRIVET_OK;
}

enum trivet_status
cli_serve_leave_sandbox(const struct serving *s, struct trivet_store *store,
    struct trivet_error *err)
{
    char left[CLI_MAX_PATH];
    bool was_sandbox;

    TRIVET_TRY(cli_data_path(s->dir, "sandbox.left", left, err));
    TRIVET_TRY(find_whether_it_was(s, store, left, &was_sandbox, err));

    if (s->is_sandbox || !was_sandbox) {
        return TRIVET_OK;
    }

    if (s->upstreams.num == 0) {
        cli_tell(
            "trivet: %s was a sandbox's: sessions that anybody opened there go "
            "on; end them (trivet session), or serve from another --data\n",
            s->store_url);
        return TRIVET_OK;
    }

    TRIVET_TRY(close_doors(s, store, err));
    if (unlink(left) != 0 && errno != ENOENT) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serve", "%s: %s",
            left, strerror(errno));
    }

    return TRIVET_OK; /* until sandbox.state is gone, too, it is done again */
}
