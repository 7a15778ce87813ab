/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint_verify.c - whether the checkpoints of the audit log are whole */
#include "crypto/statement.h"
#include "store/noun/audit_hash.h"
#include "store/noun/audit_walk.h"
#include "store/noun/checkpoint.h"
#include "store/noun/statements.h"
#include "store/row.h"

/* The end comes with every row; a checkpoint with each of its heads, and once
 * with none when it has none. */
static const struct trivet_statement checkpoints_sql = {
    .name = "audit.checkpoints",
    .sql = "SELECT e.num, e.last_hash, c.id, c.at_us, c.server_key_id, c.hash,"
           " c.signature, y.public_der, h.chain, h.num_rows, h.last_hash"
           " FROM audit_checkpoint_end e"
           " LEFT JOIN audit_checkpoint c ON c.id IS NOT NULL"
           " LEFT JOIN audit_checkpoint_head h ON h.checkpoint_id = c.id"
           " LEFT JOIN server_key y ON y.id = c.server_key_id"
           " WHERE e.id = 1 ORDER BY c.id, h.chain"};

enum {
    COLUMN_END_NUM,
    COLUMN_END_HASH,
    COLUMN_CHECKPOINT,
    COLUMN_CHECKPOINT_AT,
    COLUMN_CHECKPOINT_KEY,
    COLUMN_CHECKPOINT_HASH,
    COLUMN_SIGNATURE,
    COLUMN_PUBLIC,
    COLUMN_CHAIN, /* and what else a head has */
    NUM_CHECKPOINT_COLUMNS = COLUMN_CHAIN + 3
};

static const struct trivet_field end_fields[] = {
    FIELD(struct trivet_audit_head, num_rows, INTEGER),
    FIELD(struct trivet_audit_head, hash, BYTES),
};

/* The checkpoint that is being read, and the one before. */
struct checkpoint {
    bool is_begun; /* one is being read */
    int64_t id;
    int64_t at_us;
    unsigned char hash[TRIVET_DIGEST_LEN]; /* as the table has it */
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    size_t signature_len;
    struct trivet_public_key key;
};

static const struct trivet_field checkpoint_fields[] = {
    FIELD(struct checkpoint, id, INTEGER),
    FIELD(struct checkpoint, at_us, INTEGER),
};
static const struct trivet_field key_fields[] = {
    FIELD(struct checkpoint, key, KEY),
};

struct checkpoints {
    struct trivet_audit_walk *walk;
    struct checkpoint now;
    bool has_end;
    struct trivet_audit_head end;  /* as the table of it says */
    struct trivet_audit_head seen; /* the last that was read  */
    bool is_noted_seen;
};

static void
blame(struct checkpoints *all, enum trivet_audit_fault_kind kind, int64_t first,
    int64_t last)
{
    trivet_walk_tell(all->walk, kind, "", first, last);
    trivet_walk_break(all->walk, first);
}

static bool
is_signed(const struct checkpoint *now)
{
    char statement[TRIVET_MAX_CHECKPOINT_STATEMENT];

    trivet_checkpoint_statement(now->id, now->hash, statement);

    return trivet_statement_is_signed(&now->key, trivet_slice_text(statement),
        trivet_slice_make(now->signature, now->signature_len));
}

static void
check_checkpoint(struct checkpoints *all, const unsigned char *hash)
{
    const struct trivet_audit_head *noted = all->walk->inquiry->checkpoint;
    const struct checkpoint *now = &all->now;

    if (now->id < 1 || now->id > all->end.num_rows) {
        blame(all, TRIVET_AUDIT_CHECKPOINT_ADDED, now->id, now->id);
        return;
    }
    if (now->id != all->seen.num_rows + 1) {
        blame(all, TRIVET_AUDIT_CHECKPOINTS_MISSING, all->seen.num_rows + 1,
            now->id - 1);
    } else if (memcmp(hash, now->hash, TRIVET_DIGEST_LEN) != 0) {
        blame(all, TRIVET_AUDIT_CHECKPOINT_CHANGED, now->id, now->id);
    }
    if (!is_signed(now)) {
        blame(all, TRIVET_AUDIT_CHECKPOINT_FORGED, now->id, now->id);
    }
    if (noted != NULL && noted->num_rows == now->id) {
        all->is_noted_seen =
            memcmp(noted->hash, now->hash, TRIVET_DIGEST_LEN) == 0;
    }
    /* Go on from what it says, so that one change is told once. */
    all->seen.num_rows = now->id;
    memcpy(all->seen.hash, now->hash, TRIVET_DIGEST_LEN);
}

