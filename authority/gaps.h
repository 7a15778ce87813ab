/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gaps.h - ids that were not seen yet, below the latest that was
 *
 * Ids are given before the commit: a row may come to be seen after those that
 * follow it, or never. Its id is a gap until it comes, or for
 * TRIVET_GAP_LIFE_MS, or until there are too many: then the lowest is given up,
 * and nothing that is remembered may outlast a reading for as long as it could
 * still have come (trivet_gaps_are_lossy). Zeroed memory is ready for use.
 * Pure; one thread.
 */
#ifndef TRIVET_AUTHORITY_GAPS_H
#define TRIVET_AUTHORITY_GAPS_H

#include "store/noun/change.h"

enum { TRIVET_GAP_LIFE_MS = 600000 };
_Static_assert(TRIVET_GAP_LIFE_MS < TRIVET_CHANGES_KEPT_S * 1000,
    "a row is there for as long as it may be looked for");

struct trivet_gaps {
    int64_t latest_id; /* that was seen                              */
    int64_t lossy_ms;  /* until then; 0: none was given up too soon  */
    size_t num;
    struct trivet_change_gap all[TRIVET_MAX_CHANGE_GAPS]; /* by their ids */
    int64_t found_ms[TRIVET_MAX_CHANGE_GAPS];
};

/* An id was seen. False: it had been before, or was given up. */
bool trivet_gaps_see(struct trivet_gaps *gaps, int64_t id, int64_t now_ms);

/* Whether one that was given up could still come. */
bool trivet_gaps_are_lossy(const struct trivet_gaps *gaps, int64_t now_ms);

/* Gives up those that are too old. */
void trivet_gaps_expire(struct trivet_gaps *gaps, int64_t now_ms);

#endif
