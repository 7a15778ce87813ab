/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - sessions: what a session token stands for */
#include "store/noun/session.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "store/noun/audit.h"
#include "store/noun/hold.h"
#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/search.h"
#include "store/transaction.h"
#include "store/value.h"

/* Each SELECT has its own last columns, and the fields of them. */
#define COLUMNS                                                                \
    "s.id, s.created_us, s.ended_us, s.anchored_us, " LIFE_OF_SESSION          \
    ", s.device_id, k.id, k.user_id, s.ended_us IS NOT NULL,"                  \
    " k.revoked_us IS NOT NULL"
#define SESSIONS                                                               \
    "session s"                                                                \
    " JOIN device d ON d.id = s.device_id"                                     \
    " JOIN api_key k ON k.id = d.api_key_id"                                   \
    " JOIN users u ON u.id = k.user_id"

static const struct trivet_field fields[] = {
    FIELD(struct trivet_session, id, INTEGER),
    FIELD(struct trivet_session, created_us, INTEGER),
    FIELD(struct trivet_session, ended_us, INTEGER),
    FIELD(struct trivet_session, expiry.anchored_us, INTEGER),
    FIELD(struct trivet_session, expiry.timeout_s, INTEGER),
    FIELD(struct trivet_session, device_id, INTEGER),
    FIELD(struct trivet_session, api_key_id, INTEGER),
    FIELD(struct trivet_session, user_id, INTEGER),
    FIELD(struct trivet_session, is_ended, FLAG),
    FIELD(struct trivet_session, is_key_revoked, FLAG),

    /* of find */
    FIELD(struct trivet_session, installation_id, INTEGER),
    FIELD(struct trivet_session, server_key_id, INTEGER),
    FIELD(struct trivet_session, key, KEY),
    FIELD(struct trivet_session, is_address_permitted, FLAG),
    FIELD(struct trivet_session, is_server_key_retired, FLAG),
};
enum { NUM_LISTED = 10 };

/* ---- opening and finding ----------------------------------------------- */

static const struct trivet_statement put_sql = {.name = "session.put",
    .sql = "INSERT INTO session (created_us, anchored_us, digest, device_id)"
           " VALUES ($1, $1, $2, $3) RETURNING id"};

enum trivet_status
trivet_store_session_put(struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN], int64_t device_id,
    int64_t now_us, int64_t *out_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_digest(token_digest), trivet_value_integer(device_id)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSION_OPENED, .device_id = device_id};

    TRIVET_TRY(CHANGE(
        store, &put_sql, params, &entry.session_id, &entry, now_us, err));

    *out_id = entry.session_id;
    return TRIVET_OK;
}

static const struct trivet_statement set_timeout_sql = {
    .name = "session.set-timeout",
    .sql = "UPDATE session SET timeout_s = $2 WHERE id = $1 RETURNING id"};

enum trivet_status
trivet_store_session_set_timeout(struct trivet_store *store, int64_t id,
    int64_t timeout_s, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(timeout_s)};

    return RUN_FOR_ID(store, &set_timeout_sql, params, &id, err);
}

static const struct trivet_statement find_sql = {.name = "session.find",
    .sql = "SELECT " COLUMNS ", d.installation_id, i.server_key_id,"
           " i.public_der, " PERMITS(
               "k", "$2") ", y.retired_us IS NOT NULL"
                          " FROM " SESSIONS
                          " JOIN installation i ON i.id = d.installation_id"
                          " JOIN server_key y ON y.id = i.server_key_id"
                          " WHERE s.digest = $1"};

enum trivet_status
trivet_store_session_find(struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_session *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_digest(token_digest), trivet_value_address(address)};

    return GET(store, &find_sql, params, fields, out, err);
}

static const struct trivet_statement list_sql = {.name = "session.list",
    .sql =
        "SELECT " COLUMNS ", u.display_name FROM " SESSIONS " ORDER BY s.id"};

static const struct trivet_field list_fields[] = {
    FIELD(struct trivet_session_row, user_name, TEXT),
};

