/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - removing what nobody uses any more */
#include "store/noun/prune.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "store/internal.h"

/* Sessions that may be over by their time are looked at one by one: so many in
 * one run, however many of them turn out to be alive. All of these are over
 * within TRIVET_MAX_SESSION_TIMEOUT_S, so they do not hide others for long. */
enum { MAX_LOOKED_AT = 10000 };

bool
trivet_pruned_is_nothing(const struct trivet_pruned *pruned)
{
    return pruned->num_installations == 0 && pruned->num_sessions == 0
           && pruned->num_api_keys == 0;
}

static void
count_row(void *opaque, const struct trivet_value *columns)
{
    (void) columns;

    ++*(int64_t *) opaque;
}

/* Runs a statement of which each row is one thing removed. */
static enum trivet_status
remove_some(struct trivet_store *store, enum trivet_statement statement,
    int64_t before_us, int64_t max, int64_t *num, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(before_us),
        trivet_value_integer(max), trivet_value_integer(MAX_LOOKED_AT)};
    size_t num_params = statement == TRIVET_SQL_PRUNE_SESSIONS_EXPIRED ? 3 : 2;
    enum trivet_status status = trivet_store_run(
        store, statement, params, num_params, count_row, num, err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

static int64_t
moment(int64_t now_us, int64_t age_s)
{
    return now_us - age_s * TRIVET_US_PER_S;
}

/* The keys first: an installation stays while a key that it asked for does. */
static enum trivet_status
remove_all(struct trivet_store *store, const struct trivet_prune_ages *ages,
    int64_t max, int64_t now_us, struct trivet_pruned *out,
    struct trivet_error *err)
{
    int64_t before_us = moment(now_us, ages->api_keys_s);
    int64_t num_beside = 0; /* rows that belong to what is removed */

    if (ages->api_keys_s >= 0) {
        TRIVET_TRY(remove_some(store, TRIVET_SQL_PRUNE_PERMITTED_IPS, before_us,
            max, &num_beside, err));
        TRIVET_TRY(remove_some(store, TRIVET_SQL_PRUNE_API_KEYS, before_us, max,
            &out->num_api_keys, err));
    }

    before_us = moment(now_us, ages->installations_s);
    if (ages->installations_s >= 0) {
        TRIVET_TRY(remove_some(store, TRIVET_SQL_PRUNE_INSTALLATION_TOKENS,
            before_us, max, &num_beside, err));
        TRIVET_TRY(remove_some(store, TRIVET_SQL_PRUNE_INSTALLATIONS, before_us,
            max, &out->num_installations, err));
    }

    before_us = moment(now_us, ages->sessions_s);
    if (ages->sessions_s >= 0) {
        TRIVET_TRY(remove_some(store, TRIVET_SQL_PRUNE_SESSIONS_ENDED,
            before_us, max, &out->num_sessions, err));
        TRIVET_TRY(remove_some(store, TRIVET_SQL_PRUNE_SESSIONS_EXPIRED,
            before_us, max - out->num_sessions, &out->num_sessions, err));
    }

    return TRIVET_OK;
}

static enum trivet_status
remove_and_tell(struct trivet_store *store,
    const struct trivet_prune_ages *ages, int64_t max, int64_t now_us,
    struct trivet_pruned *out, struct trivet_error *err)
{
    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_PRUNED};

    TRIVET_TRY(remove_all(store, ages, max, now_us, out, err));

    if (trivet_pruned_is_nothing(out)) {
        return TRIVET_OK;
    }

    (void) snprintf(entry.detail, sizeof entry.detail,
        "%lld installations, %lld sessions, %lld keys",
        (long long) out->num_installations, (long long) out->num_sessions,
        (long long) out->num_api_keys);

    return trivet_store_audit_put(store, &entry, now_us, err);
}

enum trivet_status
trivet_store_prune(struct trivet_store *store,
    const struct trivet_prune_ages *ages, int64_t max_each, int64_t now_us,
    struct trivet_pruned *out, struct trivet_error *err)
{
    struct trivet_pruned pruned = {0};
    enum trivet_status status;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = remove_and_tell(store, ages, max_each, now_us, &pruned, err);
    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out = pruned;
    return TRIVET_OK;
}

/* ---- counting ---------------------------------------------------------- */

static enum trivet_status
count(struct trivet_store *store, enum trivet_statement statement,
    int64_t before_us, int64_t max, int64_t *num, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(before_us),
        trivet_value_integer(max), trivet_value_integer(max)};
    size_t num_params =
        statement == TRIVET_SQL_PRUNE_COUNT_SESSIONS_EXPIRED ? 3 : 2;
    int64_t found = 0;

    TRIVET_TRY(trivet_store_run_for_id(
        store, statement, params, num_params, &found, err));

    *num += found;
    return TRIVET_OK;
}

/* At most max of each, ended and expired sessions apart. */
static enum trivet_status
count_all(struct trivet_store *store, const struct trivet_prune_ages *ages,
    int64_t max, int64_t now_us, struct trivet_pruned *out,
    struct trivet_error *err)
{
    if (ages->api_keys_s >= 0) {
        TRIVET_TRY(count(store, TRIVET_SQL_PRUNE_COUNT_API_KEYS,
            moment(now_us, ages->api_keys_s), max, &out->num_api_keys, err));
    }

    if (ages->installations_s >= 0) {
        TRIVET_TRY(count(store, TRIVET_SQL_PRUNE_COUNT_INSTALLATIONS,
            moment(now_us, ages->installations_s), max, &out->num_installations,
            err));
    }

    if (ages->sessions_s >= 0) {
        int64_t before_us = moment(now_us, ages->sessions_s);

        TRIVET_TRY(count(store, TRIVET_SQL_PRUNE_COUNT_SESSIONS_ENDED,
            before_us, max, &out->num_sessions, err));
        TRIVET_TRY(count(store, TRIVET_SQL_PRUNE_COUNT_SESSIONS_EXPIRED,
            before_us, max, &out->num_sessions, err));
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_store_prune_count(struct trivet_store *store,
    const struct trivet_prune_ages *ages, int64_t now_us,
    struct trivet_pruned *out, struct trivet_error *err)
{
    memset(out, 0, sizeof *out);

    return count_all(store, ages, INT64_MAX, now_us, out, err);
}

enum trivet_status
trivet_store_prune_look(struct trivet_store *store,
    const struct trivet_prune_ages *ages, int64_t now_us,
    struct trivet_pruned *out, struct trivet_error *err)
{
    memset(out, 0, sizeof *out);

    return count_all(store, ages, MAX_LOOKED_AT, now_us, out, err);
}
