/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - the list of what was taken away, for gateways that remember
 *
 * Of a database that several gateways use (trivet_store_is_shared): its
 * triggers write a row with each change that takes something away
 * (store/schema/postgres/0009-changes.sql). Ids are given before the commit:
 * a row may come to be seen after those that follow it. Failures and threads:
 * as store.h; of a database without the list, TRIVET_E_INTERNAL.
 */
#ifndef TRIVET_STORE_NOUN_CHANGE_H
#define TRIVET_STORE_NOUN_CHANGE_H

#include <stddef.h>

#include "store/noun/clock.h"
#include "store/store.h"

enum {
    TRIVET_MAX_CHANGES_READ = 4096, /* in one reading              */
    TRIVET_MAX_CHANGE_GAPS = 256,   /* that one reading looks into */
    TRIVET_CHANGES_KEPT_S = 900
};

enum trivet_change_kind {
    TRIVET_CHANGE_ALL = 0,
    TRIVET_CHANGE_SESSION,
    TRIVET_CHANGE_DEVICE,
    TRIVET_CHANGE_API_KEY,
    TRIVET_CHANGE_USER,
    TRIVET_CHANGE_INSTALLATION,
    TRIVET_CHANGE_SERVER_KEY,

    TRIVET_NUM_CHANGE_KINDS
};

struct trivet_change {
    int64_t id;
    enum trivet_change_kind kind; /* what is not known is ALL */
    int64_t subject;              /* the id of what it is of  */
};

/* Ids that were not seen, though later ones were: both ends belong to it. */
struct trivet_change_gap {
    int64_t first;
    int64_t last;
};

/* Called once a row; the row lives until it returns. */
typedef void (*trivet_change_fn)(void *user, const struct trivet_change *row);

/* The rows behind after_id and those in the gaps (num_gaps of them), in the
 * order of ids, TRIVET_MAX_CHANGES_READ at most; and what the database's clock
 * says meanwhile. In one statement. */
TRIVET_MUST_USE enum trivet_status trivet_store_change_read(
    struct trivet_store *store, int64_t after_id,
    const struct trivet_change_gap *gaps, size_t num_gaps,
    trivet_change_fn on_row, void *user, struct trivet_store_clock *out_clock,
    struct trivet_error *err);

/* Removes rows that are older than TRIVET_CHANGES_KEPT_S, some thousand at
 * most. */
TRIVET_MUST_USE enum trivet_status trivet_store_change_remove(
    struct trivet_store *store, struct trivet_error *err);

#endif
