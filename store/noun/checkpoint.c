/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c - the ends of all chains of the audit log, signed together */
#include "store/noun/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "store/handle.h"
#include "store/noun/audit_hash.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/transaction.h"
#include "store/value.h"

void
trivet_checkpoint_release(struct trivet_checkpoint *checkpoint)
{
    free(checkpoint->heads);
    checkpoint->heads = NULL;
    checkpoint->num_heads = 0;
}

/* ---- what is signed ---------------------------------------------------- */

static void
add_head(
    struct trivet_digest *digest, const struct trivet_checkpoint_head *head)
{
    const struct trivet_value values[] = {trivet_value_cstring(head->chain),
        trivet_value_integer(head->head.num_rows),
        trivet_value_digest(head->head.hash)};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        trivet_audit_add(digest, &values[i]);
    }
}

static enum trivet_status
hash_checkpoint(struct trivet_checkpoint *checkpoint, struct trivet_error *err)
{
    const struct trivet_value values[] = {trivet_value_integer(checkpoint->id),
        trivet_value_integer(checkpoint->at_us),
        trivet_value_integer(checkpoint->server_key_id)};
    struct trivet_digest *digest = trivet_digest_new();
    enum trivet_status status;

    if (digest == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.checkpoint", "out of memory");
    }

    trivet_digest_start(digest);
    trivet_digest_add(
        digest, trivet_slice_make(checkpoint->before, TRIVET_DIGEST_LEN));
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        trivet_audit_add(digest, &values[i]);
    }
    for (size_t i = 0; i < checkpoint->num_heads; i++) {
        add_head(digest, &checkpoint->heads[i]);
    }
    status = trivet_digest_finish(digest, checkpoint->hash);
    trivet_digest_free(digest);

    return status;
}

void
trivet_checkpoint_statement(int64_t id,
    const unsigned char hash[TRIVET_DIGEST_LEN],
    char out[TRIVET_MAX_CHECKPOINT_STATEMENT])
{
    char hex[2 * TRIVET_DIGEST_LEN + 1] = "";

    trivet_hex_encode(trivet_slice_make(hash, TRIVET_DIGEST_LEN), hex);
    (void) snprintf(out, TRIVET_MAX_CHECKPOINT_STATEMENT,
        "trivet audit checkpoint\n%lld\n%s\n", (long long) id, hex);
}

/* ---- drafting ---------------------------------------------------------- */

/* One statement, so that all heads are of one moment. Of each chain the last
 * checkpoint that names it is found by an index. */
static const struct trivet_statement moved_sql = {.name = "checkpoint.moved",
    .sql = "SELECT e.num, e.at_us, e.last_hash, h.chain, h.num_rows,"
           " h.last_hash FROM audit_checkpoint_end e LEFT JOIN audit_head h"
           " ON h.num_rows > COALESCE((SELECT MAX(c.num_rows)"
           " FROM audit_checkpoint_head c WHERE c.chain = h.chain), 0)"
           " WHERE e.id = 1 ORDER BY h.chain"};

enum { COLUMN_MOVED = 3 };

static const struct trivet_field end_fields[] = {
    FIELD(struct trivet_checkpoint, id, INTEGER),
    FIELD(struct trivet_checkpoint, last_at_us, INTEGER),
    FIELD(struct trivet_checkpoint, before, BYTES),
};

static const struct trivet_field head_fields[] = {
    FIELD(struct trivet_checkpoint_head, chain, TEXT),
    FIELD(struct trivet_checkpoint_head, head.num_rows, INTEGER),
    FIELD(struct trivet_checkpoint_head, head.hash, BYTES),
};

struct drafting {
    struct trivet_checkpoint *checkpoint;
    size_t cap;
    bool has_end;
    bool has_failed; /* out of memory */
};

static bool
make_room(struct drafting *drafting)
{
    struct trivet_checkpoint *checkpoint = drafting->checkpoint;
    size_t cap = drafting->cap == 0 ? 8 : 2 * drafting->cap;
    struct trivet_checkpoint_head *heads;

    if (checkpoint->num_heads < drafting->cap) {
        return true;
    }

    heads = realloc(checkpoint->heads, cap * sizeof *heads);
    if (heads == NULL) {
        drafting->has_failed = true;
        return false;
    }

    checkpoint->heads = heads;
    drafting->cap = cap;
    return true;
}

