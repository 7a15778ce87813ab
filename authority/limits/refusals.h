/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusals.h - how many refused credentials the audit takes
 *
 * A refusal's row is a commit, and whoever can send a request can cause one. So
 * rows are let through at a rate: a burst at once, then so many a minute; what
 * comes faster is counted, and one row tells the count. Callers that show no
 * API key of ours (an unknown token, an unknown key, an installation that
 * anybody can make) have a budget of their own, so that a flood of theirs
 * leaves no refusal of a known key untold.
 *
 * Shared by the threads of a process without locks: an atomic a budget. Zeroed
 * memory is ready for use.
 */
#ifndef TRIVET_AUTHORITY_LIMITS_REFUSALS_H
#define TRIVET_AUTHORITY_LIMITS_REFUSALS_H

#include "authority/limits/bucket.h"

enum trivet_refusal_budget_kind {
    TRIVET_REFUSED_STRANGERS = 0,
    TRIVET_REFUSED_KNOWN_KEYS,
    TRIVET_NUM_REFUSAL_BUDGETS
};

struct trivet_refusal_budget {
    struct trivet_bucket bucket;
    _Atomic int64_t num_left_out;
};

struct trivet_refusals {
    struct trivet_refusal_budget budgets[TRIVET_NUM_REFUSAL_BUDGETS];
};

/* Whether a row may be written now, by the machine's clock; when not, it is
 * counted as left out. */
bool trivet_refusals_admit(struct trivet_refusals *refusals,
    enum trivet_refusal_budget_kind kind, int64_t now_us);

/* Counts rows as left out after all: they could not be written. */
void trivet_refusals_leave_out(struct trivet_refusals *refusals,
    enum trivet_refusal_budget_kind kind, int64_t num);

/* The count, which begins at zero again. */
int64_t trivet_refusals_take_left_out(
    struct trivet_refusals *refusals, enum trivet_refusal_budget_kind kind);

/* Whether there is a count to be told. Cheap, from any thread. */
bool trivet_refusals_has_left_out(struct trivet_refusals *refusals);

#endif
