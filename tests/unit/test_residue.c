/* SPDX-License-Identifier: Apache-2.0 */
/* test_residue.c - rests of long numbers, as OpenSSL's own division has them */
#include "tests/unit/unit.h"

#include <openssl/bn.h>

#include "crypto/residue.h"
#include "crypto/weak.h"

enum { NUM_NUMBERS = 40 };

static BIGNUM *
random_number(int bits)
{
    BIGNUM *number = BN_new();

    assert_non_null(number);
    assert_int_equal(
        BN_rand(number, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY), 1);
    return number;
}

static void
rests_are_those_of_openssl(void **state)
{
    static const uint32_t moduli[] = {3, 5, 701, 8191, 8209, 65521, 65537};

    (void) state;

    for (int i = 0; i < NUM_NUMBERS; i++) {
        BIGNUM *number = random_number(1 + 53 * i);
        struct trivet_long words;

        assert_true(trivet_long_read(number, &words));
        for (size_t j = 0; j < sizeof moduli / sizeof moduli[0]; j++) {
            assert_int_equal(trivet_long_rest(&words, moduli[j]),
                BN_mod_word(number, moduli[j]));
        }
        BN_free(number);
    }
}

static void
extreme_numbers_have_right_rests(void **state)
{
    BIGNUM *number = BN_new();
    struct trivet_long words;

    (void) state;

    BN_zero(number);
    assert_true(trivet_long_read(number, &words));
    assert_int_equal(trivet_long_rest(&words, 7), 0);

    /* 2^2048 - 1: all words are full */
    assert_true(BN_set_bit(number, 2048) && BN_sub_word(number, 1));
    assert_true(trivet_long_read(number, &words));
    assert_int_equal(trivet_long_rest(&words, 3), 0);
    assert_int_equal(trivet_long_rest(&words, 8209), BN_mod_word(number, 8209));

    BN_set_negative(number, 1);
    assert_false(trivet_long_read(number, &words));
    BN_free(number);
}

static void
too_long_numbers_are_not_read(void **state)
{
    BIGNUM *number = random_number(TRIVET_MAX_LONG_BITS);
    struct trivet_long words;

    (void) state;

    assert_true(trivet_long_read(number, &words));
    assert_true(BN_lshift1(number, number));
    assert_false(trivet_long_read(number, &words));
    assert_string_equal(trivet_weak_modulus(number), "unknown");
    BN_free(number);
}

static void
the_table_has_all_odd_primes_once(void **state)
{
    const struct trivet_primes *primes = trivet_primes_get();

    (void) state;

    assert_non_null(primes);
    assert_int_equal(primes->num, 1027);
    assert_int_equal(primes->primes[0], 3);
    assert_int_equal(primes->primes[1026], 8191);

    for (size_t i = 0; i < primes->num_products; i++) {
        uint64_t product = 1;

        for (size_t j = primes->products[i].first;
             j < primes->products[i + 1].first; j++)
        {
            product *= primes->primes[j];
        }
        assert_true(product == primes->products[i].product);
    }
    assert_int_equal(primes->products[0].first, 0);
    assert_int_equal(primes->products[primes->num_products].first, 1027);
}

/* Each small prime is found in a product with large ones, and nothing is found
 * in a product of large ones alone. */
static void
each_small_factor_is_found(void **state)
{
    const struct trivet_primes *primes = trivet_primes_get();
    BIGNUM *large = BN_new();
    BIGNUM *number = BN_new();
    struct trivet_long words;

    (void) state;

    assert_int_equal(BN_set_word(large, 8209), 1);
    for (int i = 0; i < 150; i++) {
        assert_int_equal(BN_mul_word(large, 8219), 1);
    }
    assert_true(trivet_long_read(large, &words));
    assert_false(trivet_long_has_small_factor(&words, primes));

    for (size_t i = 0; i < primes->num; i++) {
        assert_non_null(BN_copy(number, large));
        assert_int_equal(BN_mul_word(number, primes->primes[i]), 1);
        assert_true(trivet_long_read(number, &words));
        assert_true(trivet_long_has_small_factor(&words, primes));
    }

    assert_true(BN_lshift1(number, large));
    assert_true(trivet_long_read(number, &words));
    assert_true(trivet_long_has_small_factor(&words, primes));
    BN_free(large);
    BN_free(number);
}

static void
powers_are_residues_and_others_mostly_not(void **state)
{
    const struct trivet_primes *primes = trivet_primes_get();

    (void) state;

    for (size_t i = 0; i < primes->num_powers; i++) {
        const struct trivet_power_moduli *moduli = &primes->powers[i];
        int num_residues = 0;

        for (size_t j = 0; j < moduli->num; j++) {
            uint64_t power = 1;

            assert_int_equal((moduli->q[j] - 1) % moduli->k, 0);
            for (uint32_t n = 0; n < moduli->k; n++) {
                power = power * 12345 % moduli->q[j];
            }
            assert_true(trivet_is_power_residue(
                (uint32_t) power, moduli->k, moduli->q[j]));
            num_residues += trivet_is_power_residue(6, moduli->k, moduli->q[j]);
        }
        assert_true(num_residues < (int) moduli->num);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_are_those_of_openssl),
        cmocka_unit_test(extreme_numbers_have_right_rests),
        cmocka_unit_test(too_long_numbers_are_not_read),
        cmocka_unit_test(the_table_has_all_odd_primes_once),
        cmocka_unit_test(each_small_factor_is_found),
        cmocka_unit_test(powers_are_residues_and_others_mostly_not),
    };

    return cmocka_run_group_tests_name("residue", tests, NULL, NULL);
}
