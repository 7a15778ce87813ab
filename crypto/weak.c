/* SPDX-License-Identifier: Apache-2.0 */
/* weak.c - RSA keys whose weakness shows in the public half */
#include "crypto/weak.h"

#include <openssl/core_names.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_EXPONENT = 65537 };

enum {
    SMALL_PRIMES_END = 8192,
    ROCA_PRIMES_END = 702,
    ROCA_GENERATOR = 65537,
    MAX_POWER = 157, /* 13^157 has less than 2048 bits: small primes are out */
    NUM_FERMAT_STEPS = 64,
    MAX_MODULUS = 2048, /* bytes */
    MAX_RUN = 64,       /* bits                                               */
    MIN_BYTE_VALUES = 64,
    MAX_REPEATED = 32 /* bytes that come again at one distance                */
};

/* ---- numbers of a word -------------------------------------------------- */

static bool
is_prime_word(uint32_t n)
{
    if (n < 4 || n % 2 == 0) {
        return n == 2 || n == 3;
    }

    for (uint32_t d = 3; d * d <= n; d += 2) {
        if (n % d == 0) {
            return false;
        }
    }

    return true;
}

static uint32_t
power_modulo(uint32_t base, uint32_t exponent, uint32_t modulus)
{
    uint64_t result = 1;
    uint64_t square = base % modulus;

    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) {
            result = result * square % modulus;
        }
        square = square * square % modulus;
    }

    return (uint32_t) result;
}

/* ---- factors ------------------------------------------------------------ */

/* The primes that divide it, some at a time: a division of the long number
 * costs more than several of its rest. */
static bool
has_small_factor(const BIGNUM *n)
{
    uint32_t primes[8];
    size_t num_primes = 0;
    BN_ULONG product = 1;

    for (uint32_t p = 2; p < SMALL_PRIMES_END; p++) {
        BN_ULONG rest;

        if (is_prime_word(p)) {
            primes[num_primes++] = p;
            product *= p;
        }
        if (num_primes == 0
            || (product < (BN_ULONG) -1 / SMALL_PRIMES_END && num_primes < 8
                && p + 1 < SMALL_PRIMES_END))
        {
            continue;
        }

        rest = BN_mod_word(n, product);
        for (size_t i = 0; i < num_primes; i++) {
            if (rest % primes[i] == 0) {
                return true;
            }
        }
        num_primes = 0;
        product = 1;
    }

    return false;
}

/*
 * A k-th power is one modulo each prime q; of other numbers, one in k is where
 * k divides q - 1. Enough such q leave no doubt (2^-40): no root is taken.
 */
static bool
is_power(const BIGNUM *n, uint32_t k)
{
    double doubt = 1;

    for (uint32_t q = k + 1; doubt > 1e-12; q += k) {
        BN_ULONG rest;

        if (q < SMALL_PRIMES_END || !is_prime_word(q)) {
            continue;
        }

        rest = BN_mod_word(n, q);
        if (rest != 0 && power_modulo((uint32_t) rest, (q - 1) / k, q) != 1) {
            return false;
        }
        doubt /= k;
    }

    return true;
}

static bool
is_any_power(const BIGNUM *n)
{
    for (uint32_t k = 2; k <= MAX_POWER; k++) {
        if (is_prime_word(k) && is_power(n, k)) {
            return true;
        }
    }

    return false;
}

/* The root of n, rounded down, by Newton's method from above. */
static bool
take_root(const BIGNUM *n, BIGNUM *root, BIGNUM *next, BN_CTX *context)
{
    if (!BN_one(root) || !BN_lshift(root, root, (BN_num_bits(n) + 1) / 2)) {
        return false;
    }

    for (;;) {
        if (!BN_div(next, NULL, n, root, context) || !BN_add(next, next, root)
            || !BN_rshift1(next, next))
        {
            return false;
        }
        if (BN_cmp(next, root) >= 0) {
            return true;
        }
        BN_swap(root, next);
    }
}

/* Fermat: n = a^2 - b^2 with an a that is hardly above n's root. */
static bool
find_close(const BIGNUM *n, BN_CTX *context, bool *out)
{
    BIGNUM *a = BN_CTX_get(context);
    BIGNUM *square = BN_CTX_get(context);

    *out = false;
    if (square == NULL || !take_root(n, a, square, context)) {
        return false;
    }

    for (int i = 0; i < NUM_FERMAT_STEPS && !*out; i++) {
        if (!BN_add_word(a, 1) || !BN_sqr(square, a, context)
            || !BN_sub(square, square, n))
        {
            return false;
        }
        *out = is_power(square, 2);
    }

    return true;
}

