/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.h - Intel's crypto_mb, found at run time
 *
 * It computes up to eight RSA operations at once on processors with AVX-512
 * IFMA. Nothing is linked with it: it is looked for by its soname.
 */
#ifndef TRIVET_CRYPTO_LANES_LIBRARY_H
#define TRIVET_CRYPTO_LANES_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trivet/status.h"

enum {
    TRIVET_NUM_LANES = 8,
    TRIVET_LANE_BITS = 2048,
    TRIVET_LANE_LEN = TRIVET_LANE_BITS / 8,    /* bytes of a number        */
    TRIVET_LANE_WORDS = TRIVET_LANE_BITS / 64, /* 64-bit words, low first  */
    TRIVET_LANE_HALF = TRIVET_LANE_WORDS / 2   /* of a prime               */
};

/* crypto_mb's own forms: an array of eight, NULL where a lane is empty; bytes
 * are big endian. The result has four bits for each lane, 0: it was done. */
typedef uint32_t (*trivet_lane_private_fn)(
    const uint8_t *const from[TRIVET_NUM_LANES],
    uint8_t *const to[TRIVET_NUM_LANES],
    const uint64_t *const p[TRIVET_NUM_LANES],
    const uint64_t *const q[TRIVET_NUM_LANES],
    const uint64_t *const dp[TRIVET_NUM_LANES],
    const uint64_t *const dq[TRIVET_NUM_LANES],
    const uint64_t *const iq[TRIVET_NUM_LANES], int bits, const void *method,
    uint8_t *work);
typedef uint32_t (*trivet_lane_public_fn)(
    const uint8_t *const from[TRIVET_NUM_LANES],
    uint8_t *const to[TRIVET_NUM_LANES],
    const uint64_t *const n[TRIVET_NUM_LANES], int bits, const void *method,
    uint8_t *work);

struct trivet_lane_library {
    void *handle;
    trivet_lane_private_fn sign;
    trivet_lane_public_fn verify; /* of the exponent 65537 */
    const void *sign_method;
    const void *verify_method;
    size_t sign_size; /* of work, in bytes */
    size_t verify_size;
};

/* Whether this processor has AVX-512 IFMA, as the kernel says. */
bool trivet_lane_processor_is_able(void);

/*
 * Opens it.
 *
 * TRIVET_E_NOT_FOUND    there is no library of a version that is known.
 * TRIVET_E_UNAVAILABLE  it cannot be used here: another processor, or not what
 *                       it should be.
 */
TRIVET_MUST_USE enum trivet_status trivet_lane_library_open(
    struct trivet_lane_library *out, struct trivet_error *err);
void trivet_lane_library_close(struct trivet_lane_library *library);

#endif
