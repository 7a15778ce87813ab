/* SPDX-License-Identifier: Apache-2.0 */
/* test_verify_cache.c - keys that are kept ready for checking signatures */
#include "tests/unit/pair.h"

static void
any_cache_serves_any_number_of_keys(void **state)
{
    static const char *const names[] = {"client-test-key.pem",
        "keys/rsa2048-private.pem", "keys/rsa2047-private.pem"};
    static const size_t sizes[] = {0, 1, 2, 3, 64};

    (void) state;

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct trivet_verifier_cache *cache =
            trivet_verifier_cache_new(sizes[s]);
        struct pair pairs[3];

        assert_non_null(cache);
        for (size_t i = 0; i < 3; i++) {
            pairs[i] = pair_load(names[i]);
        }

        for (size_t turn = 0; turn < 12; turn++) {
            struct pair *mine = &pairs[turn % 3];
            struct pair *other = &pairs[(turn + 1) % 3];

            assert_true(true_one_fits(cache, mine));
            assert_false(
                fits(cache, mine, other->signature, sizeof other->signature));
            assert_true(true_one_fits(cache, mine));
        }

        for (size_t i = 0; i < 3; i++) {
            pair_free(&pairs[i]);
        }
        trivet_verifier_cache_free(cache);
    }

    trivet_verifier_cache_free(NULL);
}

static void
two_keys_alternate_in_a_cache_of_one(void **state)
{
    struct pair one = pair_load("client-test-key.pem");
    struct pair two = pair_load("keys/rsa2048-private.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);

    (void) state;

    for (int turn = 0; turn < 20; turn++) {
        assert_true(true_one_fits(cache, &one));
        assert_false(fits(cache, &two, one.signature, sizeof one.signature));
        assert_true(true_one_fits(cache, &two));
        assert_false(fits(cache, &one, two.signature, sizeof two.signature));
    }

    trivet_verifier_cache_free(cache);
    pair_free(&one);
    pair_free(&two);
}

/* The DER of a PEM that our own reader would refuse. */
static struct trivet_slice
raw_der(const char *name, unsigned char *out, size_t cap)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
    static const char end[] = "-----END PUBLIC KEY-----\n";
    struct vector pem = vector_read(name);
    char base64[MAX_VECTOR];
    size_t num = 0;
    size_t len;

    for (size_t i = sizeof begin - 1; i < pem.len - (sizeof end - 1); i++) {
        if (pem.bytes[i] != '\n') {
            base64[num++] = (char) pem.bytes[i];
        }
    }
    assert_int_equal(
        trivet_base64_decode(trivet_slice_make(base64, num), out, cap, &len),
        TRIVET_OK);

    return trivet_slice_make(out, len);
}

static void
what_is_no_key_verifies_nothing(void **state)
{
    static const char *const names[] = {"keys/rsa1024.pem", "keys/rsa2046.pem",
        "keys/rsa2049.pem", "keys/rsa4096.pem", "keys/ec256.pem",
        "keys/ed25519.pem", "keys/rsa2048-pss.pem", "keys/rsa2048-cut-der.pem",
        "keys/rsa2048-trailing-der.pem"};
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    struct trivet_slice signature =
        trivet_slice_make(pair.signature, sizeof pair.signature);
    unsigned char bytes[TRIVET_MAX_PUBLIC_KEY_DER + 1] = {0};
    bool does_fit = false;

    (void) state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct trivet_slice der = raw_der(names[i], bytes, sizeof bytes);

        if (trivet_verify(cache, der, pair.digest, signature, &does_fit)
            != TRIVET_E_MALFORMED)
        {
            fail_msg("taken: %s", names[i]);
        }
        assert_false(does_fit);
        assert_int_equal(ERR_peek_error(), 0);

        /* the place in the cache is as good as before */
        assert_true(true_one_fits(cache, &pair));
    }

    memset(bytes, 0, sizeof bytes);
    assert_int_equal(trivet_verify(cache, trivet_slice_make(NULL, 0),
                         pair.digest, signature, &does_fit),
        TRIVET_E_MALFORMED);
    for (size_t len = 1; len <= sizeof bytes; len += 32) {
        assert_int_equal(trivet_verify(cache, trivet_slice_make(bytes, len),
                             pair.digest, signature, &does_fit),
            TRIVET_E_MALFORMED);
    }
    assert_int_equal(
        trivet_verify(cache, trivet_slice_make(bytes, sizeof bytes),
            pair.digest, signature, &does_fit),
        TRIVET_E_MALFORMED);
    for (size_t len = 1; len < pair.half.der_len; len++) {
        assert_int_equal(
            trivet_verify(cache, trivet_slice_make(pair.half.der, len),
                pair.digest, signature, &does_fit),
            TRIVET_E_MALFORMED);
    }
    assert_false(does_fit);
    assert_int_equal(ERR_peek_error(), 0);
    assert_true(true_one_fits(cache, &pair));

    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cache_serves_any_number_of_keys),
        cmocka_unit_test(two_keys_alternate_in_a_cache_of_one),
        cmocka_unit_test(what_is_no_key_verifies_nothing),
    };

    return cmocka_run_group_tests_name("verify_cache", tests, NULL, NULL);
}
