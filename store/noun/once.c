/* SPDX-License-Identifier: Apache-2.0 */
/* once.c - what holds once among all gateways of a store */
#include "store/noun/once.h"

#include "base/timestamp.h"
#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

enum { MAX_REMOVED = 10000 };

/* ---- turns ------------------------------------------------------------- */

/* $1, $2 who, $3 now, $4 when the turn is over, $5 what is too far ahead. In
 * one order, so that two do not wait for each other. */
#define IS_TAKEN(turn) turn ".free_us > $3 AND " turn ".free_us <= $5"
static const struct trivet_statement take_turn_sql = {.name = "once.take-turn",
    .sql_of = {
        [TRIVET_DIALECT_POSTGRES] =
            "INSERT INTO session_turn (who, free_us)"
            " SELECT owner.who, $4 FROM (VALUES ($1::BYTEA), ($2::BYTEA))"
            " AS owner (who) WHERE NOT EXISTS (SELECT 1 FROM session_turn t"
            " WHERE t.who IN ($1, $2) AND " IS_TAKEN(
                "t") ") ORDER BY owner.who"
                     " ON CONFLICT (who) DO UPDATE SET free_us = $4,"
                     " at_us = EXCLUDED.at_us"
                     " WHERE NOT (" IS_TAKEN(
                         "session_turn") ") RETURNING who"}};

static const struct trivet_statement give_back_sql = {.name = "once.give-back",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "DELETE FROM session_turn WHERE who = $1 AND free_us = $2"}};

struct taken {
    size_t num;
    unsigned char who[TRIVET_DIGEST_LEN]; /* of the last */
};

static void
read_taken(void *opaque, const struct trivet_value *columns)
{
    struct taken *taken = opaque;

    taken->num++;
    if (columns[0].bytes.len == sizeof taken->who) {
        memcpy(taken->who, columns[0].bytes.data, sizeof taken->who);
    }
}

/* Another came between for one of the two: the other's is given back. */
static enum trivet_status
give_back(struct trivet_store *store, const struct taken *taken,
    int64_t free_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_digest(taken->who), trivet_value_integer(free_us)};

    return RUN(store, &give_back_sql, params, NULL, NULL, err);
}

enum trivet_status
trivet_store_once_take_turn(struct trivet_store *store,
    const unsigned char one[TRIVET_DIGEST_LEN],
    const unsigned char other[TRIVET_DIGEST_LEN], int64_t window_s,
    int64_t now_us, bool *out_is_free, struct trivet_error *err)
{
    const int64_t window_us = window_s * TRIVET_US_PER_S;
    const struct trivet_value params[] = {trivet_value_digest(one),
        trivet_value_digest(other), trivet_value_integer(now_us),
        trivet_value_integer(now_us + window_us),
        trivet_value_integer(now_us + 2 * window_us)};
    struct taken taken = {.num = 0};

    TRIVET_TRY(trivet_store_list(store, &take_turn_sql, params,
        sizeof params / sizeof params[0], read_taken, &taken, err));

    *out_is_free = taken.num == 2;
    return taken.num == 1 ? give_back(store, &taken, now_us + window_us, err)
                          : TRIVET_OK;
}

/* ---- ids --------------------------------------------------------------- */

static const struct trivet_statement take_id_sql = {.name = "once.take-id",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "INSERT INTO request_id (digest) VALUES ($1)"
                   " ON CONFLICT (digest) DO NOTHING RETURNING 1"}};
static const struct trivet_statement release_id_sql = {
    .name = "once.release-id",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "DELETE FROM request_id WHERE digest = $1"}};

enum trivet_status
trivet_store_once_take_id(struct trivet_store *store,
    const unsigned char digest[TRIVET_DIGEST_LEN], bool *out_is_new,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_digest(digest)};
    int64_t one;
    enum trivet_status status =
        RUN_FOR_ID(store, &take_id_sql, params, &one, err);

    if (status == TRIVET_OK || status == TRIVET_E_NOT_FOUND) {
        *out_is_new = status == TRIVET_OK;
        return TRIVET_OK;
    }

    return status;
}

enum trivet_status
trivet_store_once_release_id(struct trivet_store *store,
    const unsigned char digest[TRIVET_DIGEST_LEN], struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_digest(digest)};

    return RUN(store, &release_id_sql, params, NULL, NULL, err);
}

/* ---- removing ---------------------------------------------------------- */

/* $1 seconds, $2 how many. Gateways do not wait for each other. */
#define REMOVE(table, key)                                                     \
    "DELETE FROM " table " WHERE " key " IN (SELECT " key " FROM " table       \
    " WHERE at_us < " POSTGRES_NOW_US " - $1 * 1000000"                        \
    " ORDER BY at_us LIMIT $2 FOR UPDATE SKIP LOCKED)"

static const struct trivet_statement remove_turns_sql = {
    .name = "once.remove-turns",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] = REMOVE("session_turn", "who")}};
static const struct trivet_statement remove_ids_sql = {
    .name = "once.remove-ids",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] = REMOVE("request_id", "digest")}};

enum trivet_status
trivet_store_once_remove(struct trivet_store *store, struct trivet_error *err)
{
    const struct trivet_value turns[] = {
        trivet_value_integer(TRIVET_TURNS_KEPT_S),
        trivet_value_integer(MAX_REMOVED)};
    const struct trivet_value ids[] = {
        trivet_value_integer(TRIVET_REQUEST_IDS_KEPT_S),
        trivet_value_integer(MAX_REMOVED)};

    TRIVET_TRY(RUN(store, &remove_turns_sql, turns, NULL, NULL, err));

    return RUN(store, &remove_ids_sql, ids, NULL, NULL, err);
}

static const struct trivet_statement *const statements[] = {
    &take_turn_sql,
    &give_back_sql,
    &take_id_sql,
    &release_id_sql,
    &remove_turns_sql,
    &remove_ids_sql,
};
const struct trivet_statements trivet_once_statements =
    TRIVET_STATEMENTS(statements);
