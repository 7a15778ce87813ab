/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.c - the API keys of users */
#include "store/noun/api_key.h"

#include <stdio.h>

#include "store/noun/audit.h"
#include "store/noun/hold.h"
#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/search.h"
#include "store/value.h"

/* Each SELECT has its own last columns, and the fields of them. */
#define COLUMNS                                                                \
    "k.id AS id, k.created_us, k.updated_us, k.user_id, k.label,"              \
    " k.expires_us, k.bound_us, k.revoked_us, k.bound_us IS NOT NULL,"         \
    " k.revoked_us IS NOT NULL, k.allow_all_ips <> 0"
#define FIELDS                                                                 \
    FIELD(struct trivet_api_key, id, INTEGER),                                 \
        FIELD(struct trivet_api_key, created_us, INTEGER),                     \
        FIELD(struct trivet_api_key, updated_us, INTEGER),                     \
        FIELD(struct trivet_api_key, user_id, INTEGER),                        \
        FIELD(struct trivet_api_key, label, TEXT),                             \
        FIELD(struct trivet_api_key, expires_us, INTEGER),                     \
        FIELD(struct trivet_api_key, bound_us, INTEGER),                       \
        FIELD(struct trivet_api_key, revoked_us, INTEGER),                     \
        FIELD(struct trivet_api_key, is_bound, FLAG),                          \
        FIELD(struct trivet_api_key, is_revoked, FLAG),                        \
        FIELD(struct trivet_api_key, allows_all_ips, FLAG)

/* Of device d. */
#define DEVICE_COLUMNS                                                         \
    "d.id AS device_id, d.created_us AS device_created_us, d.description,"     \
    " d.address"
static const struct trivet_field device_fields[] = {
    FIELDS,
    FIELD(struct trivet_api_key, device.id, INTEGER),
    FIELD(struct trivet_api_key, device.created_us, INTEGER),
    FIELD(struct trivet_api_key, device.description, TEXT),
    FIELD(struct trivet_api_key, device.address, ADDRESS),
};
enum { NUM_DEVICE_FIELDS = sizeof device_fields / sizeof device_fields[0] };

/* ---- making and looking ------------------------------------------------ */

static const struct trivet_statement put_sql = {.name = "api-key.put",
    .sql = "INSERT INTO api_key (created_us, updated_us, user_id, digest,"
           " label, expires_us) VALUES ($1, $1, $2, $3, $4, $5) RETURNING id"};

enum trivet_status
trivet_store_api_key_put(struct trivet_store *store,
    const struct trivet_new_api_key *made, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(made->user_id), trivet_value_digest(made->digest),
        trivet_value_cstring(made->label),
        trivet_value_integer(made->expires_us)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_KEY_CREATED, .user_id = made->user_id};

    TRIVET_TRY(CHANGE(
        store, &put_sql, params, &entry.api_key_id, &entry, now_us, err));

    *out_id = entry.api_key_id;
    return TRIVET_OK;
}

static const struct trivet_statement find_sql = {.name = "api-key.find",
    .sql = "SELECT " COLUMNS ", " PERMITS("k",
        "$2") ","
              " (SELECT MAX(d.id) FROM device d WHERE d.installation_id = $3"
              " AND d.api_key_id = k.id)"
              " FROM api_key k WHERE k.digest = $1"};

static const struct trivet_field find_fields[] = {
    FIELDS,
    FIELD(struct trivet_api_key, is_address_permitted, FLAG),
    FIELD(struct trivet_api_key, device.id, INTEGER),
};

enum trivet_status
trivet_store_api_key_find(struct trivet_store *store,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, int64_t installation_id,
    struct trivet_api_key *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_digest(digest),
        trivet_value_address(address), trivet_value_integer(installation_id)};
    struct trivet_api_key row = {.id = 0};

    TRIVET_TRY(GET(store, &find_sql, params, find_fields, &row, err));

    *out = row;
    return TRIVET_OK;
}

/* When a session of the key was last opened or extended. */
#define LAST_USE                                                               \
    "(SELECT MAX(s.anchored_us) FROM device e JOIN session s"                  \
    " ON s.device_id = e.id WHERE e.api_key_id = k.id)"

/* Fields that a SELECT does not give are zero. */
struct list {
    trivet_api_key_fn on_row;
    void *user;
};

