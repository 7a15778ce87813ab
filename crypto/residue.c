/* SPDX-License-Identifier: Apache-2.0 */
/* residue.c - what is left of a long number, divided by many small ones */
#include "crypto/residue.h"

#include <openssl/crypto.h>

/* Of one k-th power residue in k by chance: so many moduli leave no doubt. */
static const double max_doubt = 1e-12;

__extension__ typedef unsigned __int128 double_word;

/* ---- tables ------------------------------------------------------------- */

static struct trivet_primes table;
static bool is_table_made;

static bool
is_prime(uint32_t n)
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

static void
add_product(uint64_t product, size_t first)
{
    table.products[table.num_products].product = product;
    table.products[table.num_products].first = first;
    table.num_products++;
}

static void
make_products(void)
{
    uint64_t product = 1;
    size_t first = 0;

    for (uint32_t n = 3; n < TRIVET_SMALL_PRIMES_END; n += 2) {
        if (is_prime(n)) {
            table.primes[table.num++] = (uint16_t) n;
        }
    }

    for (size_t i = 0; i < table.num; i++) {
        if (product > UINT64_MAX / table.primes[i]) {
            add_product(product, first);
            product = 1;
            first = i;
        }
        product *= table.primes[i];
    }

    add_product(product, first);
    add_product(1, table.num); /* no product: the end of the last */
    table.num_products--;
}

/* Above the small primes: those are excluded otherwise. */
static void
make_moduli(uint32_t k, struct trivet_power_moduli *moduli)
{
    double doubt = 1;

    moduli->k = k;
    for (uint32_t q = k + 1; doubt > max_doubt && q <= UINT16_MAX
                             && moduli->num < TRIVET_MAX_MODULI;
         q += k)
    {
        if (q >= TRIVET_SMALL_PRIMES_END && is_prime(q)) {
            moduli->q[moduli->num++] = (uint16_t) q;
            doubt /= k;
        }
    }

    is_table_made &= doubt <= max_doubt;
}

static void
make_table(void)
{
    is_table_made = true;
    make_products();

    for (uint32_t k = 2; k <= TRIVET_MAX_POWER; k++) {
        if (is_prime(k)) {
            make_moduli(k, &table.powers[table.num_powers++]);
        }
    }
}

const struct trivet_primes *
trivet_primes_get(void)
{
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

    return CRYPTO_THREAD_run_once(&once, make_table) == 1 && is_table_made
               ? &table
               : NULL;
}

/* ---- rests -------------------------------------------------------------- */

bool
trivet_long_read(const BIGNUM *number, struct trivet_long *out)
{
    unsigned char bytes[TRIVET_MAX_LONG_BITS / 8];
    int len = BN_num_bytes(number);

    if (BN_is_negative(number) || (size_t) len > sizeof bytes
        || BN_bn2lebinpad(number, bytes, len) != len)
    {
        return false;
    }

    out->num_words = ((size_t) len + 7) / 8;
    for (size_t i = 0; i < out->num_words; i++) {
        out->words[i] = 0;
    }
    for (size_t i = 0; i < (size_t) len; i++) {
        out->words[i / 8] |= (uint64_t) bytes[i] << (8 * (i % 8));
    }

    return true;
}

/* 1 / m modulo 2^64: right in 5 bits, and in twice as many after each step. */
static uint64_t
invert(uint64_t m)
{
    uint64_t x = 3 * m ^ 2;

    for (int bits = 5; bits < 64; bits *= 2) {
        x *= 2 - m * x;
    }

    return x;
}

/*
 * The r, up to m, with number = -r * 2^(64 * num_words) modulo the odd m, as
 * Montgomery's: a multiple of m is taken away that clears the lowest word, one
 * word after the other. A factor of m divides number exactly when it divides r.
 */
static uint64_t
reduce(const struct trivet_long *number, uint64_t m)
{
    const uint64_t inverse = invert(m);
    uint64_t r = 0;

    for (size_t i = 0; i < number->num_words; i++) {
        uint64_t word = number->words[i];
        uint64_t times = (word - r) * inverse;

        r = (uint64_t) ((double_word) times * m >> 64) + (word < r);
    }

    return r;
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

uint32_t
trivet_long_rest(const struct trivet_long *number, uint32_t q)
{
    uint64_t r = reduce(number, q) % q;
    uint32_t shift = power_modulo(2, (uint32_t) (64 * number->num_words), q);

    return (uint32_t) ((q - r) * shift % q);
}

bool
trivet_long_has_small_factor(
    const struct trivet_long *number, const struct trivet_primes *primes)
{
    if (number->num_words == 0 || number->words[0] % 2 == 0) {
        return true;
    }

    for (size_t i = 0; i < primes->num_products; i++) {
        uint64_t r = reduce(number, primes->products[i].product);

        for (size_t j = primes->products[i].first;
             j < primes->products[i + 1].first; j++)
        {
            if (r % primes->primes[j] == 0) {
                return true;
            }
        }
    }

    return false;
}

bool
trivet_is_power_residue(uint32_t rest, uint32_t k, uint32_t q)
{
    return rest == 0 || power_modulo(rest, (q - 1) / k, q) == 1;
}
