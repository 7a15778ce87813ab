/* SPDX-License-Identifier: Apache-2.0 */
/* server_key.c - the gateway's RSA keys: which there are, which is current */
#include "store/noun/server_key.h"

#include <stdio.h>

#include "store/handle.h"
#include "store/noun/audit.h"
#include "store/noun/hold.h"
#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/transaction.h"
#include "store/value.h"

/* Behind the columns: two numbers that the list alone counts. */
#define COLUMNS "y.id, y.created_us, y.is_current, y.retired_us, y.location"

static const struct trivet_field fields[] = {
    FIELD(struct trivet_server_key_row, id, INTEGER),
    FIELD(struct trivet_server_key_row, created_us, INTEGER),
    FIELD(struct trivet_server_key_row, is_current, FLAG),
    FIELD(struct trivet_server_key_row, retired_us, INTEGER),
    FIELD(struct trivet_server_key_row, location, TEXT),
    FIELD(struct trivet_server_key_row, num_installations, INTEGER),
    FIELD(struct trivet_server_key_row, num_alive, INTEGER),
};

/* ---- looking ----------------------------------------------------------- */

static const struct trivet_statement get_sql = {.name = "server-key.get",
    .sql = "SELECT " COLUMNS ", 0, 0 FROM server_key y WHERE y.id = $1"};

enum trivet_status
trivet_store_server_key_get(struct trivet_store *store, int64_t id,
    struct trivet_server_key_row *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};

    return GET(store, &get_sql, params, fields, out, err);
}

static const struct trivet_statement list_sql = {.name = "server-key.list",
    .sql = "SELECT " COLUMNS ","
           " (SELECT COUNT(*) FROM installation i"
           " WHERE i.server_key_id = y.id),"
           " (SELECT COUNT(DISTINCT i.id) FROM installation i"
           " JOIN device d ON d.installation_id = i.id"
           " JOIN session s ON s.device_id = d.id"
           " JOIN api_key k ON k.id = d.api_key_id"
           " JOIN users u ON u.id = k.user_id"
           " WHERE i.server_key_id = y.id AND " IS_ALIVE(
               "$1") ")"
                     " FROM server_key y ORDER BY y.id"};

struct list {
    trivet_server_key_fn on_row;
    void *user;
};

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    const struct list *list = opaque;
    struct trivet_server_key_row row;

    READ(fields, columns, &row);
    list->on_row(list->user, &row);
}

enum trivet_status
trivet_store_server_key_list(struct trivet_store *store, int64_t now_us,
    trivet_server_key_fn on_row, void *user, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us)};
    struct list list = {.on_row = on_row, .user = user};

    return LIST(store, &list_sql, params, read_row, &list, err);
}

static const struct trivet_statement use_list_sql = {
    .name = "server-key.use-list",
    .sql = "SELECT i.id, i.created_us, i.address, d.id, d.description, u.id,"
           " u.display_name, (SELECT COUNT(*) FROM session s"
           " WHERE s.device_id = d.id AND " IS_ALIVE(
               "$2") ")"
                     " FROM installation i"
                     " LEFT JOIN device d ON d.installation_id = i.id"
                     " LEFT JOIN api_key k ON k.id = d.api_key_id"
                     " LEFT JOIN users u ON u.id = k.user_id"
                     " WHERE i.server_key_id = $1 ORDER BY i.id, d.id"};

static const struct trivet_field use_fields[] = {
    FIELD(struct trivet_server_key_use, installation_id, INTEGER),
    FIELD(struct trivet_server_key_use, installed_us, INTEGER),
    FIELD(struct trivet_server_key_use, address, ADDRESS),
    FIELD(struct trivet_server_key_use, device_id, INTEGER),
    FIELD(struct trivet_server_key_use, description, TEXT),
    FIELD(struct trivet_server_key_use, user_id, INTEGER),
    FIELD(struct trivet_server_key_use, user_name, TEXT),
    FIELD(struct trivet_server_key_use, num_sessions, INTEGER),
};

struct use_list {
    trivet_server_key_use_fn on_row;
    void *user;
};

static void
read_use(void *opaque, const struct trivet_value *columns)
{
    const struct use_list *list = opaque;
    struct trivet_server_key_use row;

    READ(use_fields, columns, &row);
    list->on_row(list->user, &row);
}

enum trivet_status
trivet_store_server_key_use_list(struct trivet_store *store, int64_t id,
    int64_t now_us, trivet_server_key_use_fn on_row, void *user,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};
    struct use_list list = {.on_row = on_row, .user = user};

    return LIST(store, &use_list_sql, params, read_use, &list, err);
}

/* ---- changing ---------------------------------------------------------- */

/* CHANGE of a server key, whose number is the row's detail. */
static enum trivet_status
change(struct trivet_store *store, const struct trivet_statement *statement,
    const struct trivet_value *params, size_t num_params,
    enum trivet_audit_event event, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    struct trivet_audit_entry entry = {.event = event};
    enum trivet_status status;
    bool is_own;
    int64_t id;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));

    status =
        trivet_store_run_for_id(store, statement, params, num_params, &id, err);
    if (status == TRIVET_OK) {
        (void) snprintf(
            entry.detail, sizeof entry.detail, "key %lld", (long long) id);
        status = trivet_store_audit_put(store, &entry, now_us, err);
    }
    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_id = id;
    return TRIVET_OK;
}

