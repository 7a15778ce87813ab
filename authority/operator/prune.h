/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.h - removing rows that nobody uses any more, on an operator's command
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_PRUNE_H
#define TRIVET_AUTHORITY_OPERATOR_PRUNE_H

#include "store/noun/prune.h"

/*
 * Removes all of them, in runs of bounded work with a pause of 5 ms after each,
 * so that a gateway on the same store can write meanwhile. *out counts what
 * was removed, also when a run failed. Each run is one transaction with its row
 * in the audit log. Blocks.
 *
 * now_us is the machine's clock (with a sandbox's offset), not the latest time
 * that the store has seen: what is removed cannot be had back when a later time
 * turns out to have been wrong.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_prune(
    struct trivet_store *store, const struct trivet_prune_ages *ages,
    int64_t (*now_us)(void), struct trivet_pruned *out,
    struct trivet_error *err);

#endif
