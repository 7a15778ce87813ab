/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the latest time that was seen with the store
 *
 * The machine's clock may go back: it is corrected, or a virtual machine is
 * restored. What had ended must not live again then, so the store keeps the
 * latest time that anybody saw, and all decide by the later of the two
 * (authority/seen.h). Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_CLOCK_H
#define TRIVET_STORE_NOUN_CLOCK_H

#include "store/store.h"

struct trivet_store_clock {
    int64_t epoch;       /* another one: an earlier time was accepted */
    int64_t latest_us;   /* since 1970; 0: none was seen yet          */
    int64_t database_us; /* what the database's own clock says; 0: it has none,
                            and the machine's is its clock too */
};

TRIVET_MUST_USE enum trivet_status trivet_store_clock_get(
    struct trivet_store *store, struct trivet_store_clock *out,
    struct trivet_error *err);

/* Keeps at_us, if it is later than what is kept and epoch is still the store's;
 * else nothing happens. The audit has no row of it. */
TRIVET_MUST_USE enum trivet_status trivet_store_clock_note(
    struct trivet_store *store, int64_t epoch, int64_t at_us,
    struct trivet_error *err);

/*
 * An operator says that at_us is right, though a later time was seen: it is the
 * latest from now on. offset_us: how far a sandbox's own clock is ahead of that
 * (else 0). Sessions that began later begin now, and the time that unused API
 * keys of later have is counted from now: otherwise they would live for as long
 * as the clock was ahead. *out_back_us: how far the time went back; 0, and
 * nothing happened, when at_us is no earlier than the latest. The audit has a
 * row.
 */
TRIVET_MUST_USE enum trivet_status trivet_store_clock_accept(
    struct trivet_store *store, int64_t at_us, int64_t offset_us,
    int64_t *out_back_us, struct trivet_error *err);

#endif