static const struct trivet_statement list_sql = {.name = "api-key.list",
    .sql = "SELECT " COLUMNS ", u.display_name, " LAST_USE
           " FROM api_key k JOIN users u ON u.id = k.user_id ORDER BY k.id"};

static const struct trivet_field list_fields[] = {
    FIELDS,
    FIELD(struct trivet_api_key, user_name, TEXT),
    FIELD(struct trivet_api_key, last_use_us, INTEGER),
};

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    const struct list *list = opaque;
    struct trivet_api_key row = {.id = 0};

    READ(list_fields, columns, &row);
    list->on_row(list->user, &row);
}

enum trivet_status
trivet_store_api_key_list(struct trivet_store *store, trivet_api_key_fn on_row,
    void *user, struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_list(store, &list_sql, NULL, 0, read_row, &list, err);
}

static const struct trivet_search_statements search_sql = SEARCH("api-key", "k",
    "SELECT " COLUMNS ", u.display_name, " LAST_USE
    " FROM api_key k JOIN users u ON u.id = k.user_id WHERE (" MATCHES(
        "u.display_name", "k.id") " OR LOWER(k.label) LIKE $3 ESCAPE '\\')"
                                  " AND " IS_OF("k.user_id", "$5"),
    5);

enum trivet_status
trivet_store_api_key_search(struct trivet_store *store,
    const struct trivet_search *search, trivet_api_key_fn on_row, void *user,
    struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_search(
        store, &search_sql, search, read_row, &list, err);
}

/* With the device that bound it: its first. */
static const struct trivet_statement page_sql = {.name = "api-key.page",
    .sql = PAGE("k", COLUMNS ", " DEVICE_COLUMNS,
        "api_key k LEFT JOIN device d ON d.id = (SELECT MIN(f.id)"
        " FROM device f WHERE f.api_key_id = k.id)",
        "api_key", "user_id")};

struct page_list {
    trivet_api_key_view_fn on_row;
    void *user;
    struct trivet_page_seen *seen;
};

static enum trivet_api_key_status
status_of(const struct trivet_api_key *key)
{
    if (key->is_revoked) {
        return TRIVET_API_KEY_REVOKED;
    }

    return key->is_bound ? TRIVET_API_KEY_ACTIVE : TRIVET_API_KEY_PENDING;
}

static void
read_page_row(void *opaque, const struct trivet_value *columns)
{
    const struct page_list *list = opaque;
    struct trivet_api_key row = {.id = 0};
    struct trivet_api_key_view credential;

    READ(device_fields, columns, &row);
    credential = (struct trivet_api_key_view){
        .id = row.id,
        .created_us = row.created_us,
        .updated_us = row.updated_us,
        .status = status_of(&row),
        .expires_us = row.expires_us,
        .has_device = row.device.id != 0,
        .bound = row.device,
    };
    trivet_row_see(list->seen, row.id, &columns[NUM_DEVICE_FIELDS]);
    list->on_row(list->user, &credential);
}

enum trivet_status
trivet_store_api_key_page(struct trivet_store *store, int64_t user_id,
    const struct trivet_page *page, trivet_api_key_view_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err)
{
    struct page_list list = {.on_row = on_row, .user = user, .seen = seen};

    return trivet_store_page(
        store, &page_sql, user_id, page, read_page_row, &list, seen, err);
}

/* ---- payment service providers ----------------------------------------- */

static const struct trivet_statement asked_by_sql = {.name = "api-key.asked-by",
    .sql = "UPDATE api_key SET installation_id = $2 WHERE id = $1"
           " RETURNING id"};

enum trivet_status
trivet_store_api_key_asked_by(struct trivet_store *store, int64_t id,
    int64_t installation_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(installation_id)};

    return RUN_FOR_ID(store, &asked_by_sql, params, &id, err);
}

static const struct trivet_statement asked_sql = {.name = "api-key.asked",
    .sql = "SELECT " COLUMNS ", " DEVICE_COLUMNS " FROM api_key k"
           " LEFT JOIN device d ON d.id = (SELECT MAX(e.id) FROM device e"
           " WHERE e.api_key_id = k.id)"
           " WHERE k.id = $1 AND k.installation_id = $2"};

enum trivet_status
trivet_store_api_key_asked(struct trivet_store *store, int64_t id,
    int64_t installation_id, struct trivet_api_key *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(installation_id)};
    struct trivet_api_key row = {.id = 0};

    TRIVET_TRY(GET(store, &asked_sql, params, device_fields, &row, err));

    *out = row;
    return TRIVET_OK;
}