static const struct trivet_statement find_sql = {.name = "server-key.find",
    .sql = "SELECT id FROM server_key WHERE public_der = $1"};
static const struct trivet_statement put_sql = {.name = "server-key.put",
    .sql = "INSERT INTO server_key (created_us, public_der) VALUES ($1, $2)"
           " RETURNING id"};

enum trivet_status
trivet_store_server_key_find(struct trivet_store *store,
    const struct trivet_public_key *key, int64_t *out_id,
    struct trivet_error *err)
{
    const struct trivet_value find[] = {
        trivet_value_blob(key->der, key->der_len)};

    return RUN_FOR_ID(store, &find_sql, find, out_id, err);
}

enum trivet_status
trivet_store_server_key_ensure(struct trivet_store *store,
    const struct trivet_public_key *key, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    const struct trivet_value put[] = {trivet_value_integer(now_us),
        trivet_value_blob(key->der, key->der_len)};
    const bool is_part = store->is_in_transaction;
    enum trivet_status status =
        trivet_store_server_key_find(store, key, out_id, err);

    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    status = change(store, &put_sql, put, 2, TRIVET_AUDIT_SERVER_KEY_ADDED,
        now_us, out_id, err);
    if (status != TRIVET_E_CONFLICT) {
        return status;
    }

    /* Another worker was faster. What was begun before has failed with it. */
    return is_part ? TRIVET_E_AGAIN
                   : trivet_store_server_key_find(store, key, out_id, err);
}

static const struct trivet_statement clear_location_sql = {
    .name = "server-key.clear-location",
    .sql = "UPDATE server_key SET location = NULL"
           " WHERE location = $2 AND id <> $1"};
static const struct trivet_statement set_location_sql = {
    .name = "server-key.set-location",
    .sql = "UPDATE server_key SET location = $2 WHERE id = $1 RETURNING id"};

/* The audit log does not get the place: it may be a URI with a PIN in it. */
enum trivet_status
trivet_store_server_key_locate(struct trivet_store *store, int64_t id,
    const char *location, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_cstring(location)};
    struct trivet_server_key_row row;

    TRIVET_TRY(trivet_store_server_key_get(store, id, &row, err));
    if (strcmp(row.location, location) == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(RUN(store, &clear_location_sql, params, NULL, NULL, err));

    return change(store, &set_location_sql, params, 2,
        TRIVET_AUDIT_SERVER_KEY_MOVED, now_us, &id, err);
}

static const struct trivet_statement clear_current_sql = {
    .name = "server-key.clear-current",
    .sql = "UPDATE server_key SET is_current = 0 WHERE is_current <> 0"};
static const struct trivet_statement set_current_sql = {
    .name = "server-key.set-current",
    .sql = "UPDATE server_key SET is_current = 1"
           " WHERE id = $1 AND retired_us IS NULL RETURNING id"};

enum trivet_status
trivet_store_server_key_make_current(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};
    struct trivet_server_key_row row;

    TRIVET_TRY(trivet_store_server_key_get(store, id, &row, err));
    if (row.is_current && row.retired_us == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(
        trivet_store_run(store, &clear_current_sql, NULL, 0, NULL, NULL, err));

    return change(store, &set_current_sql, params, 1,
        TRIVET_AUDIT_SERVER_KEY_CURRENT, now_us, &id, err);
}

static const struct trivet_statement retire_sql = {.name = "server-key.retire",
    .sql = "UPDATE server_key SET retired_us = COALESCE(retired_us, $2)"
           " WHERE id = $1 AND is_current = 0 RETURNING id"};

enum trivet_status
trivet_store_server_key_retire(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};

    return change(store, &retire_sql, params, 2,
        TRIVET_AUDIT_SERVER_KEY_RETIRED, now_us, &id, err);
}

static const struct trivet_statement drop_sql = {.name = "server-key.drop",
    .sql = "DELETE FROM server_key WHERE id = $1 AND NOT EXISTS"
           " (SELECT 1 FROM installation i WHERE i.server_key_id = $1)"
           " AND NOT EXISTS (SELECT 1 FROM audit_checkpoint c"
           " WHERE c.server_key_id = $1) RETURNING id"};

static enum trivet_status
drop(struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};

    TRIVET_TRY(trivet_store_hold_server_key(store, id, err));

    return change(store, &drop_sql, params, 1, TRIVET_AUDIT_SERVER_KEY_DROPPED,
        now_us, &id, err);
}

enum trivet_status
trivet_store_server_key_drop(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = drop(store, id, now_us, err);

    /* An installation was given it, or it signed a checkpoint: it stays. */
    if (status == TRIVET_E_NOT_FOUND) {
        status = TRIVET_OK;
    }

    return trivet_store_leave(store, is_own, status, err);
}

static const struct trivet_statement *const statements[] = {
    &get_sql,
    &list_sql,
    &use_list_sql,
    &find_sql,
    &put_sql,
    &clear_location_sql,
    &set_location_sql,
    &clear_current_sql,
    &set_current_sql,
    &retire_sql,
    &drop_sql,
};
const struct trivet_statements trivet_server_key_statements =
    TRIVET_STATEMENTS(statements);
