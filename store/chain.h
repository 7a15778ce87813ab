/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - the chain of the audit log that a handle's changes are appended to
 *
 * Each gateway has a chain of its own, so that its commits wait for nobody
 * else's: whoever writes takes the row of his chain's end and holds it until
 * his commit. Where several write at once it is the first row that a
 * transaction takes, so it is part of no deadlock.
 */
#ifndef TRIVET_STORE_CHAIN_H
#define TRIVET_STORE_CHAIN_H

#include <stdbool.h>

#include "store/audit_head.h"
#include "store/store.h"

/* The end of the chain, as the open transaction has made it. */
struct trivet_audit_end {
    bool is_taken;   /* read from the store, and its row is locked */
    bool is_changed; /* and not written back yet                   */
    struct trivet_audit_head head;
};

/* What the hash of a chain's first row covers in place of a row before it:
 * zeroes in TRIVET_CHAIN_MAIN, the SHA-256 of the name in others. */
TRIVET_MUST_USE enum trivet_status trivet_chain_start(
    const char *name, unsigned char out[TRIVET_DIGEST_LEN]);

/* Takes the end, once a transaction; begins the chain when there is none yet.
 * TRIVET_E_UNAVAILABLE also when its end is gone, but rows of it or a
 * checkpoint are there: nothing is to be written then. */
TRIVET_MUST_USE enum trivet_status trivet_chain_take(
    struct trivet_store *store, struct trivet_error *err);

#endif
