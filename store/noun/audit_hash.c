/* SPDX-License-Identifier: Apache-2.0 */
/* audit_hash.c - the bytes that hashes of the audit log cover */
#include "store/noun/audit_hash.h"

static void
add_integer(struct trivet_digest *digest, int64_t integer)
{
    uint64_t bits = (uint64_t) integer;
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char) (bits >> (56 - 8 * i));
    }

    trivet_digest_add(digest, trivet_slice_make(bytes, sizeof bytes));
}

void
trivet_audit_add(struct trivet_digest *digest, const struct trivet_value *value)
{
    if (value->kind == TRIVET_VALUE_INTEGER) {
        add_integer(digest, value->integer);
        return;
    }

    add_integer(digest, (int64_t) value->bytes.len);
    trivet_digest_add(digest, value->bytes);
}

enum trivet_status
trivet_audit_hash_row(struct trivet_digest *digest,
    const unsigned char before[TRIVET_DIGEST_LEN],
    const struct trivet_value *values, unsigned char out[TRIVET_DIGEST_LEN])
{
    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_make(before, TRIVET_DIGEST_LEN));

    for (size_t i = 0; i < NUM_HASHED; i++) {
        trivet_audit_add(digest, &values[i]);
    }

    return trivet_digest_finish(digest, out);
}