/* All heads of it were read. */
static void
end_checkpoint(struct checkpoints *all)
{
    unsigned char hash[TRIVET_DIGEST_LEN];

    if (!all->now.is_begun) {
        return;
    }
    if (trivet_digest_finish(all->walk->digest, hash) != TRIVET_OK) {
        all->walk->status = TRIVET_E_CRYPTO;
        return;
    }

    check_checkpoint(all, hash);
}

static void
begin_checkpoint(struct checkpoints *all, const struct trivet_value *columns)
{
    struct checkpoint *now = &all->now;
    struct trivet_digest *digest = all->walk->digest;
    struct trivet_slice signature = columns[COLUMN_SIGNATURE].bytes;

    memset(now, 0, sizeof *now);
    now->is_begun = true;
    READ(checkpoint_fields, &columns[COLUMN_CHECKPOINT], now);
    READ(key_fields, &columns[COLUMN_PUBLIC], now);
    trivet_walk_take_hash(&columns[COLUMN_CHECKPOINT_HASH], now->hash);
    if (signature.len == sizeof now->signature) {
        memcpy(now->signature, signature.data, signature.len);
        now->signature_len = signature.len;
    }

    trivet_digest_start(digest);
    trivet_digest_add(
        digest, trivet_slice_make(all->seen.hash, TRIVET_DIGEST_LEN));
    for (size_t i = COLUMN_CHECKPOINT; i <= COLUMN_CHECKPOINT_KEY; i++) {
        trivet_audit_add(digest, &columns[i]);
    }
}

static void
take_checkpoint(void *opaque, const struct trivet_value *columns)
{
    struct checkpoints *all = opaque;

    all->has_end = true;
    READ(end_fields, columns, &all->end);
    if (columns[COLUMN_CHECKPOINT].kind != TRIVET_VALUE_INTEGER) {
        return;
    }

    if (!all->now.is_begun || all->now.id != columns[COLUMN_CHECKPOINT].integer)
    {
        end_checkpoint(all);
        begin_checkpoint(all, columns);
    }
    if (columns[COLUMN_CHAIN].kind != TRIVET_VALUE_NULL) {
        for (size_t i = COLUMN_CHAIN; i < NUM_CHECKPOINT_COLUMNS; i++) {
            trivet_audit_add(all->walk->digest, &columns[i]);
        }
    }
}

static void
check_checkpoint_end(struct checkpoints *all)
{
    const struct trivet_audit_head *noted = all->walk->inquiry->checkpoint;
    const struct trivet_audit_head *seen = &all->seen;
    const struct trivet_audit_head *end = &all->end;

    if (!all->has_end) {
        blame(all, TRIVET_AUDIT_CHECKPOINT_END_MISSING, 0, 0);
        return;
    }

    if (seen->num_rows < end->num_rows) {
        blame(all, TRIVET_AUDIT_CHECKPOINTS_MISSING, seen->num_rows + 1,
            end->num_rows);
    } else if (memcmp(seen->hash, end->hash, TRIVET_DIGEST_LEN) != 0) {
        blame(all, TRIVET_AUDIT_CHECKPOINT_END_WRONG, end->num_rows,
            end->num_rows);
    }
    if (noted != NULL && !all->is_noted_seen && noted->num_rows != 0) {
        blame(all, TRIVET_AUDIT_CHECKPOINT_NOT_AS_NOTED, noted->num_rows,
            noted->num_rows);
    }
}

enum trivet_status
trivet_walk_checkpoints(struct trivet_store *store,
    struct trivet_audit_walk *walk, struct trivet_error *err)
{
    struct checkpoints all = {.walk = walk};

    TRIVET_TRY(trivet_store_list(
        store, &checkpoints_sql, NULL, 0, take_checkpoint, &all, err));

    end_checkpoint(&all);
    check_checkpoint_end(&all);
    walk->report->checkpoint = all.end;
    return walk->status;
}

static const struct trivet_statement *const statements[] = {
    &checkpoints_sql,
};
const struct trivet_statements trivet_checkpoint_verify_statements =
    TRIVET_STATEMENTS(statements);
