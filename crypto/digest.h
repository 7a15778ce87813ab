/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - SHA-256, and random bytes
 *
 * A context is made once and used for many digests, so that no algorithm is
 * looked up on the way of a request. Blocks: no. Threads: one per context.
 */
#ifndef TRIVET_CRYPTO_DIGEST_H
#define TRIVET_CRYPTO_DIGEST_H

#include "base/slice.h"
#include "trivet/status.h"

enum {
    TRIVET_DIGEST_LEN = 32,
    TRIVET_DIGEST_HEX_SIZE = 2 * TRIVET_DIGEST_LEN + 1 /* with the NUL */
};

struct trivet_digest;

/* NULL when memory ran out. */
struct trivet_digest *trivet_digest_new(void);
void trivet_digest_free(struct trivet_digest *digest);

/* Start, any number of adds, finish; then start again. A failure in between is
 * remembered and told by finish. */
void trivet_digest_start(struct trivet_digest *digest);
void trivet_digest_add(struct trivet_digest *digest, struct trivet_slice bytes);
TRIVET_MUST_USE enum trivet_status trivet_digest_finish(
    struct trivet_digest *digest, unsigned char out[TRIVET_DIGEST_LEN]);

/* Start, add and finish in one. */
TRIVET_MUST_USE enum trivet_status trivet_digest_bytes(
    struct trivet_digest *digest, struct trivet_slice bytes,
    unsigned char out[TRIVET_DIGEST_LEN]);

/* In one go, without a context: for rare uses, the algorithm is looked up. */
TRIVET_MUST_USE enum trivet_status trivet_sha256(
    struct trivet_slice bytes, unsigned char out[TRIVET_DIGEST_LEN]);

/* The same as hexadecimal text, in small letters. */
TRIVET_MUST_USE enum trivet_status trivet_sha256_hex(
    struct trivet_slice bytes, char out[TRIVET_DIGEST_HEX_SIZE]);

/* TRIVET_E_CRYPTO when the random generator failed. */
TRIVET_MUST_USE enum trivet_status trivet_random(void *out, size_t len);

#endif
