/* SPDX-License-Identifier: Apache-2.0 */
/* chores.c - what a worker asks its authority for now and then */
#include "authority/authority.h"
#include "authority/clock.h"
#include "authority/connection.h"
#include "store/noun/change.h"
#include "store/noun/once.h"
#include "store/noun/session.h"
#include "store/store.h"

void
trivet_authority_note_time(struct trivet_authority *authority, int64_t age_us)
{
    int64_t now_us;

    if (trivet_authority_ensure_store(authority, NULL) == TRIVET_OK
        && trivet_authority_take_time(authority, &now_us, NULL) == TRIVET_OK
        && trivet_seen_is_due(authority->seen, age_us))
    {
        trivet_authority_write_time(authority);
    }
}

enum trivet_status
trivet_authority_check_store(
    struct trivet_authority *authority, struct trivet_error *err)
{
    enum trivet_status status;

    TRIVET_TRY(trivet_authority_ensure_store(authority, err));

    status = trivet_store_check(authority->store, err);
    if (status != TRIVET_OK) {
        trivet_authority_drop_store(authority);
    }

    return status;
}

void
trivet_authority_sweep(struct trivet_authority *authority)
{
    if (authority->config->session_cache == NULL
        || trivet_authority_ensure_store(authority, NULL) != TRIVET_OK)
    {
        return;
    }

    if (trivet_store_change_remove(authority->store, NULL) != TRIVET_OK
        || trivet_store_once_remove(authority->store, NULL) != TRIVET_OK)
    {
        trivet_authority_drop_store(authority);
    }
}

const char *
trivet_authority_notice(const struct trivet_authority *authority)
{
    return authority->store == NULL ? NULL
                                    : trivet_store_notice(authority->store);
}

enum trivet_status
trivet_authority_count_sessions(
    struct trivet_authority *authority, int64_t *out, struct trivet_error *err)
{
    enum trivet_status status;
    int64_t now_us;

    TRIVET_TRY(trivet_authority_ensure_store(authority, err));

    status = trivet_authority_take_time(authority, &now_us, err);
    if (status == TRIVET_OK) {
        status = trivet_store_session_count_alive(
            authority->store, now_us, out, err);
    }
    if (status != TRIVET_OK) {
        trivet_authority_drop_store(authority);
    }

    return status;
}
