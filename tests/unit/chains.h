/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chains.h - chains of the audit log with checkpoints, and what verifying them
 * finds
 *
 * Whoever includes it has included world.h.
 */
#ifndef TRIVET_TESTS_CHAINS_H
#define TRIVET_TESTS_CHAINS_H

#include "tests/unit/world.h"

#include "store/noun/audit.h"
#include "store/noun/checkpoint.h"

enum { MAX_FAULTS = 64 };

/* Kept as it is while more is found than a test looks at. */
static struct {
    enum trivet_audit_fault_kind kind;
    char chain[TRIVET_MAX_CHAIN];
    int64_t first;
    int64_t last;
} faults[MAX_FAULTS];
static size_t num_faults;
static struct trivet_audit_report report;

static inline void
keep_fault(void *user, const struct trivet_audit_fault *fault)
{
    (void) user;

    assert_true(num_faults < MAX_FAULTS);
    faults[num_faults].kind = fault->kind;
    faults[num_faults].first = fault->first;
    faults[num_faults].last = fault->last;
    (void) snprintf(
        faults[num_faults].chain, sizeof faults[0].chain, "%s", fault->chain);
    num_faults++;
}

static inline struct trivet_store *
open_store(const char *chain)
{
    struct trivet_store *store;

    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    if (chain != NULL) {
        trivet_store_use_chain(store, chain);
    }
    return store;
}

static inline size_t
inquire(const struct trivet_audit_note *noted,
    const struct trivet_audit_head *checkpoint)
{
    const struct trivet_audit_inquiry inquiry = {.heads = noted,
        .num_heads = noted == NULL ? 0 : 1,
        .checkpoint = checkpoint,
        .on_fault = keep_fault};
    struct trivet_store *store = open_store(NULL);

    num_faults = 0;
    assert_int_equal(
        trivet_store_audit_verify(store, &inquiry, &report, NULL), TRIVET_OK);
    trivet_store_close(store);
    return num_faults;
}

static inline size_t
verify(void)
{
    return inquire(NULL, NULL);
}

static inline void
assert_fault(size_t at, enum trivet_audit_fault_kind kind, const char *chain,
    int64_t first, int64_t last)
{
    assert_in_range(at + 1, 1, num_faults);
    assert_int_equal(faults[at].kind, kind);
    assert_string_equal(faults[at].chain, chain);
    assert_int_equal(faults[at].first, first);
    assert_int_equal(faults[at].last, last);
}

/* One fault, and up to which checkpoint all is whole. */
static inline void
assert_found(enum trivet_audit_fault_kind kind, const char *chain,
    int64_t first, int64_t last, int64_t whole_until)
{
    assert_int_equal(verify(), 1);
    assert_fault(0, kind, chain, first, last);
    assert_int_equal(report.whole_until, whole_until);
}

static inline void
checkpoint(void)
{
    assert_int_equal(
        trivet_authority_checkpoint(world.authority, 0, NULL), TRIVET_OK);
}

static inline int64_t
num_checkpoints(void)
{
    return operate("SELECT COUNT(*) FROM audit_checkpoint");
}

/* A row in a chain of its own. */
static inline void
write_to(const char *chain)
{
    struct trivet_store *store = open_store(chain);
    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_RESET};

    (void) snprintf(entry.detail, sizeof entry.detail, "of %s", chain);
    assert_int_equal(trivet_store_audit_put(store, &entry, 7, NULL), TRIVET_OK);
    trivet_store_close(store);
}

/* Three checkpoints: main has 8, 9 and 10 rows in them, south 2 in the first
 * and 3 in the last; each has a row more since. */
static inline void
fill(void)
{
    log_in(&ann);
    write_to("south");
    write_to("south");
    checkpoint();
    open_session_from(&ann, HOME);
    checkpoint();
    open_session_from(&ann, HOME);
    write_to("south");
    checkpoint();
    open_session_from(&ann, HOME);
    write_to("south");

    assert_int_equal(num_checkpoints(), 3);
    assert_int_equal(operate("SELECT COUNT(*) FROM audit_checkpoint_head"), 5);
    assert_int_equal(verify(), 0);
    assert_int_equal(report.num_rows, 15);
    assert_int_equal(report.num_chains, 2);
    assert_int_equal(report.num_behind, 2);
    assert_int_equal(report.checkpoint.num_rows, 3);
    assert_int_equal(report.whole_until, 3);
    assert_int_equal(report.whole_at_us, world.now_us);
}

#endif