struct list {
    trivet_session_fn on_row;
    void *user;
};

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    const struct list *list = opaque;
    struct trivet_session_row row = {.session.id = 0};

    trivet_row_read(fields, NUM_LISTED, columns, &row.session);
    READ(list_fields, &columns[NUM_LISTED], &row);
    list->on_row(list->user, &row);
}

enum trivet_status
trivet_store_session_list(struct trivet_store *store, trivet_session_fn on_row,
    void *user, struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_list(store, &list_sql, NULL, 0, read_row, &list, err);
}

static const struct trivet_search_statements search_sql = SEARCH("session", "s",
    "SELECT " COLUMNS ", u.display_name FROM " SESSIONS
    " WHERE " MATCHES("u.display_name", "s.id") " AND " IS_OF(
        "k.user_id", "$5") " AND " IS_OF("d.api_key_id",
        "$6") " AND (" IS_ALIVE("$7") " OR $7 = 0)",
    7);

enum trivet_status
trivet_store_session_search(struct trivet_store *store,
    const struct trivet_search *search, trivet_session_fn on_row, void *user,
    struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_search(
        store, &search_sql, search, read_row, &list, err);
}

/* ---- whether any is valid ---------------------------------------------- */

/* IS_ALIVE in two parts, each found by the index: sessions with the user's
 * auto-logout time, of which the newest counts, and the few with their own. */
static const struct trivet_statement is_alive_sql = {.name = "session.is-alive",
    .sql = "SELECT CASE WHEN EXISTS (SELECT 1 FROM device d"
           " JOIN api_key k ON k.id = d.api_key_id"
           " JOIN users u ON u.id = k.user_id"
           " WHERE d.installation_id = $1 AND k.revoked_us IS NULL AND ("
           "EXISTS (SELECT 1 FROM session s WHERE s.device_id = d.id"
           " AND s.ended_us IS NULL AND s.timeout_s IS NULL"
           " AND s.anchored_us > $2 - u.auto_logout_s * 1000000)"
           " OR EXISTS (SELECT 1 FROM session s WHERE s.device_id = d.id"
           " AND s.ended_us IS NULL AND s.timeout_s > 0"
           " AND s.anchored_us > $2 - s.timeout_s * 1000000)))"
           " THEN 1 ELSE 0 END"};

enum trivet_status
trivet_store_session_is_alive(struct trivet_store *store,
    int64_t installation_id, int64_t now_us, bool *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(installation_id), trivet_value_integer(now_us)};
    int64_t is_alive;

    TRIVET_TRY(RUN_FOR_ID(store, &is_alive_sql, params, &is_alive, err));

    *out = is_alive != 0;
    return TRIVET_OK;
}

/* The number of rows read has a maximum, whether they are valid or not. */
static const struct trivet_statement count_alive_sql = {
    .name = "session.count-alive",
    .sql = "SELECT COUNT(*) FROM (SELECT * FROM session"
           " WHERE ended_us IS NULL AND anchored_us > $1"
           " ORDER BY anchored_us DESC LIMIT $2) s"
           " JOIN device d ON d.id = s.device_id"
           " JOIN api_key k ON k.id = d.api_key_id"
           " JOIN users u ON u.id = k.user_id WHERE " IS_ALIVE("$3")};

enum trivet_status
trivet_store_session_count_alive(struct trivet_store *store, int64_t now_us,
    int64_t *out, struct trivet_error *err)
{
    const int64_t longest_us =
        (int64_t) TRIVET_MAX_SESSION_TIMEOUT_S * TRIVET_US_PER_S;
    const struct trivet_value params[] = {
        trivet_value_integer(now_us - longest_us),
        trivet_value_integer(TRIVET_MAX_COUNTED_SESSIONS),
        trivet_value_integer(now_us)};

    return RUN_FOR_ID(store, &count_alive_sql, params, out, err);
}

/* ---- changing ---------------------------------------------------------- */

static const struct trivet_statement extend_sql = {.name = "session.extend",
    .sql = "UPDATE session SET anchored_us = $2"
           " WHERE id = $1 AND anchored_us < $2 AND ended_us IS NULL"
           " RETURNING id"};

