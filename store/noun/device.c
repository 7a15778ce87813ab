/* SPDX-License-Identifier: Apache-2.0 */
/* device.c - devices: an API key, used by one installation */
#include "store/noun/device.h"

#include "store/noun/audit.h"
#include "store/noun/installation.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/search.h"
#include "store/transaction.h"
#include "store/value.h"

#define COLUMNS                                                                \
    "d.id AS id, d.created_us, d.installation_id, d.api_key_id, k.user_id,"    \
    " d.description, d.address, k.revoked_us IS NOT NULL"
#define DEVICES "device d JOIN api_key k ON k.id = d.api_key_id"

static const struct trivet_field fields[] = {
    FIELD(struct trivet_device, id, INTEGER),
    FIELD(struct trivet_device, created_us, INTEGER),
    FIELD(struct trivet_device, installation_id, INTEGER),
    FIELD(struct trivet_device, api_key_id, INTEGER),
    FIELD(struct trivet_device, user_id, INTEGER),
    FIELD(struct trivet_device, description, TEXT),
    FIELD(struct trivet_device, address, ADDRESS),
    FIELD(struct trivet_device, is_blocked, FLAG),
};
enum { NUM_FIELDS = sizeof fields / sizeof fields[0] };

/* ---- registering ------------------------------------------------------- */

static const struct trivet_statement put_sql = {.name = "device.put",
    .sql = "INSERT INTO device (created_us, installation_id, api_key_id,"
           " description, address, user_id) VALUES ($1, $2, $3, $4, $5,"
           " (SELECT user_id FROM api_key WHERE id = $3)) RETURNING id"};

static enum trivet_status
put_device(struct trivet_store *store, const struct trivet_new_device *made,
    int64_t now_us, int64_t *out_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(made->installation_id),
        trivet_value_integer(made->api_key_id),
        trivet_value_cstring(made->description),
        trivet_value_address(&made->address)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_DEVICE_CREATED,
        .api_key_id = made->api_key_id,
        .installation_id = made->installation_id,
    };

    TRIVET_TRY(trivet_store_installation_register(
        store, made->installation_id, now_us, err));
    TRIVET_TRY(
        CHANGE(store, &put_sql, params, &entry.device_id, &entry, now_us, err));

    *out_id = entry.device_id;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_device_put(struct trivet_store *store,
    const struct trivet_new_device *made, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;
    int64_t id;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = put_device(store, made, now_us, &id, err);
    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_id = id;
    return TRIVET_OK;
}

/* $1 installation, $2 API key, $3 and $4 at most so many of each. */
static const struct trivet_statement count_sql = {.name = "device.count",
    .sql = "SELECT (SELECT COUNT(*) FROM (SELECT d.id FROM device d"
           " WHERE d.installation_id = $1 LIMIT $3) AS own),"
           " (SELECT COUNT(*) FROM (SELECT d.id FROM device d"
           " WHERE d.api_key_id = $2 LIMIT $4) AS same)"};

static const struct trivet_field count_fields[] = {
    FIELD(struct trivet_device_counts, num_of_installation, INTEGER),
    FIELD(struct trivet_device_counts, num_of_key, INTEGER),
};

enum trivet_status
trivet_store_device_count(struct trivet_store *store, int64_t installation_id,
    int64_t api_key_id, struct trivet_device_counts *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(installation_id),
        trivet_value_integer(api_key_id),
        trivet_value_integer(TRIVET_MAX_INSTALLATION_DEVICES),
        trivet_value_integer(TRIVET_MAX_KEY_DEVICES)};

    return GET(store, &count_sql, params, count_fields, out, err);
}

/* ---- lists ------------------------------------------------------------- */

static const struct trivet_statement list_sql = {.name = "device.list",
    .sql = "SELECT " COLUMNS " FROM " DEVICES " ORDER BY d.id"};
static const struct trivet_statement page_of_user_sql = {
    .name = "device.page-of-user",
    .sql = PAGE("d", COLUMNS, DEVICES, "device", "user_id")};
static const struct trivet_statement page_of_installation_sql = {
    .name = "device.page-of-installation",
    .sql = PAGE("d", COLUMNS, DEVICES, "device", "installation_id")};

struct list {
    trivet_device_fn on_row;
    void *user;
    struct trivet_page_seen *seen; /* NULL: no page */
};

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    const struct list *list = opaque;
    struct trivet_device row;

    READ(fields, columns, &row);
    if (list->seen != NULL) {
        trivet_row_see(list->seen, row.id, &columns[NUM_FIELDS]);
    }
    list->on_row(list->user, &row);
}

enum trivet_status
trivet_store_device_list(struct trivet_store *store, trivet_device_fn on_row,
    void *user, struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_list(store, &list_sql, NULL, 0, read_row, &list, err);
}

enum trivet_status
trivet_store_device_page_of_user(struct trivet_store *store, int64_t user_id,
    const struct trivet_page *page, trivet_device_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user, .seen = seen};

    return trivet_store_page(
        store, &page_of_user_sql, user_id, page, read_row, &list, seen, err);
}

enum trivet_status
trivet_store_device_page_of_installation(struct trivet_store *store,
    int64_t installation_id, const struct trivet_page *page,
    trivet_device_fn on_row, void *user, struct trivet_page_seen *seen,
    struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user, .seen = seen};

    return trivet_store_page(store, &page_of_installation_sql, installation_id,
        page, read_row, &list, seen, err);
}

static const struct trivet_search_statements search_sql = SEARCH("device", "d",
    "SELECT " COLUMNS " FROM " DEVICES
    " WHERE " MATCHES("d.description", "d.id") " AND " IS_OF(
        "k.user_id", "$5") " AND " IS_OF("d.api_key_id", "$6"),
    6);

enum trivet_status
trivet_store_device_search(struct trivet_store *store,
    const struct trivet_search *search, trivet_device_fn on_row, void *user,
    struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user};

    return trivet_store_search(
        store, &search_sql, search, read_row, &list, err);
}

static const struct trivet_statement *const statements[] = {
    &put_sql,
    &count_sql,
    &list_sql,
    &search_sql.older,
    &search_sql.newer,
    &page_of_user_sql,
    &page_of_installation_sql,
};
const struct trivet_statements trivet_device_statements =
    TRIVET_STATEMENTS(statements);
