/* SPDX-License-Identifier: Apache-2.0 */
/* psp.c - which user is a payment service provider */
#include "store/noun/psp.h"

#include "store/noun/audit.h"
#include "store/noun/statements.h"
#include "store/value.h"

static const struct trivet_statement find_sql = {
    .name = "psp.find", .sql = "SELECT id FROM users WHERE psp_identity = $1"};

enum trivet_status
trivet_store_psp_find(struct trivet_store *store,
    const unsigned char digest[TRIVET_DIGEST_LEN], int64_t *out_user_id,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_digest(digest)};

    return RUN_FOR_ID(store, &find_sql, params, out_user_id, err);
}

/* The common name is a part of the name that the digest is of, and was kept by
 * itself: it shows where that part ended. */
static const struct trivet_statement find_by_shown_sql = {
    .name = "psp.find-by-shown",
    .sql = "SELECT id FROM users WHERE psp_digest = $1"
           " AND psp_identity IS NULL AND display_name = $2"};

enum trivet_status
trivet_store_psp_find_by_shown(struct trivet_store *store,
    const unsigned char shown_digest[TRIVET_DIGEST_LEN],
    const char *common_name, int64_t *out_user_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_digest(shown_digest), trivet_value_cstring(common_name)};

    return RUN_FOR_ID(store, &find_by_shown_sql, params, out_user_id, err);
}

static const struct trivet_statement put_sql = {.name = "psp.put",
    .sql = "UPDATE users SET psp_identity = $2, psp_digest = NULL,"
           " distinguished_name = $3 WHERE id = $1 AND psp_identity IS NULL"
           " RETURNING id"};

enum trivet_status
trivet_store_psp_put(struct trivet_store *store, int64_t user_id,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const char *distinguished_name, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(user_id),
        trivet_value_digest(digest), trivet_value_cstring(distinguished_name)};
    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_USER_CERTIFIED, .user_id = user_id};

    enum trivet_status status =
        CHANGE(store, &put_sql, params, &user_id, &entry, now_us, err);

    /* Another gateway has met the provider at the same time. */
    return status == TRIVET_E_CONFLICT || status == TRIVET_E_NOT_FOUND
               ? TRIVET_E_AGAIN
               : status;
}

static const struct trivet_statement *const statements[] = {
    &find_sql,
    &find_by_shown_sql,
    &put_sql,
};
const struct trivet_statements trivet_psp_statements =
    TRIVET_STATEMENTS(statements);
