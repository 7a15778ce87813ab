/* SPDX-License-Identifier: Apache-2.0 */
/* admission.c - what an admission needs of a session, in one row */
#include "store/noun/admission.h"

#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

/* ---- finding ----------------------------------------------------------- */

/* The keys are where they always were: there are few server keys, and what is
 * not copied cannot be out of date. */
static const struct trivet_statement find_sql = {.name = "admission.find",
    .sql = "SELECT a.session_id, a.anchored_us, a.timeout_s, a.device_id,"
           " a.installation_id, a.api_key_id, a.user_id, i.server_key_id,"
           " i.public_der, y.retired_us IS NOT NULL, a.allow_all_ips,"
           " a.addresses FROM admission a"
           " JOIN installation i ON i.id = a.installation_id"
           " JOIN server_key y ON y.id = i.server_key_id"
           " WHERE a.digest = $1"};

static const struct trivet_field fields[] = {
    FIELD(struct trivet_admission_row, session.id, INTEGER),
    FIELD(struct trivet_admission_row, session.expiry.anchored_us, INTEGER),
    FIELD(struct trivet_admission_row, session.expiry.timeout_s, INTEGER),
    FIELD(struct trivet_admission_row, session.device_id, INTEGER),
    FIELD(struct trivet_admission_row, session.installation_id, INTEGER),
    FIELD(struct trivet_admission_row, session.api_key_id, INTEGER),
    FIELD(struct trivet_admission_row, session.user_id, INTEGER),
    FIELD(struct trivet_admission_row, session.server_key_id, INTEGER),
    FIELD(struct trivet_admission_row, session.key, KEY),
    FIELD(struct trivet_admission_row, session.is_server_key_retired, FLAG),
};
enum { COLUMN_ALLOWS_ALL = sizeof fields / sizeof fields[0], COLUMN_ADDRESSES };

bool
trivet_admission_row_permits(const struct trivet_admission_row *row,
    const struct trivet_address *address)
{
    bool is_named = row->allows_all_addresses;

    for (size_t i = 0; i < row->num_addresses && !is_named; i++) {
        is_named = trivet_address_equal(&row->addresses[i], address);
    }

    return is_named;
}

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    struct trivet_admission_row *row = opaque;
    struct trivet_slice left = columns[COLUMN_ADDRESSES].bytes;
    const size_t len = sizeof row->addresses[0].bytes;

    READ(fields, columns, row);
    row->allows_all_addresses = columns[COLUMN_ALLOWS_ALL].integer != 0;

    for (;
         left.len >= len && row->num_addresses < TRIVET_MAX_ADMISSION_ADDRESSES;
         left = trivet_slice_after(left, len))
    {
        memcpy(row->addresses[row->num_addresses++].bytes, left.data, len);
    }
}

/* A row has no more than the first few addresses, and is not there of a session
 * that has ended: nothing is refused by it. */
enum trivet_status
trivet_store_admission_find(struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_session *out,
    struct trivet_admission_row *out_row, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_digest(token_digest)};
    struct trivet_admission_row row = {.num_addresses = 0};
    enum trivet_status status =
        trivet_store_run(store, &find_sql, params, 1, read_row, &row, err);
    bool is_enough =
        status == TRIVET_OK && trivet_admission_row_permits(&row, address);

    if (out_row != NULL) {
        *out_row =
            is_enough ? row : (struct trivet_admission_row){.num_addresses = 0};
    }
    if (status == TRIVET_E_NOT_FOUND || (status == TRIVET_OK && !is_enough)) {
        return trivet_store_session_find(
            store, token_digest, address, out, err);
    }

    if (status == TRIVET_OK) {
        *out = row.session;
        out->is_address_permitted = true;
    }

    return status;
}

/* ---- checking ---------------------------------------------------------- */

/* The tables speak for themselves here, not through the view that the rows were
 * made from. */
