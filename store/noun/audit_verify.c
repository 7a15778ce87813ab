/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_verify.c - whether all chains of the audit log are whole
 *
 * First the checkpoints, which are a chain of their own; then each chain of
 * rows, beside its head and what checkpoints say of it. What others append
 * meanwhile is seen in all of these or in none: one statement reads them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/chain.h"
#include "store/noun/audit_hash.h"
#include "store/noun/audit_walk.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

static enum trivet_status
fail(enum trivet_status status, struct trivet_error *err)
{
    return status == TRIVET_E_MEMORY
               ? trivet_error_set(err, status, "store.audit", "out of memory")
               : trivet_error_set(
                   err, status, "store.audit", "a hash could not be made");
}

/* ---- rows of one chain ------------------------------------------------- */

/* The head first; then rows and what checkpoints say of rows, those of the same
 * number in any order. */
static const struct trivet_statement chain_sql = {.name = "audit.chain",
    .sql = "SELECT " TRIVET_AUDIT_COLUMNS ", CAST(0 AS BIGINT) AS checkpoint,"
           " id AS position"
           " FROM audit WHERE chain = $1 UNION ALL"
           " SELECT num_rows, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
           " NULL, NULL, NULL, last_hash, checkpoint_id, num_rows"
           " FROM audit_checkpoint_head WHERE chain = $1 UNION ALL"
           " SELECT num_rows, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
           " NULL, NULL, NULL, last_hash, CAST(-1 AS BIGINT),"
           " CAST(-9223372036854775807 AS BIGINT)"
           " FROM audit_head WHERE chain = $1 ORDER BY position"};

enum { COLUMN_OF_CHECKPOINT = NUM_AUDIT_COLUMNS };

/* What a checkpoint says of a row that was not read yet. */
struct claim {
    int64_t checkpoint; /* 0: none */
    struct trivet_audit_head head;
};

struct chain {
    struct trivet_audit_walk *walk;
    const char *name;
    const struct trivet_audit_note *noted; /* NULL: none */

    bool has_head;
    struct trivet_audit_head head; /* as the table of it says    */
    struct trivet_audit_head seen; /* the last row, and its hash */
    struct claim claim;
    bool is_noted_seen;
    bool is_sound;   /* no fault was told of a row yet                   */
    int64_t covered; /* the last row that a checkpoint says something of */
};

static void
blame_row(struct chain *chain, enum trivet_audit_fault_kind kind, int64_t first,
    int64_t last)
{
    trivet_walk_tell(chain->walk, kind, chain->name, first, last);
    chain->is_sound = false;
}

/* Those between the last one and id. */
static void
check_gap(struct chain *chain, int64_t id)
{
    if (chain->seen.num_rows < id - 1) {
        blame_row(
            chain, TRIVET_AUDIT_ROWS_MISSING, chain->seen.num_rows + 1, id - 1);
    }
}

/* The row that it is about was read, or is not there: then whatever comes next
 * tells of the gap. */
static void
settle_claim(struct chain *chain)
{
    struct claim claim = chain->claim;
    bool is_there = claim.head.num_rows == chain->seen.num_rows;

    if (claim.checkpoint == 0) {
        return;
    }

    chain->claim.checkpoint = 0;
    if (!is_there || !chain->is_sound) {
        trivet_walk_break(chain->walk, claim.checkpoint);
    } else if (memcmp(claim.head.hash, chain->seen.hash, TRIVET_DIGEST_LEN)
               != 0) {
        trivet_walk_tell(chain->walk, TRIVET_AUDIT_NOT_AS_SIGNED, chain->name,
            claim.head.num_rows, claim.head.num_rows);
        trivet_walk_break(chain->walk, claim.checkpoint);
    }
}

/* One row against the one that was before it. What it follows is not known
 * behind a gap, which was told already. */
