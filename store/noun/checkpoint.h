/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.h - the ends of all chains of the audit log, signed together
 *
 * A checkpoint names the heads that have moved since the one before it; all
 * others are as they were then. Whoever changes, moves or removes a row that a
 * checkpoint covers must forge it and all that follow, and has no server key.
 *
 *   hash      = SHA-256( hash of the checkpoint before, 32 zeroes for the first
 *                        id, at_us, server_key_id
 *                        of each head, in the order of names (bytes):
 *                        chain, num_rows, last_hash )    as in audit.h
 *   signature = of the statement (crypto/statement.h)
 *               "trivet audit checkpoint" LF id LF hash LF
 *               id in decimal, hash in lower-case hex
 *
 * How many there are and the last hash are kept a second time in
 * audit_checkpoint_end. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_CHECKPOINT_H
#define TRIVET_STORE_NOUN_CHECKPOINT_H

#include "crypto/signature.h"
#include "store/audit_head.h"
#include "store/store.h"

enum { TRIVET_MAX_CHECKPOINT_STATEMENT = 128 }; /* bytes, with the NUL */

struct trivet_checkpoint_head {
    char chain[TRIVET_MAX_CHAIN];
    struct trivet_audit_head head;
};

struct trivet_checkpoint {
    int64_t id;
    int64_t at_us;
    int64_t server_key_id;
    int64_t last_at_us; /* when the one before it was made; 0: there is none */
    unsigned char before[TRIVET_DIGEST_LEN];
    unsigned char hash[TRIVET_DIGEST_LEN];
    struct trivet_checkpoint_head *heads; /* owned */
    size_t num_heads; /* 0: none has moved, there is nothing to sign */
};

void trivet_checkpoint_release(struct trivet_checkpoint *checkpoint);

/* What a checkpoint of now is to have in it. Release it, after a failure too.
 * TRIVET_E_MEMORY. */
TRIVET_MUST_USE enum trivet_status trivet_store_checkpoint_draft(
    struct trivet_store *store, int64_t server_key_id, int64_t at_us,
    struct trivet_checkpoint *out, struct trivet_error *err);

/* What is to be signed. */
void trivet_checkpoint_statement(int64_t id,
    const unsigned char hash[TRIVET_DIGEST_LEN],
    char out[TRIVET_MAX_CHECKPOINT_STATEMENT]);

/* signature: raw. Waits for no chain. TRIVET_E_CONFLICT: another gateway has
 * written one since it was drafted; that is well. */
TRIVET_MUST_USE enum trivet_status trivet_store_checkpoint_put(
    struct trivet_store *store, const struct trivet_checkpoint *checkpoint,
    const unsigned char signature[TRIVET_SIGNATURE_LEN],
    struct trivet_error *err);

#endif
