/* SPDX-License-Identifier: Apache-2.0 */
/* test_parsed_keys.c - which parsed keys are kept, and that none is mistaken */
#include "tests/unit/pair.h"

#include <openssl/evp.h>

#include "crypto/openssl.h"

enum { NUM_PLACES = 16, NUM_HOT = 4 };

/* Key number n: in the usual form, with n in the middle of the modulus. */
static struct trivet_public_key
numbered(const struct trivet_public_key *model, uint32_t n)
{
    struct trivet_public_key key = *model;

    for (size_t i = 0; i < 4; i++) {
        key.der[100 + i] = (unsigned char) (n >> (8 * i));
    }

    return key;
}

/* Whether it was there. The context is of that key. */
static bool
ask(struct trivet_verifier_cache *cache, const struct trivet_public_key *key)
{
    uint64_t num_misses = trivet_verifier_cache_misses(cache);
    EVP_PKEY_CTX *context = trivet_verifier_cache_get(cache, der_of(key));
    EVP_PKEY *wanted = trivet_openssl_public_key(der_of(key));

    assert_non_null(context);
    assert_int_equal(EVP_PKEY_eq(EVP_PKEY_CTX_get0_pkey(context), wanted), 1);
    EVP_PKEY_free(wanted);

    return trivet_verifier_cache_misses(cache) == num_misses;
}

static bool
ask_numbered(struct trivet_verifier_cache *cache,
    const struct trivet_public_key *model, uint32_t n)
{
    struct trivet_public_key key = numbered(model, n);

    return ask(cache, &key);
}

static void
as_many_as_there_is_room_for_are_kept(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(NUM_PLACES);

    (void) state;

    for (uint32_t n = 0; n < NUM_PLACES; n++) {
        assert_false(ask_numbered(cache, &pair.half, n));
    }
    for (uint32_t n = 0; n < NUM_PLACES; n++) {
        assert_true(ask_numbered(cache, &pair.half, n));
    }

    /* one more takes one place, and no more */
    assert_false(ask_numbered(cache, &pair.half, NUM_PLACES));
    assert_true(ask_numbered(cache, &pair.half, NUM_PLACES));
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

static void
what_does_not_fit_is_not_kept(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(NUM_PLACES);
    unsigned num_found = 0;

    (void) state;

    for (uint32_t n = 0; n < 10 * NUM_PLACES; n++) {
        assert_false(ask_numbered(cache, &pair.half, n));
    }

    /* the last ones are there; asking for them moves none of the others */
    for (uint32_t n = 9 * NUM_PLACES; n < 10 * NUM_PLACES; n++) {
        num_found += ask_numbered(cache, &pair.half, n);
    }
    assert_int_equal(num_found, NUM_PLACES);
    assert_false(ask_numbered(cache, &pair.half, 0));
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

static void
those_that_are_asked_for_often_stay_under_a_scan(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(NUM_PLACES);
    unsigned num_lost = 0;

    (void) state;

    for (uint32_t n = 0; n < NUM_HOT; n++) {
        assert_false(ask_numbered(cache, &pair.half, n));
        for (int i = 0; i < 5; i++) {
            assert_true(ask_numbered(cache, &pair.half, n));
        }
    }

    /* between two uses of a hot key, strangers for half of the places */
    for (uint32_t n = 1000; n < 1000 + 50 * NUM_PLACES; n++) {
        assert_false(ask_numbered(cache, &pair.half, n));
        if (n % 2 == 0) {
            num_lost += !ask_numbered(cache, &pair.half, n / 2 % NUM_HOT);
        }
    }
    assert_int_equal(num_lost, 0);
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

/* Nobody holds a place for ever: one that was hot and is not any more goes. */
static void
what_was_asked_for_often_goes_when_it_is_not_any_more(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(NUM_PLACES);

    (void) state;

    for (int i = 0; i < 100; i++) {
        (void) ask_numbered(cache, &pair.half, 0);
    }
    for (uint32_t n = 1; n <= 5 * NUM_PLACES; n++) {
        assert_false(ask_numbered(cache, &pair.half, n));
    }
    assert_false(ask_numbered(cache, &pair.half, 0));
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

/* Keys that come in any order: each is told from each (ask looks). */
static void
no_key_is_taken_for_another(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(7);
    uint32_t random = 1;

    (void) state;

    for (int i = 0; i < 5000; i++) {
        random = random * 1664525 + 1013904223;
        (void) ask_numbered(cache, &pair.half, (random >> 16) % 25);
    }
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

static void
what_is_no_key_takes_nobody_s_place(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    struct trivet_public_key broken = numbered(&pair.half, 5);

    (void) state;

    assert_false(ask(cache, &pair.half));
    broken.der[0] = 0x31;
    for (int i = 0; i < 3; i++) {
        assert_null(trivet_verifier_cache_get(cache, der_of(&broken)));
    }
    assert_true(ask(cache, &pair.half));
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_there_is_room_for_are_kept),
        cmocka_unit_test(what_does_not_fit_is_not_kept),
        cmocka_unit_test(those_that_are_asked_for_often_stay_under_a_scan),
        cmocka_unit_test(what_was_asked_for_often_goes_when_it_is_not_any_more),
        cmocka_unit_test(no_key_is_taken_for_another),
        cmocka_unit_test(what_is_no_key_takes_nobody_s_place),
    };

    return cmocka_run_group_tests_name("parsed_keys", tests, NULL, NULL);
}
