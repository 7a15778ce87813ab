/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c - every table of a store, whole, to be copied */
#include "store/noun/tables.h"

#define READ(table, list, order)                                               \
    .columns = list,                                                           \
    .read = {.name = "copy.read." table,                                       \
        .sql = "SELECT " list " FROM " table " ORDER BY " order}
#define USED(table, condition)                                                 \
    .used = {.name = "copy.used." table,                                       \
        .sql = "SELECT 1 FROM " table condition " LIMIT 1"}

/* An id is never given again, also when its row was pruned. */
#define HIGHEST(table)                                                         \
    .highest = {.name = "copy.highest." table,                                 \
        .sql = "SELECT MAX(COALESCE((SELECT MAX(seq) FROM sqlite_sequence"     \
               " WHERE name = '" table "'), 0),"                               \
               " COALESCE((SELECT MAX(id) FROM " table "), 0))"}

/* A table of rows whose ids the database gives. */
#define ROWS(table, num, list)                                                 \
    {                                                                          \
        .name = table, .kind = TRIVET_TABLE_OF_ROWS, .num_columns = num,       \
        READ(table, list, "id"), USED(table, ""), HIGHEST(table)               \
    }

/* A table of one row. */
#define ONE(table, num, list, condition, changes)                              \
    {                                                                          \
        .name = table, .kind = TRIVET_TABLE_OF_ONE, .num_columns = num,        \
        READ(table, list, "id"), USED(table, " WHERE " condition), .set = {    \
            .name = "copy.set." table,                                         \
            .sql = "UPDATE " table " SET " changes " WHERE id = $1"            \
        }                                                                      \
    }

const struct trivet_table trivet_tables[TRIVET_NUM_TABLES] = {
    ROWS("server_key", 6,
        "id, created_us, public_der, location, is_current, retired_us"),
    ROWS("users", 12,
        "id, created_us, updated_us, kind, public_uuid, display_name,"
        " auto_logout_s, distinguished_name, psp_digest, psp_identity,"
        " requested_by, granted_by"),
    ROWS("installation", 8,
        "id, created_us, public_der, public_text, address, server_key_id,"
        " signed_digest, registered_us"),
    ROWS("installation_token", 3, "id, installation_id, digest"),
    ROWS("api_key", 12,
        "id, created_us, updated_us, user_id, digest, label, expires_us,"
        " bound_us, revoked_us, allow_all_ips, installation_id, opened_us"),
    ROWS("permitted_ip", 6,
        "id, created_us, updated_us, api_key_id, address, is_active"),
    ROWS("device", 7,
        "id, created_us, installation_id, api_key_id, description, address,"
        " user_id"),
    ROWS("session", 7,
        "id, created_us, anchored_us, ended_us, digest, device_id, timeout_s"),
    {.name = "admission",
        .kind = TRIVET_TABLE_MADE,
        .num_columns = 10,
        READ("admission",
            "digest, session_id, anchored_us, timeout_s, device_id,"
            " installation_id, api_key_id, user_id, allow_all_ips, addresses",
            "digest"),
        USED("admission", "")},
    {.name = "audit",
        .kind = TRIVET_TABLE_OF_ROWS,
        .num_columns = 14,
        READ("audit",
            "id, at_us, event, actor, address, user_id, api_key_id,"
            " installation_id, device_id, session_id, reason, detail, hash,"
            " chain",
            "chain, id"),
        USED("audit", "")},
    {.name = "audit_head",
        .kind = TRIVET_TABLE_OF_ONE,
        .num_columns = 3,
        READ("audit_head", "chain, num_rows, last_hash", "chain"),
        USED("audit_head", " WHERE num_rows <> 0"),
        .set = {.name = "copy.set.audit_head",
            .sql = "INSERT INTO audit_head (chain, num_rows, last_hash)"
                   " VALUES ($1, $2, $3) ON CONFLICT (chain) DO UPDATE"
                   " SET num_rows = excluded.num_rows,"
                   " last_hash = excluded.last_hash"}},
    {.name = "audit_checkpoint",
        .kind = TRIVET_TABLE_OF_ROWS,
        .num_columns = 5,
        READ("audit_checkpoint", "id, at_us, server_key_id, hash, signature",
            "id"),
        USED("audit_checkpoint", "")},
    {.name = "audit_checkpoint_head",
        .kind = TRIVET_TABLE_OF_ROWS,
        .num_columns = 4,
        READ("audit_checkpoint_head",
            "checkpoint_id, chain, num_rows, last_hash",
            "checkpoint_id, chain"),
        USED("audit_checkpoint_head", "")},
    ONE("audit_checkpoint_end", 4, "id, num, at_us, last_hash", "num <> 0",
        "num = $2, at_us = $3, last_hash = $4"),
    ONE("clock", 3, "id, epoch, latest_us", "epoch <> 0 OR latest_us <> 0",
        "epoch = $2, latest_us = $3"),
    ONE("sandbox", 2, "id, was", "was <> 0", "was = $2"),
};
