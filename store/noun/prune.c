/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - removing what nobody uses any more */
#include "store/noun/prune.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "store/noun/audit.h"
#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/transaction.h"
#include "store/value.h"

/* Sessions that may be over by their time are looked at one by one: so many in
 * one run, however many of them turn out to be alive. All of these are over
 * within TRIVET_MAX_SESSION_TIMEOUT_S, so they do not hide others for long. */
enum { MAX_LOOKED_AT = 10000 };

/* ---- what is removed: of before $1, at most $2 -------------------------- */

/* Each is found through an index that has these alone, the oldest first. Where
 * several write at once, rows that another holds are left for another time, as
 * are those of a user that another holds (store/noun/hold.h): pruning waits for
 * nobody. */
#define OLD_KEYS                                                               \
    " WHERE k.bound_us IS NULL AND k.expires_us < $1 AND NOT EXISTS"           \
    " (SELECT 1 FROM device d WHERE d.api_key_id = k.id)"                      \
    " ORDER BY k.expires_us LIMIT $2"
#define UNBOUND_KEYS "SELECT k.id FROM api_key k" OLD_KEYS
#define UNBOUND_KEYS_HELD                                                      \
    "SELECT k.id FROM api_key k JOIN users u ON u.id = k.user_id" OLD_KEYS     \
    " FOR UPDATE OF k SKIP LOCKED FOR NO KEY UPDATE OF u SKIP LOCKED"
#define UNREGISTERED                                                           \
    "SELECT i.id FROM installation i WHERE i.registered_us IS NULL"            \
    " AND i.created_us < $1 AND NOT EXISTS (SELECT 1 FROM device d"            \
    " WHERE d.installation_id = i.id) AND NOT EXISTS (SELECT 1"                \
    " FROM api_key k WHERE k.installation_id = i.id)"                          \
    " ORDER BY i.created_us LIMIT $2"
#define UNREGISTERED_HELD UNREGISTERED " FOR UPDATE OF i SKIP LOCKED"
#define OF_DEVICE                                                              \
    " JOIN device d ON d.id = s.device_id"                                     \
    " JOIN api_key k ON k.id = d.api_key_id"                                   \
    " JOIN users u ON u.id = k.user_id"
#define OLD_ENDED                                                              \
    " WHERE s.ended_us IS NOT NULL AND s.ended_us < $1"                        \
    " ORDER BY s.ended_us LIMIT $2"
#define ENDED_SESSIONS "SELECT s.id FROM session s" OLD_ENDED
#define ENDED_SESSIONS_HELD                                                    \
    "SELECT s.id FROM session s" OF_DEVICE OLD_ENDED                           \
    " FOR UPDATE OF s SKIP LOCKED FOR NO KEY UPDATE OF u SKIP LOCKED"
/* Of the $3 oldest that may have expired. */
#define MAY_HAVE_EXPIRED                                                       \
    " FROM session WHERE ended_us IS NULL AND anchored_us < $1"                \
    " ORDER BY anchored_us LIMIT $3"
#define HAS_EXPIRED                                                            \
    " s.anchored_us + " LIFE_OF_SESSION " * 1000000 < $1 LIMIT $2"
#define EXPIRED_SESSIONS                                                       \
    "SELECT s.id FROM (SELECT *" MAY_HAVE_EXPIRED ") s" OF_DEVICE              \
    " WHERE" HAS_EXPIRED
#define EXPIRED_SESSIONS_HELD                                                  \
    "SELECT s.id FROM session s" OF_DEVICE                                     \
    " WHERE s.id IN (SELECT id" MAY_HAVE_EXPIRED                               \
    ") AND s.ended_us IS NULL AND" HAS_EXPIRED                                 \
    " FOR UPDATE OF s SKIP LOCKED FOR NO KEY UPDATE OF u SKIP LOCKED"

/* The tokens of an installation go with it: what the first statement finds, the
 * second need not find again when several write at once. So there the first
 * only holds them, and looks are taken again by the second. */
static const struct trivet_statement permitted_ips_sql = {
    .name = "prune.permitted-ips",
    .sql = "DELETE FROM permitted_ip WHERE api_key_id IN (" UNBOUND_KEYS ")",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] = UNBOUND_KEYS_HELD}};
static const struct trivet_statement api_keys_sql = {.name = "prune.api-keys",
    .sql = "DELETE FROM api_key WHERE id IN (" UNBOUND_KEYS ") RETURNING id",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "WITH gone AS MATERIALIZED (" UNBOUND_KEYS_HELD
                   "), parts AS (DELETE FROM permitted_ip WHERE api_key_id IN"
                   " (SELECT id FROM gone)) DELETE FROM api_key WHERE id IN"
                   " (SELECT id FROM gone) RETURNING id"}};
static const struct trivet_statement tokens_sql = {.name = "prune.tokens",
    .sql = "DELETE FROM installation_token"
           " WHERE installation_id IN (" UNREGISTERED ")",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] = UNREGISTERED_HELD}};