static const struct trivet_statement open_first_sql = {
    .name = "api-key.open-first",
    .sql = "UPDATE api_key SET opened_us = $2"
           " WHERE id = $1 AND opened_us IS NULL RETURNING id"};

enum trivet_status
trivet_store_api_key_open_first(struct trivet_store *store, int64_t id,
    int64_t now_us, bool *out_is_first, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};
    enum trivet_status status =
        RUN_FOR_ID(store, &open_first_sql, params, &id, err);

    *out_is_first = status == TRIVET_OK;
    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

/* ---- changing ---------------------------------------------------------- */

static const struct trivet_statement bind_sql = {.name = "api-key.bind",
    .sql = "UPDATE api_key SET bound_us = $2, updated_us = $2,"
           " allow_all_ips = CASE WHEN $3 <> 0 THEN 1 ELSE allow_all_ips END"
           " WHERE id = $1 RETURNING id"};

enum trivet_status
trivet_store_api_key_bind(struct trivet_store *store, int64_t id,
    bool allow_all_ips, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id),
        trivet_value_integer(now_us), trivet_value_integer(allow_all_ips)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_KEY_BOUND, .api_key_id = id};

    if (allow_all_ips) {
        (void) snprintf(entry.detail, sizeof entry.detail, "any address");
    }

    return CHANGE_HELD(store, trivet_store_hold_user_of_key, id, &bind_sql,
        params, &id, &entry, now_us, err);
}

static const struct trivet_statement revoke_sql = {.name = "api-key.revoke",
    .sql = "UPDATE api_key SET revoked_us = COALESCE(revoked_us, $2),"
           " updated_us = $2 WHERE id = $1 RETURNING id"};

enum trivet_status
trivet_store_api_key_revoke(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};
    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_KEY_REVOKED, .api_key_id = id};

    return CHANGE_HELD(store, trivet_store_hold_user_of_key, id, &revoke_sql,
        params, &id, &entry, now_us, err);
}

static const struct trivet_statement allow_all_ips_sql = {
    .name = "api-key.allow-all-ips",
    .sql = "UPDATE api_key SET allow_all_ips = $2, updated_us = $3"
           " WHERE id = $1 RETURNING id"};

enum trivet_status
trivet_store_api_key_allow_all_ips(struct trivet_store *store, int64_t id,
    bool allow, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id),
        trivet_value_integer(allow), trivet_value_integer(now_us)};
    const struct trivet_audit_entry entry = {
        .event = allow ? TRIVET_AUDIT_KEY_FREED : TRIVET_AUDIT_KEY_CONFINED,
        .api_key_id = id};

    return CHANGE_HELD(store, trivet_store_hold_user_of_key, id,
        &allow_all_ips_sql, params, &id, &entry, now_us, err);
}

static const struct trivet_statement set_label_sql = {
    .name = "api-key.set-label",
    .sql = "UPDATE api_key SET label = $2, updated_us = $3"
           " WHERE id = $1 RETURNING id"};

enum trivet_status
trivet_store_api_key_set_label(struct trivet_store *store, int64_t id,
    const char *label, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id),
        trivet_value_cstring(label), trivet_value_integer(now_us)};
    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_KEY_LABELLED, .api_key_id = id};

    return CHANGE(store, &set_label_sql, params, &id, &entry, now_us, err);
}

static const struct trivet_statement set_back_sql = {.name = "api-key.set-back",
    .sql = "UPDATE api_key SET expires_us = $1 + expires_us - created_us"
           " WHERE bound_us IS NULL AND created_us > $1"};

enum trivet_status
trivet_store_api_key_set_back(
    struct trivet_store *store, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us)};

    return RUN(store, &set_back_sql, params, NULL, NULL, err);
}

static const struct trivet_statement *const statements[] = {
    &put_sql,
    &find_sql,
    &list_sql,
    &search_sql.older,
    &search_sql.newer,
    &page_sql,
    &asked_by_sql,
    &asked_sql,
    &open_first_sql,
    &bind_sql,
    &revoke_sql,
    &allow_all_ips_sql,
    &set_label_sql,
    &set_back_sql,
};
const struct trivet_statements trivet_api_key_statements =
    TRIVET_STATEMENTS(statements);