/* The primes of ROCA's keys are 65537^i modulo each small prime; so are their
 * products. */
static bool
is_roca(const BIGNUM *n)
{
    for (uint32_t p = 3; p < ROCA_PRIMES_END; p += 2) {
        uint32_t rest;
        uint32_t power = 1;

        if (!is_prime_word(p)) {
            continue;
        }

        rest = (uint32_t) BN_mod_word(n, p);
        do {
            power = power * (ROCA_GENERATOR % p) % p;
        } while (power != rest && power != 1);
        if (power != rest) {
            return false;
        }
    }

    return true;
}

/* ---- patterns ----------------------------------------------------------- */

static bool
has_long_run(const unsigned char *bytes, size_t len)
{
    int last = -1;
    int run = 0;

    for (size_t i = 0; i < 8 * len; i++) {
        int bit = bytes[i / 8] >> (7 - i % 8) & 1;

        run = bit == last ? run + 1 : 1;
        last = bit;
        if (run >= MAX_RUN) {
            return true;
        }
    }

    return false;
}

static bool
has_repetition(const unsigned char *bytes, size_t len)
{
    for (size_t distance = 1; distance <= len / 2; distance++) {
        int num_same = 0;

        for (size_t i = distance; i < len; i++) {
            num_same += bytes[i] == bytes[i - distance];
        }
        if (num_same >= MAX_REPEATED) {
            return true;
        }
    }

    return false;
}

/* Of the bytes, and of the steps from each to the next. */
static bool
has_few_values(const unsigned char *bytes, size_t len)
{
    bool has_value[256] = {false};
    bool has_step[256] = {false};
    int num_values = 0;
    int num_steps = 0;

    for (size_t i = 1; i < len; i++) {
        unsigned char step = (unsigned char) (bytes[i] - bytes[i - 1]);

        num_values += !has_value[bytes[i]];
        num_steps += !has_step[step];
        has_value[bytes[i]] = true;
        has_step[step] = true;
    }

    return num_values < MIN_BYTE_VALUES || num_steps < MIN_BYTE_VALUES;
}

/* Limits that random numbers of that size keep but for once in 2^40. */
static bool
has_pattern(const BIGNUM *n)
{
    unsigned char bytes[MAX_MODULUS];
    int len = BN_num_bytes(n);

    if (len > MAX_MODULUS) {
        return false; /* bounded elsewhere */
    }

    len = BN_bn2bin(n, bytes);
    return has_long_run(bytes, (size_t) len)
           || has_repetition(bytes, len > 512 ? 512 : (size_t) len)
           || has_few_values(bytes, (size_t) len);
}

/* ---- all ---------------------------------------------------------------- */

static const char *
check_close(const BIGNUM *n)
{
    BN_CTX *context = BN_CTX_new();
    bool is_close = false;
    bool is_known = false;

    if (context != NULL) {
        BN_CTX_start(context);
        is_known = find_close(n, context, &is_close);
        BN_CTX_end(context);
        BN_CTX_free(context);
    }

    if (!is_known) {
        return "unknown";
    }

    return is_close ? "close-primes" : NULL;
}

const char *
trivet_weak_modulus(const BIGNUM *modulus)
{
    if (has_pattern(modulus)) {
        return "pattern";
    }
    if (has_small_factor(modulus)) {
        return "small-factor";
    }
    if (is_any_power(modulus)) {
        return "power";
    }
    if (is_roca(modulus)) {
        return "roca";
    }

    return check_close(modulus);
}

/* 3 and 17 were usual once. With them a signature can be made without the
 * private key where one verifier anywhere checks the padding badly. */
static bool
is_exponent_small(const BIGNUM *exponent)
{
    /* all bits set for a number that is no word, which is not small */
    return BN_get_word(exponent) < SMALLEST_EXPONENT;
}

const char *
trivet_weak_key(const EVP_PKEY *pkey)
{
    BIGNUM *modulus = NULL;
    BIGNUM *exponent = NULL;
    const char *word = "unknown";

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1
        && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1)
    {
        word = is_exponent_small(exponent) ? "small-exponent"
                                           : trivet_weak_modulus(modulus);
    }

    BN_free(modulus);
    BN_free(exponent);

    return word;
}