enum trivet_status
trivet_store_session_extend(struct trivet_store *store, int64_t id,
    int64_t anchored_us, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(anchored_us)};
    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSION_EXTENDED, .session_id = id};
    enum trivet_status status =
        CHANGE_HELD(store, trivet_store_hold_user_of_session, id, &extend_sql,
            params, &id, &entry, now_us, err);

    /* Another request moved it as far, or it was ended. */
    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

static const struct trivet_statement end_sql = {.name = "session.end",
    .sql = "UPDATE session SET ended_us = COALESCE(ended_us, $2) WHERE id = $1"
           " RETURNING id"};

enum trivet_status
trivet_store_session_end(struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};
    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSION_ENDED, .session_id = id};

    return CHANGE_HELD(store, trivet_store_hold_user_of_session, id, &end_sql,
        params, &id, &entry, now_us, err);
}

/* $1 user, $2 now. Its answer: a row for each. */
static const struct trivet_statement end_of_user_sql = {
    .name = "session.end-of-user",
    .sql = "UPDATE session SET ended_us = $2 WHERE ended_us IS NULL"
           " AND device_id IN (SELECT d.id FROM device d"
           " JOIN api_key k ON k.id = d.api_key_id WHERE k.user_id = $1)"
           " RETURNING id"};

static void
count_row(void *opaque, const struct trivet_value *columns)
{
    int64_t *num = opaque;

    (void) columns;
    (*num)++;
}

static enum trivet_status
end_of_user(struct trivet_store *store, int64_t user_id, int64_t now_us,
    int64_t *out_num, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(user_id), trivet_value_integer(now_us)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSIONS_ENDED, .user_id = user_id};

    TRIVET_TRY(trivet_store_hold_user(store, user_id, err));
    TRIVET_TRY(LIST(store, &end_of_user_sql, params, count_row, out_num, err));

    (void) snprintf(entry.detail, sizeof entry.detail, "%lld sessions",
        (long long) *out_num);

    return trivet_store_audit_put(store, &entry, now_us, err);
}

enum trivet_status
trivet_store_session_end_of_user(struct trivet_store *store, int64_t user_id,
    int64_t now_us, int64_t *out_num, struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;

    *out_num = 0;
    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = end_of_user(store, user_id, now_us, out_num, err);

    return trivet_store_leave(store, is_own, status, err);
}

/* $1 user, $2 now. */
static const struct trivet_statement end_expired_sql = {
    .name = "session.end-expired",
    .sql = "UPDATE session SET ended_us = $2 WHERE ended_us IS NULL"
           " AND device_id IN (SELECT d.id FROM device d"
           " JOIN api_key k ON k.id = d.api_key_id WHERE k.user_id = $1)"
           " AND anchored_us + COALESCE(timeout_s, (SELECT auto_logout_s"
           " FROM users WHERE id = $1)) * 1000000 <= $2"};

enum trivet_status
trivet_store_session_end_expired(struct trivet_store *store, int64_t user_id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(user_id), trivet_value_integer(now_us)};

    return RUN(store, &end_expired_sql, params, NULL, NULL, err);
}

static const struct trivet_statement set_back_sql = {.name = "session.set-back",
    .sql = "UPDATE session SET anchored_us = $1"
           " WHERE ended_us IS NULL AND anchored_us > $1"};

enum trivet_status
trivet_store_session_set_back(
    struct trivet_store *store, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us)};

    TRIVET_TRY(trivet_store_hold_users_anchored_after(store, now_us, err));

    return RUN(store, &set_back_sql, params, NULL, NULL, err);
}

static const struct trivet_statement *const statements[] = {
    &put_sql,
    &set_timeout_sql,
    &find_sql,
    &list_sql,
    &search_sql.older,
    &search_sql.newer,
    &is_alive_sql,
    &count_alive_sql,
    &extend_sql,
    &end_sql,
    &end_of_user_sql,
    &end_expired_sql,
    &set_back_sql,
};
const struct trivet_statements trivet_session_statements =
    TRIVET_STATEMENTS(statements);
