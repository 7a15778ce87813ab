/* SPDX-License-Identifier: Apache-2.0 */
/*
 * residue.h - what is left of a long number, divided by many small ones
 *
 * Every client's key is looked at in this way when it makes an installation:
 * no division of the long number, two multiplications a word instead.
 */
#ifndef TRIVET_CRYPTO_RESIDUE_H
#define TRIVET_CRYPTO_RESIDUE_H

#include <openssl/bn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRIVET_MAX_LONG_BITS = 16384,
    TRIVET_SMALL_PRIMES_END = 8192,
    TRIVET_MAX_POWER = 157,
    TRIVET_MAX_MODULI = 40
};

/* Not negative; least significant word first. */
struct trivet_long {
    uint64_t words[TRIVET_MAX_LONG_BITS / 64];
    size_t num_words;
};

/* Primes q of which k divides q - 1, so many that a number which is a k-th
 * power modulo each of them is one (but for once in 2^40). */
struct trivet_power_moduli {
    uint32_t k;
    size_t num;
    uint16_t q[TRIVET_MAX_MODULI];
};

/* Made once; afterwards only read, by any thread. */
struct trivet_primes {
    size_t num;
    uint16_t primes[1028]; /* odd ones below TRIVET_SMALL_PRIMES_END, rising */
    size_t num_products;
    struct {
        uint64_t product; /* of the primes from this one to the next's first */
        size_t first;
    } products[400];
    size_t num_powers;
    struct trivet_power_moduli powers[40]; /* k rising: 2, 3, ... 157 */
};

/* NULL when that fails. */
const struct trivet_primes *trivet_primes_get(void);

/* False when it is longer than TRIVET_MAX_LONG_BITS, or negative. */
bool trivet_long_read(const BIGNUM *number, struct trivet_long *out);

/* number modulo q, which is odd and above 1. */
uint32_t trivet_long_rest(const struct trivet_long *number, uint32_t q);

/* Whether a prime of the table divides it, or 2. */
bool trivet_long_has_small_factor(
    const struct trivet_long *number, const struct trivet_primes *primes);

/* rest: of a number, divided by q. Whether it may be a k-th power: k divides
 * q - 1, q is a prime. */
bool trivet_is_power_residue(uint32_t rest, uint32_t k, uint32_t q);

#endif
