/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen.h - the latest time that this process has seen
 *
 * What has ended is decided by the later of two: the machine's clock, and the
 * latest time that was seen, here or by anybody with the same store
 * (store/noun/clock.h). While the clock is behind, the time stands still.
 *
 * The store is told rarely: with what is written anyway, when something is
 * refused because it has ended, and by a chore otherwise. One for the threads
 * of a process; all functions but the first two lock it for a moment.
 */
#ifndef TRIVET_AUTHORITY_SEEN_H
#define TRIVET_AUTHORITY_SEEN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/noun/clock.h"

/* How old what the store knows may be when something is asked. */
#define TRIVET_SEEN_LATELY_US (INT64_C(10) * 1000000)

struct trivet_seen {
    pthread_mutex_t lock; /* of the rest; microseconds since 1970 */
    int64_t epoch;        /* of the store's clock, as it was read last       */
    int64_t latest_us;    /* seen by this process or found in the store      */
    int64_t noted_us;     /* found in the store, or written there            */
};

/* TRIVET_E_MEMORY. */
TRIVET_MUST_USE enum trivet_status trivet_seen_init(struct trivet_seen *seen);
void trivet_seen_destroy(struct trivet_seen *seen);

/* What the store says. Another epoch than before: what was seen until now was
 * a clock that was wrong, and is forgotten. */
void trivet_seen_learn(
    struct trivet_seen *seen, const struct trivet_store_clock *stored);

/* The time to decide by when the machine's clock says clock_us. stored: as it
 * was read before the clock was. */
int64_t trivet_seen_decide(struct trivet_seen *seen,
    const struct trivet_store_clock *stored, int64_t clock_us);

/* The store has at_us now, in that epoch. */
void trivet_seen_noted(struct trivet_seen *seen, int64_t epoch, int64_t at_us);

/* Whether the store has not what this process saw, by that much or more. */
bool trivet_seen_is_due(struct trivet_seen *seen, int64_t age_us);

/* How far the machine's clock is behind the latest time; 0 when it is not. */
int64_t trivet_seen_behind_us(struct trivet_seen *seen, int64_t clock_us);

#endif
