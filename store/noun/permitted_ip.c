/* SPDX-License-Identifier: Apache-2.0 */
/* permitted_ip.c - the addresses that an API key may be used from */
#include "store/noun/permitted_ip.h"

#include "store/noun/audit.h"
#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

#define COLUMNS "p.id AS id, p.created_us, p.updated_us, p.address, p.is_active"

static const struct trivet_field fields[] = {
    FIELD(struct trivet_permitted_ip, id, INTEGER),
    FIELD(struct trivet_permitted_ip, created_us, INTEGER),
    FIELD(struct trivet_permitted_ip, updated_us, INTEGER),
    FIELD(struct trivet_permitted_ip, address, ADDRESS),
    FIELD(struct trivet_permitted_ip, is_active, FLAG),
};
enum { NUM_FIELDS = sizeof fields / sizeof fields[0] };

static const struct trivet_statement put_sql = {.name = "permitted-ip.put",
    .sql = "INSERT INTO permitted_ip (created_us, updated_us, api_key_id,"
           " address) VALUES ($1, $1, $2, $3) RETURNING id"};

enum trivet_status
trivet_store_permitted_ip_put(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, int64_t now_us,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(api_key_id), trivet_value_address(address)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_IP_PERMITTED, .api_key_id = api_key_id};
    int64_t id;

    trivet_address_format(address, entry.detail);

    return CHANGE(store, &put_sql, params, &id, &entry, now_us, err);
}

static const struct trivet_statement set_sql = {.name = "permitted-ip.set",
    .sql = "INSERT INTO permitted_ip (created_us, updated_us, api_key_id,"
           " address, is_active) VALUES ($1, $1, $2, $3, $4)"
           " ON CONFLICT (api_key_id, address) DO UPDATE"
           " SET is_active = excluded.is_active,"
           " updated_us = excluded.updated_us"
           " RETURNING id"};

enum trivet_status
trivet_store_permitted_ip_set(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool is_active, int64_t now_us,
    int64_t *out_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(api_key_id), trivet_value_address(address),
        trivet_value_integer(is_active)};
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_IP_DISABLED, .api_key_id = api_key_id};

    if (is_active) {
        entry.event = TRIVET_AUDIT_IP_PERMITTED;
    }
    trivet_address_format(address, entry.detail);

    return CHANGE(store, &set_sql, params, out_id, &entry, now_us, err);
}

static const struct trivet_statement check_sql = {.name = "permitted-ip.check",
    .sql = "SELECT " PERMITS("k", "$2") " FROM api_key k WHERE k.id = $1"};

enum trivet_status
trivet_store_permitted_ip_check(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool *out_is_permitted,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(api_key_id), trivet_value_address(address)};
    int64_t is_permitted;

    TRIVET_TRY(RUN_FOR_ID(store, &check_sql, params, &is_permitted, err));

    *out_is_permitted = is_permitted != 0;
    return TRIVET_OK;
}

static const struct trivet_statement count_others_sql = {
    .name = "permitted-ip.count-others",
    .sql = "SELECT COUNT(*) FROM permitted_ip"
           " WHERE api_key_id = $1 AND address <> $2"};

enum trivet_status
trivet_store_permitted_ip_count_others(struct trivet_store *store,
    int64_t api_key_id, const struct trivet_address *address, int64_t *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(api_key_id), trivet_value_address(address)};

    return RUN_FOR_ID(store, &count_others_sql, params, out, err);
}

static const struct trivet_statement list_sql = {.name = "permitted-ip.list",
    .sql = "SELECT " COLUMNS " FROM permitted_ip p WHERE p.api_key_id = $1"
           " AND p.is_active <> 0 ORDER BY p.id"};
static const struct trivet_statement page_sql = {.name = "permitted-ip.page",
    .sql = PAGE("p", COLUMNS, "permitted_ip p", "permitted_ip", "api_key_id")};

struct list {
    trivet_permitted_ip_fn on_row;
    void *user;
    struct trivet_page_seen *seen; /* NULL: no page */
};

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    const struct list *list = opaque;
    struct trivet_permitted_ip row;

    READ(fields, columns, &row);
    if (list->seen != NULL) {
        trivet_row_see(list->seen, row.id, &columns[NUM_FIELDS]);
    }
    list->on_row(list->user, &row);
}

enum trivet_status
trivet_store_permitted_ip_list(struct trivet_store *store, int64_t api_key_id,
    trivet_permitted_ip_fn on_row, void *user, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(api_key_id)};
    struct list list = {.on_row = on_row, .user = user};

    return LIST(store, &list_sql, params, read_row, &list, err);
}

enum trivet_status
trivet_store_permitted_ip_page(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_page *page, trivet_permitted_ip_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err)
{
    struct list list = {.on_row = on_row, .user = user, .seen = seen};

    return trivet_store_page(
        store, &page_sql, api_key_id, page, read_row, &list, seen, err);
}

static const struct trivet_statement *const statements[] = {
    &put_sql,
    &set_sql,
    &check_sql,
    &count_others_sql,
    &list_sql,
    &page_sql,
};
const struct trivet_statements trivet_permitted_ip_statements =
    TRIVET_STATEMENTS(statements);
