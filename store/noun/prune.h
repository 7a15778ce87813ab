/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.h - removing what nobody uses any more
 *
 * Three kinds of rows come without end: installations, which anybody can make,
 * sessions, and API keys that no device was ever registered with. Of these,
 * what has been over for longer than its age is removed, the oldest first. A
 * run is one transaction of bounded work, with one row in the audit when it
 * removed something; the audit itself keeps all its rows.
 *
 * What is alive stays: an installation with a device, or with an API key that
 * it asked for; a session that may be used; an API key that is bound, or may
 * still be. That is asked by the statement that removes, so nothing can come
 * alive in between.
 */
#ifndef TRIVET_STORE_NOUN_PRUNE_H
#define TRIVET_STORE_NOUN_PRUNE_H

#include "core/prune_ages.h"
#include "store/store.h"

/* How many of each. */
struct trivet_pruned {
    int64_t num_installations;
    int64_t num_sessions;
    int64_t num_api_keys;
};

/*
 * One run. Removes at most max_each of each kind; out tells how many. When one
 * of them is max_each, there may be more: run again. Inside a transaction it is
 * a part of that.
 */
TRIVET_MUST_USE enum trivet_status trivet_store_prune(
    struct trivet_store *store, const struct trivet_prune_ages *ages,
    int64_t max_each, int64_t now_us, struct trivet_pruned *out,
    struct trivet_error *err);

/* How many there are to be removed now. */
TRIVET_MUST_USE enum trivet_status trivet_store_prune_count(
    struct trivet_store *store, const struct trivet_prune_ages *ages,
    int64_t now_us, struct trivet_pruned *out, struct trivet_error *err);

/* The same, but counting no further than a run of some size would need. */
TRIVET_MUST_USE enum trivet_status trivet_store_prune_look(
    struct trivet_store *store, const struct trivet_prune_ages *ages,
    int64_t now_us, struct trivet_pruned *out, struct trivet_error *err);

bool trivet_pruned_is_nothing(const struct trivet_pruned *pruned);

#endif
