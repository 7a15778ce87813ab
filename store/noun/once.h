/* SPDX-License-Identifier: Apache-2.0 */
/*
 * once.h - what holds once among all gateways of a store
 *
 * Of a database that several gateways use (trivet_store_is_shared); others
 * count in memory (authority/limits/). Each verb is a commit of its own, and
 * of two at the same time one is first. Failures and threads: as store.h; of a
 * database without these tables, TRIVET_E_INTERNAL.
 */
#ifndef TRIVET_STORE_NOUN_ONCE_H
#define TRIVET_STORE_NOUN_ONCE_H

#include "crypto/digest.h"
#include "store/store.h"

enum {
    TRIVET_REQUEST_IDS_KEPT_S = 3600,
    TRIVET_TURNS_KEPT_S = 120,
    TRIVET_MAX_TURN_WINDOW_S = TRIVET_TURNS_KEPT_S / 2
};

/* Takes a turn that each of two owners may take once in window_s
 * (TRIVET_MAX_TURN_WINDOW_S at most), by now_us. *out_is_free is false when one
 * of them has taken one lately: then nobody has. A turn that is farther ahead
 * than two windows is of a clock that was put back. */
TRIVET_MUST_USE enum trivet_status trivet_store_once_take_turn(
    struct trivet_store *store, const unsigned char one[TRIVET_DIGEST_LEN],
    const unsigned char other[TRIVET_DIGEST_LEN], int64_t window_s,
    int64_t now_us, bool *out_is_free, struct trivet_error *err);

/* Whether an id is new; if so it is not from now on. release: it was not used
 * after all. */
TRIVET_MUST_USE enum trivet_status trivet_store_once_take_id(
    struct trivet_store *store, const unsigned char digest[TRIVET_DIGEST_LEN],
    bool *out_is_new, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_once_release_id(
    struct trivet_store *store, const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_error *err);

/* Removes turns and ids that are older than that, some thousand of each at
 * most. */
TRIVET_MUST_USE enum trivet_status trivet_store_once_remove(
    struct trivet_store *store, struct trivet_error *err);

#endif
