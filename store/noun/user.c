/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - users, in the store */
#include "store/noun/user.h"

#include <stdio.h>

#include "store/noun/audit.h"
#include "store/noun/hold.h"
#include "store/noun/session.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/search.h"
#include "store/transaction.h"
#include "store/value.h"

#define COLUMNS                                                                \
    "u.id AS id, u.created_us, u.updated_us, u.kind, u.public_uuid,"           \
    " u.display_name, u.auto_logout_s, u.distinguished_name,"                  \
    " r.id AS r_id, r.kind AS r_kind, r.public_uuid AS r_uuid,"                \
    " r.display_name AS r_name, g.id AS g_id, g.kind AS g_kind,"               \
    " g.public_uuid AS g_uuid, g.display_name AS g_name"
#define TABLES                                                                 \
    "users u LEFT JOIN users r ON r.id = u.requested_by"                       \
    " LEFT JOIN users g ON g.id = u.granted_by"

static const struct trivet_field fields[] = {
    FIELD(struct trivet_user, id, INTEGER),
    FIELD(struct trivet_user, created_us, INTEGER),
    FIELD(struct trivet_user, updated_us, INTEGER),
    FIELD_ENUM(struct trivet_user, kind, TRIVET_NUM_USER_KINDS),
    FIELD(struct trivet_user, public_uuid, TEXT),
    FIELD(struct trivet_user, display_name, TEXT),
    FIELD(struct trivet_user, session_timeout_s, INTEGER),
    FIELD(struct trivet_user, distinguished_name, TEXT),
    FIELD(struct trivet_user, requested_by.id, INTEGER),
    FIELD_ENUM(struct trivet_user, requested_by.kind, TRIVET_NUM_USER_KINDS),
    FIELD(struct trivet_user, requested_by.public_uuid, TEXT),
    FIELD(struct trivet_user, requested_by.display_name, TEXT),
    FIELD(struct trivet_user, granted_by.id, INTEGER),
    FIELD_ENUM(struct trivet_user, granted_by.kind, TRIVET_NUM_USER_KINDS),
    FIELD(struct trivet_user, granted_by.public_uuid, TEXT),
    FIELD(struct trivet_user, granted_by.display_name, TEXT),
};

static const struct trivet_statement put_sql = {.name = "user.put",
    .sql = "INSERT INTO users (created_us, updated_us, kind, public_uuid,"
           " display_name, auto_logout_s, requested_by, granted_by)"
           " VALUES ($1, $1, $2, $3, $4, $5, NULLIF($6, 0), NULLIF($7, 0))"
           " RETURNING id"};

enum trivet_status
trivet_store_user_put(struct trivet_store *store, struct trivet_user *user,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(user->kind),
        trivet_value_cstring(user->public_uuid),
        trivet_value_cstring(user->display_name),
        trivet_value_integer(user->session_timeout_s),
        trivet_value_integer(user->requested_by.id),
        trivet_value_integer(user->granted_by.id)};
    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_USER_CREATED};

    TRIVET_TRY(
        CHANGE(store, &put_sql, params, &entry.user_id, &entry, now_us, err));

    user->id = entry.user_id;
    user->created_us = now_us;
    user->updated_us = now_us;
    return TRIVET_OK;
}

static const struct trivet_statement get_sql = {.name = "user.get",
    .sql = "SELECT " COLUMNS " FROM " TABLES " WHERE u.id = $1"};

enum trivet_status
trivet_store_user_get(struct trivet_store *store, int64_t id,
    struct trivet_user *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};

    return GET(store, &get_sql, params, fields, out, err);
}

/* What a list is given to, and how many rows there were. */
struct list {
    trivet_user_fn on_row;
    void *user;
    size_t num_rows;
};

static void
read_user(void *opaque, const struct trivet_value *columns)
{
    struct list *list = opaque;
    struct trivet_user row;

    READ(fields, columns, &row);
    list->num_rows++;
    list->on_row(list->user, &row);
}

static const struct trivet_statement find_sql = {.name = "user.find",
    .sql = "SELECT " COLUMNS " FROM " TABLES " WHERE u.display_name = $1"
           " AND u.kind <> $2 AND u.kind <> $3 ORDER BY u.id"};

static void
keep_user(void *user, const struct trivet_user *row)
{
    *(struct trivet_user *) user = *row;
}

enum trivet_status
trivet_store_user_find(struct trivet_store *store, const char *display_name,
    struct trivet_user *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_cstring(display_name),
        trivet_value_integer(TRIVET_USER_PSP),
        trivet_value_integer(TRIVET_USER_API_KEY)};
    struct trivet_user user;
    struct list list = {.on_row = keep_user, .user = &user};

    TRIVET_TRY(RUN(store, &find_sql, params, read_user, &list, err));

    if (list.num_rows > 1) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "store.user_find",
            "%d users have that name; give the id", (int) list.num_rows);
    }

    *out = user;
    return TRIVET_OK;
}

static const struct trivet_statement list_sql = {.name = "user.list",
    .sql = "SELECT " COLUMNS " FROM " TABLES " ORDER BY u.id"};

enum trivet_status
trivet_store_user_list(struct trivet_store *store, trivet_user_fn on_row,
    void *user, struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_list(store, &list_sql, NULL, 0, read_user, &list, err);
}

static const struct trivet_search_statements search_sql = SEARCH("user", "u",
    "SELECT " COLUMNS " FROM " TABLES
    " WHERE " MATCHES("u.display_name", "u.id"),
    4);

enum trivet_status
trivet_store_user_search(struct trivet_store *store,
    const struct trivet_search *search, trivet_user_fn on_row, void *user,
    struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_search(
        store, &search_sql, search, read_user, &list, err);
}

static const struct trivet_statement set_auto_logout_sql = {
    .name = "user.set-auto-logout",
    .sql = "UPDATE users SET auto_logout_s = $2, updated_us = $3 WHERE id = $1"
           " RETURNING id"};

/* A longer time is for the sessions that are valid: what expired before ends
 * here. */
static enum trivet_status
set_auto_logout(struct trivet_store *store, int64_t id, int64_t auto_logout_s,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id),
        trivet_value_integer(auto_logout_s), trivet_value_integer(now_us)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_AUTO_LOGOUT_CHANGED, .user_id = id};

    (void) snprintf(
        entry.detail, sizeof entry.detail, "%lld s", (long long) auto_logout_s);

    TRIVET_TRY(trivet_store_hold_user(store, id, err));
    TRIVET_TRY(trivet_store_session_end_expired(store, id, now_us, err));

    return CHANGE(
        store, &set_auto_logout_sql, params, &id, &entry, now_us, err);
}

enum trivet_status
trivet_store_user_set_auto_logout(struct trivet_store *store, int64_t id,
    int64_t auto_logout_s, int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = set_auto_logout(store, id, auto_logout_s, now_us, err);

    return trivet_store_leave(store, is_own, status, err);
}

static const struct trivet_statement *const statements[] = {
    &put_sql,
    &get_sql,
    &find_sql,
    &list_sql,
    &search_sql.older,
    &search_sql.newer,
    &set_auto_logout_sql,
};
const struct trivet_statements trivet_user_statements =
    TRIVET_STATEMENTS(statements);
