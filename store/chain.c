/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c - the chain of the audit log that a handle's changes are appended to
 */
#include "store/chain.h"

#include <stdio.h>

#include "store/handle.h"
#include "store/row.h"
#include "store/value.h"

/* ---- names ------------------------------------------------------------- */

bool
trivet_chain_is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t len = strlen(name);

    return len > 0 && len < TRIVET_MAX_CHAIN && strspn(name, allowed) == len;
}

void
trivet_store_use_chain(struct trivet_store *store, const char *name)
{
    (void) snprintf(store->chain, sizeof store->chain, "%s", name);
}

enum trivet_status
trivet_chain_start(const char *name, unsigned char out[TRIVET_DIGEST_LEN])
{
    if (strcmp(name, TRIVET_CHAIN_MAIN) == 0) {
        memset(out, 0, TRIVET_DIGEST_LEN);
        return TRIVET_OK;
    }

    return trivet_sha256(trivet_slice_text(name), out);
}

/* ---- the end ----------------------------------------------------------- */

static const struct trivet_field fields[] = {
    FIELD(struct trivet_audit_head, num_rows, INTEGER),
    FIELD(struct trivet_audit_head, hash, BYTES),
};

static const struct trivet_statement link_sql = {.name = "chain.link",
    .sql = "UPDATE audit_head SET num_rows = $1, last_hash = $2"
           " WHERE chain = $3"};

/* Before a commit: writes the end of the chain back, if rows were added. */
static enum trivet_status
link_end(struct trivet_store *store, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(store->end.head.num_rows),
        trivet_value_digest(store->end.head.hash),
        trivet_value_cstring(store->chain)};

    return store->end.is_changed
               ? RUN(store, &link_sql, params, NULL, NULL, err)
               : TRIVET_OK;
}

/* An update, so that a database that lets several write at once makes those of
 * one chain wait here for each other: every row follows the one before it. */
static const struct trivet_statement take_sql = {.name = "chain.take",
    .sql = "UPDATE audit_head SET num_rows = num_rows WHERE chain = $1"
           " RETURNING num_rows, last_hash",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "SELECT num_rows, last_hash FROM audit_head"
                   " WHERE chain = $1 FOR UPDATE"}};

/* A chain that was there once does not begin anew. */
static const struct trivet_statement make_sql = {.name = "chain.make",
    .sql = "INSERT INTO audit_head (chain, num_rows, last_hash)"
           " SELECT $1, 0, $2 WHERE NOT EXISTS"
           " (SELECT 1 FROM audit WHERE chain = $1) AND NOT EXISTS"
           " (SELECT 1 FROM audit_checkpoint_head WHERE chain = $1)"
           " ON CONFLICT (chain) DO NOTHING"};

static enum trivet_status
make_chain(struct trivet_store *store, struct trivet_error *err)
{
    unsigned char start[TRIVET_DIGEST_LEN];
    const struct trivet_value params[] = {
        trivet_value_cstring(store->chain), trivet_value_digest(start)};

    if (trivet_chain_start(store->chain, start) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "store.chain", "a hash could not be made");
    }

    return RUN(store, &make_sql, params, NULL, NULL, err);
}

enum trivet_status
trivet_chain_take(struct trivet_store *store, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_cstring(store->chain)};
    enum trivet_status status;

    if (store->end.is_taken) {
        return TRIVET_OK;
    }

    status = GET(store, &take_sql, params, fields, &store->end.head, err);
    if (status == TRIVET_E_NOT_FOUND) {
        TRIVET_TRY(make_chain(store, err));
        status = GET(store, &take_sql, params, fields, &store->end.head, err);
    }
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.chain",
            "the end of the audit chain %s is missing: trivet audit verify",
            store->chain);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    store->end.is_taken = true;
    store->before_commit = link_end;
    return TRIVET_OK;
}
