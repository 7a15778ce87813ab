/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction.h - transactions, as the store's own files use them
 *
 *   begin, commit, rollback  a transaction (store.h)
 *   enter, leave             a part of the open transaction, or else a
 *                            transaction of its own
 *   mark, keep, undo         a part of the open transaction that can be undone
 *                            by itself; one at a time
 */
#ifndef TRIVET_STORE_TRANSACTION_H
#define TRIVET_STORE_TRANSACTION_H

#include <stdbool.h>

#include "store/store.h"

struct trivet_statement;

/* trivet_store_begin, by another statement than the driver's usual one. */
TRIVET_MUST_USE enum trivet_status trivet_store_begin_with(
    struct trivet_store *store, const struct trivet_statement *begin,
    struct trivet_error *err);

/* Begins a transaction when none is open. Then leave with what became of the
 * work: an own transaction is committed, or rolled back when the work failed.
 * Returns status, or the failure of the commit. */
TRIVET_MUST_USE enum trivet_status trivet_store_enter(
    struct trivet_store *store, bool *out_is_own, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_leave(
    struct trivet_store *store, bool is_own, enum trivet_status status,
    struct trivet_error *err);

/* Sets a savepoint; then either keeps what was done since, as a part of the
 * transaction, or undoes it. is_first: nothing else is in the transaction. If
 * not, what follows waits no more than a moment for rows that others hold
 * (TRIVET_E_AGAIN). */
TRIVET_MUST_USE enum trivet_status trivet_store_mark(
    struct trivet_store *store, bool is_first, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_keep(
    struct trivet_store *store, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_undo(
    struct trivet_store *store, struct trivet_error *err);

#endif