static void
check_row(struct chain *chain, const struct trivet_value *columns)
{
    int64_t id = columns[COLUMN_ID].integer;
    bool follows = id == chain->seen.num_rows + 1;
    unsigned char hash[TRIVET_DIGEST_LEN];

    if (id < 1 || (chain->has_head && id > chain->head.num_rows)) {
        blame_row(chain, TRIVET_AUDIT_ROW_ADDED, id, id);
        return;
    }
    check_gap(chain, id);
    if (id > chain->claim.head.num_rows) {
        settle_claim(chain);
    }

    if (trivet_audit_hash_row(
            chain->walk->digest, chain->seen.hash, columns, hash)
        != TRIVET_OK)
    {
        chain->walk->status = TRIVET_E_CRYPTO;
        return;
    }
    if (follows && !trivet_walk_is_hash(&columns[COLUMN_HASH], hash)) {
        blame_row(chain, TRIVET_AUDIT_ROW_CHANGED, id, id);
    }
    if (chain->noted != NULL && chain->noted->head.num_rows == id) {
        chain->is_noted_seen =
            trivet_walk_is_hash(&columns[COLUMN_HASH], chain->noted->head.hash);
    }

    /* Go on from what it says, so that one change is told once. */
    chain->seen.num_rows = id;
    trivet_walk_take_hash(&columns[COLUMN_HASH], chain->seen.hash);
    if (id == chain->claim.head.num_rows) {
        settle_claim(chain);
    }
}

static void
take_claim(struct chain *chain, const struct trivet_value *columns)
{
    settle_claim(chain);

    chain->claim.checkpoint = columns[COLUMN_OF_CHECKPOINT].integer;
    chain->claim.head.num_rows = columns[COLUMN_ID].integer;
    memset(chain->claim.head.hash, 0, TRIVET_DIGEST_LEN);
    trivet_walk_take_hash(&columns[COLUMN_HASH], chain->claim.head.hash);
    chain->covered = chain->claim.head.num_rows;
    if (chain->covered == chain->seen.num_rows) {
        settle_claim(chain);
    }
}

static void
take_row(void *opaque, const struct trivet_value *columns)
{
    struct chain *chain = opaque;
    int64_t checkpoint = columns[COLUMN_OF_CHECKPOINT].integer;

    if (checkpoint > 0) {
        take_claim(chain, columns);
    } else if (checkpoint == 0) {
        check_row(chain, columns);
    } else {
        chain->has_head = true;
        chain->head.num_rows = columns[COLUMN_ID].integer;
        trivet_walk_take_hash(&columns[COLUMN_HASH], chain->head.hash);
    }
}

static void
check_end(struct chain *chain)
{
    const struct trivet_audit_head *head = &chain->head;
    const struct trivet_audit_note *noted = chain->noted;
    int64_t end = head->num_rows;

    settle_claim(chain);
    if (end < chain->covered) {
        end = chain->covered;
    }

    if (!chain->has_head && chain->seen.num_rows == 0) {
        blame_row(chain, TRIVET_AUDIT_CHAIN_MISSING, 1, chain->covered);
    } else if (!chain->has_head) {
        blame_row(chain, TRIVET_AUDIT_HEAD_MISSING, 0, 0);
    } else if (chain->seen.num_rows < end) {
        check_gap(chain, end + 1);
    } else if (memcmp(chain->seen.hash, head->hash, TRIVET_DIGEST_LEN) != 0) {
        blame_row(
            chain, TRIVET_AUDIT_HEAD_WRONG, head->num_rows, head->num_rows);
    }

    if (noted != NULL && !chain->is_noted_seen && noted->head.num_rows != 0) {
        blame_row(chain, TRIVET_AUDIT_NOT_AS_NOTED, noted->head.num_rows,
            noted->head.num_rows);
    }
}

static void
report_chain(const struct chain *chain)
{
    const struct trivet_audit_inquiry *inquiry = chain->walk->inquiry;
    struct trivet_audit_report *report = chain->walk->report;

    report->num_chains++;
    report->num_rows += chain->head.num_rows;
    if (chain->head.num_rows > chain->covered) {
        report->num_behind += chain->head.num_rows - chain->covered;
    }
    if (inquiry->on_chain != NULL) {
        inquiry->on_chain(inquiry->user, chain->name, &chain->head);
    }
}

static enum trivet_status
walk_chain(struct trivet_store *store, struct trivet_audit_walk *walk,
    const char *name, struct trivet_error *err)
{
    const struct trivet_audit_inquiry *inquiry = walk->inquiry;
    const struct trivet_value params[] = {trivet_value_cstring(name)};
    struct chain chain = {.walk = walk, .name = name, .is_sound = true};

    for (size_t i = 0; i < inquiry->num_heads; i++) {
        if (strcmp(inquiry->heads[i].chain, name) == 0) {
            chain.noted = &inquiry->heads[i];
        }
    }
    TRIVET_TRY(trivet_chain_start(name, chain.seen.hash));
    TRIVET_TRY(LIST(store, &chain_sql, params, take_row, &chain, err));

    check_end(&chain);
    report_chain(&chain);
    return walk->status;
}

/* ---- all of them -------------------------------------------------------- */

