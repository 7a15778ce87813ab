/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - what a change is decided by stays as it is until its commit */
#include "store/noun/hold.h"

#include "store/handle.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

/* A foreign key's look at the row does not wait for it, unless the row is to be
 * removed. */
#define HOLD(statement_name, table, text, end)                                 \
    {                                                                          \
        .name = statement_name, .sql = text end, .sql_of = {                   \
            [TRIVET_DIALECT_POSTGRES] =                                        \
                text end " FOR NO KEY UPDATE OF " table                        \
        }                                                                      \
    }

#define USERS_OF_KEYS "api_key k JOIN users u ON u.id = k.user_id"

static const struct trivet_statement user_sql =
    HOLD("hold.user", "u", "SELECT u.id FROM users u WHERE u.id = $1", "");
static const struct trivet_statement user_of_key_sql = HOLD("hold.user-of-key",
    "u", "SELECT k.id FROM " USERS_OF_KEYS " WHERE k.id = $1", "");
static const struct trivet_statement user_of_digest_sql =
    HOLD("hold.user-of-digest", "u",
        "SELECT k.id FROM " USERS_OF_KEYS " WHERE k.digest = $1", "");
static const struct trivet_statement user_of_session_sql = HOLD(
    "hold.user-of-session", "u",
    "SELECT k.id FROM " USERS_OF_KEYS " JOIN device d ON d.api_key_id = k.id"
    " JOIN session s ON s.device_id = d.id WHERE s.id = $1",
    "");
static const struct trivet_statement users_anchored_after_sql =
    HOLD("hold.users-anchored-after", "u",
        "SELECT u.id FROM users u WHERE u.id IN (SELECT k.user_id"
        " FROM session s JOIN device d ON d.id = s.device_id"
        " JOIN api_key k ON k.id = d.api_key_id"
        " WHERE s.ended_us IS NULL AND s.anchored_us > $1)",
        " ORDER BY u.id");
static const struct trivet_statement installation_sql =
    HOLD("hold.installation", "i",
        "SELECT i.id FROM installation i WHERE i.id = $1", "");
/* To be removed. */
static const struct trivet_statement server_key_sql = {
    .name = "hold.server-key",
    .sql = "SELECT y.id FROM server_key y WHERE y.id = $1",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "SELECT y.id FROM server_key y WHERE y.id = $1 FOR UPDATE"}};

/* out: NULL, or the number that was found; 0: nothing was. */
static enum trivet_status
hold(struct trivet_store *store, const struct trivet_statement *statement,
    struct trivet_value param, int64_t *out, struct trivet_error *err)
{
    enum trivet_status status;
    int64_t found = 0;

    if (!store->driver->is_shared) {
        return TRIVET_OK;
    }

    status = trivet_store_run_for_id(store, statement, &param, 1, &found, err);
    if (status != TRIVET_OK && status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    if (out != NULL) {
        *out = found;
    }
    return TRIVET_OK;
}

/* ---- users ------------------------------------------------------------- */

enum trivet_status
trivet_store_hold_user(
    struct trivet_store *store, int64_t user_id, struct trivet_error *err)
{
    return hold(store, &user_sql, trivet_value_integer(user_id), NULL, err);
}

enum trivet_status
trivet_store_hold_user_of_key(
    struct trivet_store *store, int64_t api_key_id, struct trivet_error *err)
{
    if (api_key_id == store->held_key_id) {
        return TRIVET_OK;
    }

    return hold(store, &user_of_key_sql, trivet_value_integer(api_key_id),
        &store->held_key_id, err);
}

enum trivet_status
trivet_store_hold_user_of_digest(struct trivet_store *store,
    const unsigned char digest[TRIVET_DIGEST_LEN], struct trivet_error *err)
{
    return hold(store, &user_of_digest_sql, trivet_value_digest(digest),
        &store->held_key_id, err);
}

enum trivet_status
trivet_store_hold_user_of_session(
    struct trivet_store *store, int64_t session_id, struct trivet_error *err)
{
    return hold(store, &user_of_session_sql, trivet_value_integer(session_id),
        &store->held_key_id, err);
}

enum trivet_status
trivet_store_hold_users_anchored_after(
    struct trivet_store *store, int64_t at_us, struct trivet_error *err)
{
    return hold(store, &users_anchored_after_sql, trivet_value_integer(at_us),
        NULL, err);
}

/* ---- what users share -------------------------------------------------- */

enum trivet_status
trivet_store_hold_installation(struct trivet_store *store,
    int64_t installation_id, struct trivet_error *err)
{
    return hold(store, &installation_sql, trivet_value_integer(installation_id),
        NULL, err);
}

enum trivet_status
trivet_store_hold_server_key(
    struct trivet_store *store, int64_t server_key_id, struct trivet_error *err)
{
    return hold(
        store, &server_key_sql, trivet_value_integer(server_key_id), NULL, err);
}

static const struct trivet_statement *const statements[] = {
    &user_sql,
    &user_of_key_sql,
    &user_of_digest_sql,
    &user_of_session_sql,
    &users_anchored_after_sql,
    &installation_sql,
    &server_key_sql,
};
const struct trivet_statements trivet_hold_statements =
    TRIVET_STATEMENTS(statements);