#define EXPECTED_ADDRESSES(concat)                                             \
    "CASE WHEN k.allow_all_ips <> 0 THEN '' ELSE COALESCE("                    \
    "(SELECT " concat " FROM"                                                  \
    " (SELECT p.id, p.address FROM permitted_ip p WHERE p.api_key_id = k.id"   \
    " AND p.is_active <> 0 AND LENGTH(p.address) = 16"                         \
    " ORDER BY p.id LIMIT 8) AS kept), '') END"

/* One statement, so that all of it is of one moment. 0: a row, which is right;
 * else a fault's number and one more. */
#define CHECK(addresses, concat)                                               \
    "SELECT CASE WHEN s.id IS NULL OR s.ended_us IS NOT NULL"                  \
    " OR k.id IS NULL OR k.revoked_us IS NOT NULL OR u.id IS NULL THEN 2"      \
    " WHEN a.session_id = s.id AND a.anchored_us = s.anchored_us"              \
    " AND a.timeout_s = COALESCE(s.timeout_s, u.auto_logout_s)"                \
    " AND a.device_id = d.id AND a.installation_id = d.installation_id"        \
    " AND a.api_key_id = k.id AND a.user_id = k.user_id"                       \
    " AND (a.allow_all_ips = 1) = (k.allow_all_ips <> 0)"                      \
    " AND a.allow_all_ips IN (0, 1)"                                           \
    " AND " addresses " = " EXPECTED_ADDRESSES(                                \
        concat) " THEN 0 ELSE 1 END, a.session_id FROM admission a"            \
                " LEFT JOIN session s ON s.digest = a.digest"                  \
                " LEFT JOIN device d ON d.id = s.device_id"                    \
                " LEFT JOIN api_key k ON k.id = d.api_key_id"                  \
                " LEFT JOIN users u ON u.id = k.user_id"                       \
                " UNION ALL SELECT 3, s.id FROM session s"                     \
                " JOIN device d ON d.id = s.device_id"                         \
                " JOIN api_key k ON k.id = d.api_key_id"                       \
                " JOIN users u ON u.id = k.user_id"                            \
                " WHERE s.ended_us IS NULL AND k.revoked_us IS NULL AND NOT "  \
                "EXISTS"                                                       \
                " (SELECT 1 FROM admission a WHERE a.digest = s.digest)"

static const struct trivet_statement check_sql = {.name = "admission.check",
    .sql = CHECK("HEX(a.addresses)", "GROUP_CONCAT(HEX(kept.address), '')"),
    .sql_of = {
        [TRIVET_DIALECT_POSTGRES] = CHECK("ENCODE(a.addresses, 'hex')",
            "STRING_AGG(ENCODE(kept.address, 'hex'), '' ORDER BY kept.id)")}};

struct check {
    trivet_admission_fault_fn on_fault;
    void *user;
    int64_t num_rows;
};

static void
check_row(void *opaque, const struct trivet_value *columns)
{
    struct check *check = opaque;
    const int64_t found = columns[0].integer;

    if (found != TRIVET_ADMISSION_MISSING + 1) {
        check->num_rows++;
    }
    if (found != 0) {
        check->on_fault(check->user, (enum trivet_admission_fault)(found - 1),
            columns[1].integer);
    }
}

enum trivet_status
trivet_store_admission_check(struct trivet_store *store,
    trivet_admission_fault_fn on_fault, void *user, int64_t *out_num_rows,
    struct trivet_error *err)
{
    struct check check = {.on_fault = on_fault, .user = user};

    TRIVET_TRY(
        trivet_store_list(store, &check_sql, NULL, 0, check_row, &check, err));

    *out_num_rows = check.num_rows;
    return TRIVET_OK;
}

static const struct trivet_statement *const statements[] = {
    &find_sql,
    &check_sql,
};
const struct trivet_statements trivet_admission_statements =
    TRIVET_STATEMENTS(statements);