static const struct trivet_statement names_sql = {.name = "audit.names",
    .sql = TRIVET_AUDIT_CHAINS
    "SELECT chain FROM of_rows WHERE chain IS NOT NULL"
    " UNION SELECT chain FROM audit_head"
    " UNION SELECT chain FROM audit_checkpoint_head ORDER BY 1"};

struct names {
    char (*all)[TRIVET_MAX_CHAIN];
    size_t num;
    size_t cap;
    bool has_failed; /* out of memory */
};

static void
take_name(void *opaque, const struct trivet_value *columns)
{
    struct names *names = opaque;
    struct trivet_slice text = columns[0].bytes;

    if (names->num == names->cap) {
        size_t cap = names->cap == 0 ? 8 : 2 * names->cap;
        void *all = realloc(names->all, cap * sizeof *names->all);

        if (all == NULL) {
            names->has_failed = true;
            return;
        }
        names->all = all;
        names->cap = cap;
    }

    (void) snprintf(names->all[names->num++], TRIVET_MAX_CHAIN, "%.*s",
        (int) text.len, (const char *) text.data);
}

static bool
has_name(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->num; i++) {
        if (strcmp(names->all[i], name) == 0) {
            return true;
        }
    }

    return false;
}

/* A chain that was noted, of which nothing is left. */
static void
check_notes(struct trivet_audit_walk *walk, const struct names *names)
{
    const struct trivet_audit_inquiry *inquiry = walk->inquiry;

    for (size_t i = 0; i < inquiry->num_heads; i++) {
        const struct trivet_audit_note *note = &inquiry->heads[i];

        if (!has_name(names, note->chain) && note->head.num_rows != 0) {
            trivet_walk_tell(walk, TRIVET_AUDIT_NOT_AS_NOTED, note->chain,
                note->head.num_rows, note->head.num_rows);
        }
    }
}

static enum trivet_status
walk_chains(struct trivet_store *store, struct trivet_audit_walk *walk,
    struct names *names, struct trivet_error *err)
{
    TRIVET_TRY(
        trivet_store_list(store, &names_sql, NULL, 0, take_name, names, err));
    if (names->has_failed) {
        return fail(TRIVET_E_MEMORY, err);
    }

    for (size_t i = 0; i < names->num; i++) {
        TRIVET_TRY(walk_chain(store, walk, names->all[i], err));
    }
    check_notes(walk, names);

    return TRIVET_OK;
}

static const struct trivet_statement at_sql = {.name = "audit.checkpoint-at",
    .sql = "SELECT at_us FROM audit_checkpoint WHERE id = $1"};

/* Up to where all is whole. */
static enum trivet_status
find_whole(struct trivet_store *store, const struct trivet_audit_walk *walk,
    struct trivet_error *err)
{
    struct trivet_audit_report *report = walk->report;
    struct trivet_value params[1];

    report->whole_until = report->checkpoint.num_rows;
    if (walk->broken != 0 && walk->broken <= report->whole_until) {
        report->whole_until = walk->broken - 1;
    }
    if (report->whole_until == 0) {
        return TRIVET_OK;
    }

    params[0] = trivet_value_integer(report->whole_until);
    return RUN_FOR_ID(store, &at_sql, params, &report->whole_at_us, err);
}

static enum trivet_status
walk_all(struct trivet_store *store, struct trivet_audit_walk *walk,
    struct names *names, struct trivet_error *err)
{
    if (walk->digest == NULL) {
        return fail(TRIVET_E_MEMORY, err);
    }

    TRIVET_TRY(trivet_walk_checkpoints(store, walk, err));
    TRIVET_TRY(walk_chains(store, walk, names, err));

    return find_whole(store, walk, err);
}

enum trivet_status
trivet_store_audit_verify(struct trivet_store *store,
    const struct trivet_audit_inquiry *inquiry, struct trivet_audit_report *out,
    struct trivet_error *err)
{
    struct names names = {.num = 0};
    struct trivet_audit_walk walk = {
        .inquiry = inquiry, .report = out, .digest = trivet_digest_new()};
    enum trivet_status status;

    memset(out, 0, sizeof *out);
    status = walk_all(store, &walk, &names, err);
    if (walk.status != TRIVET_OK) {
        status = fail(walk.status, err);
    }

    free(names.all);
    trivet_digest_free(walk.digest);
    return status;
}

static const struct trivet_statement *const statements[] = {
    &chain_sql,
    &names_sql,
    &at_sql,
};
const struct trivet_statements trivet_audit_verify_statements =
    TRIVET_STATEMENTS(statements);
