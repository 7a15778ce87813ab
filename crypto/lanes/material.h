/* SPDX-License-Identifier: Apache-2.0 */
/*
 * material.h - RSA keys as crypto_mb wants them: arrays of 64-bit words
 *
 * Not changed after they were made: threads may share them.
 */
#ifndef TRIVET_CRYPTO_LANES_MATERIAL_H
#define TRIVET_CRYPTO_LANES_MATERIAL_H

#include "crypto/key.h"
#include "crypto/lanes/library.h"

/* The key as numbers. Wiped when it is freed. */
struct trivet_lane_key {
    uint64_t n[TRIVET_LANE_WORDS];
    uint64_t p[TRIVET_LANE_HALF];
    uint64_t q[TRIVET_LANE_HALF];
    uint64_t dp[TRIVET_LANE_HALF];
    uint64_t dq[TRIVET_LANE_HALF];
    uint64_t iq[TRIVET_LANE_HALF];
};

/*
 * TRIVET_E_UNAVAILABLE  the key is in hardware, or is of another form: not two
 *                       primes of 1024 bits, not 65537.
 */
TRIVET_MUST_USE enum trivet_status trivet_lane_key_new(
    const struct trivet_private_key *key, struct trivet_lane_key **out,
    struct trivet_error *err);
void trivet_lane_key_free(struct trivet_lane_key *key);

/* The modulus of a public key of 2048 bits with the exponent 65537, and whether
 * signature (TRIVET_LANE_LEN bytes) is below it; false: OpenSSL has to
 * verify this one. */
bool trivet_lane_modulus(struct trivet_slice der, struct trivet_slice signature,
    uint64_t out[TRIVET_LANE_WORDS]);

#endif
