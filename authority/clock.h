/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the time that a case is decided by, and writing it into the store
 *
 * For the files of authority/ alone. All block (disk).
 */
#ifndef TRIVET_AUTHORITY_CLOCK_H
#define TRIVET_AUTHORITY_CLOCK_H

#include "authority/case.h"

/* The time to decide by, of a store that is open. The second does not read the
 * store's clock again while the store has the same version. */
TRIVET_MUST_USE enum trivet_status trivet_authority_take_time(
    struct trivet_authority *authority, int64_t *out_now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_authority_take_time_of(
    struct trivet_authority *authority, int64_t version, int64_t *out_now_us,
    struct trivet_error *err);

/* Tells the store of the time: in the transaction that is open in c->store; in
 * one of its own when the case is refused because something has ended, so that
 * it stays ended. */
TRIVET_MUST_USE enum trivet_status trivet_case_keep_time(struct trivet_case *c);
void trivet_case_note_end(struct trivet_case *c);

/* Writes the time of this request into the store, in a transaction of its own.
 * Waits 100 ms for the write lock; what cannot be written is lost. */
void trivet_authority_write_time(struct trivet_authority *authority);

/* The machine's own clock, for what the world outside knows the time of: files,
 * certificates. */
int64_t trivet_authority_true_us(const struct trivet_authority_config *config);

#endif