static const struct trivet_statement installations_sql = {
    .name = "prune.installations",
    .sql =
        "DELETE FROM installation WHERE id IN (" UNREGISTERED ") RETURNING id",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "WITH gone AS MATERIALIZED (" UNREGISTERED_HELD
                   "), parts AS (DELETE FROM installation_token WHERE"
                   " installation_id IN (SELECT id FROM gone))"
                   " DELETE FROM installation WHERE id IN"
                   " (SELECT id FROM gone) RETURNING id"}};
static const struct trivet_statement ended_sql = {.name = "prune.ended",
    .sql = "DELETE FROM session WHERE id IN (" ENDED_SESSIONS ") RETURNING id",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "WITH gone AS MATERIALIZED (" ENDED_SESSIONS_HELD
                   ") DELETE FROM session WHERE id IN"
                   " (SELECT id FROM gone) RETURNING id"}};
static const struct trivet_statement expired_sql = {.name = "prune.expired",
    .sql =
        "DELETE FROM session WHERE id IN (" EXPIRED_SESSIONS ") RETURNING id",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "WITH gone AS MATERIALIZED (" EXPIRED_SESSIONS_HELD
                   ") DELETE FROM session WHERE id IN"
                   " (SELECT id FROM gone) RETURNING id"}};

static const struct trivet_statement count_api_keys_sql = {
    .name = "prune.count-api-keys",
    .sql = "SELECT COUNT(*) FROM (" UNBOUND_KEYS ") AS found"};
static const struct trivet_statement count_installations_sql = {
    .name = "prune.count-installations",
    .sql = "SELECT COUNT(*) FROM (" UNREGISTERED ") AS found"};
static const struct trivet_statement count_ended_sql = {
    .name = "prune.count-ended",
    .sql = "SELECT COUNT(*) FROM (" ENDED_SESSIONS ") AS found"};
static const struct trivet_statement count_expired_sql = {
    .name = "prune.count-expired",
    .sql = "SELECT COUNT(*) FROM (" EXPIRED_SESSIONS ") AS found"};

/* ---- removing ---------------------------------------------------------- */

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
remove_some(struct trivet_store *store,
    const struct trivet_statement *statement, int64_t before_us, int64_t max,
    int64_t *num, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(before_us),
        trivet_value_integer(max), trivet_value_integer(MAX_LOOKED_AT)};
    size_t num_params = statement == &expired_sql ? 3 : 2;

    return trivet_store_list(
        store, statement, params, num_params, count_row, num, err);
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
        TRIVET_TRY(remove_some(
            store, &permitted_ips_sql, before_us, max, &num_beside, err));
        TRIVET_TRY(remove_some(
            store, &api_keys_sql, before_us, max, &out->num_api_keys, err));
    }

    before_us = moment(now_us, ages->installations_s);
    if (ages->installations_s >= 0) {
        TRIVET_TRY(
            remove_some(store, &tokens_sql, before_us, max, &num_beside, err));
        TRIVET_TRY(remove_some(store, &installations_sql, before_us, max,
            &out->num_installations, err));
    }

    before_us = moment(now_us, ages->sessions_s);
    if (ages->sessions_s >= 0) {
        TRIVET_TRY(remove_some(
            store, &ended_sql, before_us, max, &out->num_sessions, err));
        TRIVET_TRY(remove_some(store, &expired_sql, before_us,
            max - out->num_sessions, &out->num_sessions, err));
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
count(struct trivet_store *store, const struct trivet_statement *statement,
    int64_t before_us, int64_t max, int64_t *num, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(before_us),
        trivet_value_integer(max), trivet_value_integer(max)};
    size_t num_params = statement == &count_expired_sql ? 3 : 2;
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
        TRIVET_TRY(count(store, &count_api_keys_sql,
            moment(now_us, ages->api_keys_s), max, &out->num_api_keys, err));
    }

    if (ages->installations_s >= 0) {
        TRIVET_TRY(count(store, &count_installations_sql,
            moment(now_us, ages->installations_s), max, &out->num_installations,
            err));
    }

    if (ages->sessions_s >= 0) {
        int64_t before_us = moment(now_us, ages->sessions_s);

        TRIVET_TRY(count(
            store, &count_ended_sql, before_us, max, &out->num_sessions, err));
        TRIVET_TRY(count(store, &count_expired_sql, before_us, max,
            &out->num_sessions, err));
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

static const struct trivet_statement *const statements[] = {
    &permitted_ips_sql,
    &api_keys_sql,
    &tokens_sql,
    &installations_sql,
    &ended_sql,
    &expired_sql,
    &count_api_keys_sql,
    &count_installations_sql,
    &count_ended_sql,
    &count_expired_sql,
};
const struct trivet_statements trivet_prune_statements =
    TRIVET_STATEMENTS(statements);
