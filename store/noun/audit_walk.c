/* SPDX-License-Identifier: Apache-2.0 */
/* audit_walk.c - what the two parts of verifying the audit log share */
#include "store/noun/audit_walk.h"

void
trivet_walk_tell(struct trivet_audit_walk *walk,
    enum trivet_audit_fault_kind kind, const char *chain, int64_t first,
    int64_t last)
{
    const struct trivet_audit_fault fault = {kind, chain, first, last};

    walk->inquiry->on_fault(walk->inquiry->user, &fault);
}

void
trivet_walk_break(struct trivet_audit_walk *walk, int64_t id)
{
    if (walk->broken == 0 || id < walk->broken) {
        walk->broken = id < 1 ? 1 : id;
    }
}

bool
trivet_walk_is_hash(
    const struct trivet_value *column, const unsigned char *hash)
{
    return trivet_slice_equal(
        column->bytes, trivet_slice_make(hash, TRIVET_DIGEST_LEN));
}

void
trivet_walk_take_hash(
    const struct trivet_value *column, unsigned char out[TRIVET_DIGEST_LEN])
{
    if (column->bytes.len == TRIVET_DIGEST_LEN) {
        memcpy(out, column->bytes.data, TRIVET_DIGEST_LEN);
    }
}
