/* SPDX-License-Identifier: Apache-2.0 */
/* weak.c - RSA keys whose weakness shows in the public half */
#include "crypto/weak.h"

#include <openssl/core_names.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/residue.h"

enum { SMALLEST_EXPONENT = 65537 };

enum {
    ROCA_PRIMES_END = 702,
    ROCA_GENERATOR = 65537,
    NUM_FERMAT_STEPS = 64,
    MAX_MODULUS = TRIVET_MAX_LONG_BITS / 8,
    MAX_RUN = 64, /* bits                                               */
    MIN_BYTE_VALUES = 64,
    MAX_REPEATED = 32 /* bytes that come again at one distance                */
};

/* ---- factors ------------------------------------------------------------ */

/*
 * A k-th power is one modulo each prime q; of other numbers, one in k is where
 * k divides q - 1. Enough such q leave no doubt: no root is taken.
 */
static bool
is_power(const struct trivet_long *n, const struct trivet_power_moduli *moduli)
{
    for (size_t i = 0; i < moduli->num; i++) {
        uint32_t rest = trivet_long_rest(n, moduli->q[i]);

        if (!trivet_is_power_residue(rest, moduli->k, moduli->q[i])) {
            return false;
        }
    }

    return true;
}

/* 13^157 has less than 2048 bits: no small primes, no higher powers. */
static bool
is_any_power(const struct trivet_long *n, const struct trivet_primes *primes)
{
    for (size_t i = 0; i < primes->num_powers; i++) {
        if (is_power(n, &primes->powers[i])) {
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

/* n and the root a below it, modulo those q that were needed so far. */
struct close_search {
    const struct trivet_power_moduli *moduli; /* of squares */
    const struct trivet_long *n;
    struct trivet_long a;
    size_t num_known;
    uint32_t n_rests[TRIVET_MAX_MODULI];
    uint32_t a_rests[TRIVET_MAX_MODULI];
};

/* Whether (a + step)^2 - n is a square. */
static bool
is_square_at(struct close_search *search, uint32_t step)
{
    const struct trivet_power_moduli *moduli = search->moduli;

    for (size_t i = 0; i < moduli->num; i++) {
        const uint32_t q = moduli->q[i];
        uint64_t a;

        if (i == search->num_known) {
            search->n_rests[i] = trivet_long_rest(search->n, q);
            search->a_rests[i] = trivet_long_rest(&search->a, q);
            search->num_known++;
        }

        a = search->a_rests[i] + step;
        if (!trivet_is_power_residue(
                (uint32_t) ((a * a + q - search->n_rests[i]) % q), 2, q))
        {
            return false;
        }
    }

    return true;
}

/* Fermat: n = a^2 - b^2 with an a that is hardly above n's root. */
static bool
find_close(
    const BIGNUM *n, BN_CTX *context, struct close_search *search, bool *out)
{
    BIGNUM *root = BN_CTX_get(context);
    BIGNUM *next = BN_CTX_get(context);

    if (next == NULL || !take_root(n, root, next, context)
        || !trivet_long_read(root, &search->a))
    {
        return false;
    }

    *out = false;
    for (uint32_t step = 1; step <= NUM_FERMAT_STEPS && !*out; step++) {
        *out = is_square_at(search, step);
    }

    return true;
}

/* The primes of ROCA's keys are 65537^i modulo each small prime; so are their
 * products. */
static bool
is_roca(const struct trivet_long *n, const struct trivet_primes *primes)
{
    for (size_t i = 0; primes->primes[i] < ROCA_PRIMES_END; i++) {
        uint32_t p = primes->primes[i];
        uint32_t rest = trivet_long_rest(n, p);
        uint32_t power = 1;

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

/* In a long run of bits all bytes but the first and the last are alike. */
static bool
may_have_long_run(const unsigned char *bytes, size_t len)
{
    size_t run = 1;

    for (size_t i = 1; i < len && run < MAX_RUN / 8 - 1; i++) {
        run = bytes[i] == bytes[i - 1] ? run + 1 : 1;
    }

    return run >= MAX_RUN / 8 - 1;
}

static bool
has_long_run(const unsigned char *bytes, size_t len)
{
    int last = -1;
    int run = 0;

    if (!may_have_long_run(bytes, len)) {
        return false;
    }

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

/* Which of eight bytes are 0: the highest bit of each such byte is set in what
 * is returned, and maybe more; none when there is none. */
static uint64_t
find_zeros(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    return (word - ones) & ~word & ones << 7;
}

/* How many bytes are the same in both, of so many. */
static int
count_same(const unsigned char *a, const unsigned char *b, size_t len)
{
    int num_same = 0;
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t x;
        uint64_t y;

        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        for (size_t j = i; find_zeros(x ^ y) != 0 && j < i + 8; j++) {
            num_same += a[j] == b[j];
        }
    }
    for (; i < len; i++) {
        num_same += a[i] == b[i];
    }

    return num_same;
}

static bool
has_repetition(const unsigned char *bytes, size_t len)
{
    for (size_t distance = 1; distance <= len / 2; distance++) {
        if (count_same(bytes, bytes + distance, len - distance) >= MAX_REPEATED)
        {
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
    size_t len = (size_t) BN_bn2bin(n, bytes);

    return has_long_run(bytes, len)
           || has_repetition(bytes, len > 512 ? 512 : len)
           || has_few_values(bytes, len);
}

/* ---- all ---------------------------------------------------------------- */

static const char *
check_close(const BIGNUM *n, const struct trivet_long *words,
    const struct trivet_primes *primes)
{
    struct close_search search = {.moduli = &primes->powers[0], .n = words};
    BN_CTX *context = BN_CTX_new();
    bool is_close = false;
    bool is_known = false;

    if (context != NULL) {
        BN_CTX_start(context);
        is_known = find_close(n, context, &search, &is_close);
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
    const struct trivet_primes *primes = trivet_primes_get();
    struct trivet_long words;

    if (primes == NULL || !trivet_long_read(modulus, &words)) {
        return "unknown";
    }

    if (has_pattern(modulus)) {
        return "pattern";
    }
    if (trivet_long_has_small_factor(&words, primes)) {
        return "small-factor";
    }
    if (is_any_power(&words, primes)) {
        return "power";
    }
    if (is_roca(&words, primes)) {
        return "roca";
    }

    return check_close(modulus, &words, primes);
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
