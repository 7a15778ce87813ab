/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the time that a case is decided by, and writing it into the store
 *
 * Of a store that several gateways use, the database's clock counts: the
 * machine's is used to go on from what it said. For the files of authority/
 * alone. All that have an error block (disk), where nothing else is said.
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

/* The same by what was read of the store lately. TRIVET_E_UNAVAILABLE: the
 * machine's clock is too far off. Does not block. */
TRIVET_MUST_USE enum trivet_status trivet_authority_take_time_by(
    struct trivet_authority *authority,
    const struct trivet_list_reading *reading, int64_t *out_now_us,
    struct trivet_error *err);

/* How far the database's clock is ahead of the machine's, and by how much that
 * may be wrong: half of what it took to ask. */
struct trivet_distance {
    int64_t us;
    int64_t doubt_us;
};

/* before, after: the machine's clock, around the asking. */
struct trivet_distance trivet_distance_measure(
    int64_t before_us, int64_t database_us, int64_t after_us);

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
