/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.h - all that a store has, put into another one
 *
 * Of SQLite into a database that takes many rows at once. Failures and threads:
 * as store.h.
 */
#ifndef TRIVET_STORE_COPY_H
#define TRIVET_STORE_COPY_H

#include "crypto/digest.h"
#include "store/store.h"

/* A table, as it was read in one of the stores. */
struct trivet_copy_side {
    int64_t num_rows;
    unsigned char digest[TRIVET_DIGEST_LEN]; /* of all its values, in order */
};

struct trivet_copied {
    const char *table;
    bool is_made; /* by the target, from the other tables */
    bool is_same;
    struct trivet_copy_side source;
    struct trivet_copy_side target;
};

typedef void (*trivet_copied_fn)(
    void *user, const struct trivet_copied *copied);

/* Begins the transaction of the target. TRIVET_E_USAGE when its database cannot
 * be copied into; TRIVET_E_CONFLICT when it is not empty. */
TRIVET_MUST_USE enum trivet_status trivet_store_begin_copy(
    struct trivet_store *target, struct trivet_error *err);

/*
 * Copies every table, with its ids, and has new ids begin behind the highest
 * that was ever given. Then reads all tables of the target, and calls on_copied
 * for each. Both stores are in a transaction; the caller commits the target's,
 * or not.
 *
 * TRIVET_E_CONFLICT   the target refused a row.
 * TRIVET_E_UNTRUSTED  a table is not the same in both; on_copied told which.
 * TRIVET_E_LIMIT      the target does not take a value.
 */
TRIVET_MUST_USE enum trivet_status trivet_store_copy(
    struct trivet_store *source, struct trivet_store *target,
    trivet_copied_fn on_copied, void *user, struct trivet_error *err);

#endif
