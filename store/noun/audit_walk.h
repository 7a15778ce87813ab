/* SPDX-License-Identifier: Apache-2.0 */
/* audit_walk.h - what the two parts of verifying the audit log share: for their
 * files alone */
#ifndef TRIVET_STORE_NOUN_AUDIT_WALK_H
#define TRIVET_STORE_NOUN_AUDIT_WALK_H

#include "crypto/digest.h"
#include "store/driver.h"
#include "store/noun/audit.h"

struct trivet_audit_walk {
    const struct trivet_audit_inquiry *inquiry;
    struct trivet_audit_report *report;
    struct trivet_digest *digest;
    enum trivet_status status; /* of what was done in a callback */
    int64_t broken; /* the first checkpoint that is not whole; 0: all are */
};

void trivet_walk_tell(struct trivet_audit_walk *walk,
    enum trivet_audit_fault_kind kind, const char *chain, int64_t first,
    int64_t last);

/* That checkpoint is not whole, nor is one behind it. */
void trivet_walk_break(struct trivet_audit_walk *walk, int64_t checkpoint);

bool trivet_walk_is_hash(
    const struct trivet_value *column, const unsigned char *hash);
/* Leaves out as it is when the column is no hash. */
void trivet_walk_take_hash(
    const struct trivet_value *column, unsigned char out[TRIVET_DIGEST_LEN]);

/* The checkpoints, their signatures and their end. */
TRIVET_MUST_USE enum trivet_status trivet_walk_checkpoints(
    struct trivet_store *store, struct trivet_audit_walk *walk,
    struct trivet_error *err);

#endif
