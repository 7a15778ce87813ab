/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weak.h - RSA keys whose weakness shows in the public half
 *
 * A modulus that anybody can factor lets anybody sign: better to refuse the key
 * than to believe its signatures. This finds
 *
 *   - small factors: an even modulus, 2^2048 - 1, powers of small primes;
 *   - powers: p^2, p^3, ...;
 *   - factors close to each other (Fermat's method finds them at once);
 *   - keys of a broken maker (ROCA, CVE-2017-15361);
 *   - numbers that are no product of random primes: long runs of one bit,
 *     a pattern that comes again, few different bytes, bytes that count;
 *   - exponents below 65537, which every client of bunq's API has.
 *
 * No proof that a key is good: that needs the private half.
 */
#ifndef TRIVET_CRYPTO_WEAK_H
#define TRIVET_CRYPTO_WEAK_H

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdbool.h>

/* What is weak about the modulus of 2047 bits or more, in a word such as
 * "close-primes"; NULL: nothing was found. Static. Takes 0.05 ms of a good
 * one. Also when memory runs out, or of more than TRIVET_MAX_LONG_BITS bits:
 * "unknown". */
const char *trivet_weak_modulus(const BIGNUM *modulus);

/* The same of an RSA public key, and of its exponent: "small-exponent". */
const char *trivet_weak_key(const EVP_PKEY *pkey);

#endif