static void
take_head(void *opaque, const struct trivet_value *columns)
{
    struct drafting *drafting = opaque;
    struct trivet_checkpoint *checkpoint = drafting->checkpoint;

    drafting->has_end = true;
    READ(end_fields, columns, checkpoint);
    if (columns[COLUMN_MOVED].kind == TRIVET_VALUE_NULL || !make_room(drafting))
    {
        return;
    }

    READ(head_fields, &columns[COLUMN_MOVED],
        &checkpoint->heads[checkpoint->num_heads]);
    checkpoint->num_heads++;
}

enum trivet_status
trivet_store_checkpoint_draft(struct trivet_store *store, int64_t server_key_id,
    int64_t at_us, struct trivet_checkpoint *out, struct trivet_error *err)
{
    struct drafting drafting = {.checkpoint = out};

    memset(out, 0, sizeof *out);
    TRIVET_TRY(trivet_store_list(
        store, &moved_sql, NULL, 0, take_head, &drafting, err));

    if (drafting.has_failed) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.checkpoint", "out of memory");
    }
    if (!drafting.has_end) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.checkpoint",
            "audit_checkpoint_end is empty: trivet audit verify");
    }

    out->id++;
    out->at_us = at_us;
    out->server_key_id = server_key_id;
    return hash_checkpoint(out, err);
}

/* ---- writing ----------------------------------------------------------- */

static const struct trivet_statement end_sql = {.name = "checkpoint.end",
    .sql = "UPDATE audit_checkpoint_end SET num = $1, at_us = $2,"
           " last_hash = $3 WHERE id = 1 AND num = $1 - 1 AND last_hash = $4"
           " RETURNING num"};
static const struct trivet_statement put_sql = {.name = "checkpoint.put",
    .sql = "INSERT INTO audit_checkpoint (id, at_us, server_key_id, hash,"
           " signature) VALUES ($1, $2, $3, $4, $5)"};
static const struct trivet_statement put_head_sql = {
    .name = "checkpoint.put-head",
    .sql = "INSERT INTO audit_checkpoint_head (checkpoint_id, chain, num_rows,"
           " last_hash) VALUES ($1, $2, $3, $4)"};

/* The row of the end is what gateways wait for: one of them goes on. */
static enum trivet_status
move_end(struct trivet_store *store, const struct trivet_checkpoint *checkpoint,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(checkpoint->id),
        trivet_value_integer(checkpoint->at_us),
        trivet_value_digest(checkpoint->hash),
        trivet_value_digest(checkpoint->before)};
    int64_t num;
    enum trivet_status status = RUN_FOR_ID(store, &end_sql, params, &num, err);

    return status == TRIVET_E_NOT_FOUND || status == TRIVET_E_AGAIN
               ? TRIVET_E_CONFLICT
               : status;
}

static enum trivet_status
put_all(struct trivet_store *store, const struct trivet_checkpoint *checkpoint,
    const unsigned char signature[TRIVET_SIGNATURE_LEN],
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(checkpoint->id),
        trivet_value_integer(checkpoint->at_us),
        trivet_value_integer(checkpoint->server_key_id),
        trivet_value_digest(checkpoint->hash),
        trivet_value_blob(signature, TRIVET_SIGNATURE_LEN)};

    TRIVET_TRY(move_end(store, checkpoint, err));
    TRIVET_TRY(RUN(store, &put_sql, params, NULL, NULL, err));

    for (size_t i = 0; i < checkpoint->num_heads; i++) {
        const struct trivet_checkpoint_head *head = &checkpoint->heads[i];
        const struct trivet_value values[] = {params[0],
            trivet_value_cstring(head->chain),
            trivet_value_integer(head->head.num_rows),
            trivet_value_digest(head->head.hash)};

        TRIVET_TRY(RUN(store, &put_head_sql, values, NULL, NULL, err));
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_store_checkpoint_put(struct trivet_store *store,
    const struct trivet_checkpoint *checkpoint,
    const unsigned char signature[TRIVET_SIGNATURE_LEN],
    struct trivet_error *err)
{
    TRIVET_TRY(trivet_store_begin_with(store, store->driver->begin, err));

    return trivet_store_leave(
        store, true, put_all(store, checkpoint, signature, err), err);
}

static const struct trivet_statement *const statements[] = {
    &moved_sql,
    &end_sql,
    &put_sql,
    &put_head_sql,
};
const struct trivet_statements trivet_checkpoint_statements =
    TRIVET_STATEMENTS(statements);
