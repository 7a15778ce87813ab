/* SPDX-License-Identifier: Apache-2.0 */
/* test_token.c - tokens and API keys, and what they are kept by */
#include "tests/unit/unit.h"

#include "crypto/token.h"

enum { NUM_TOKENS = 2000 };

static bool
is_hex(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_digit = bytes[i] >= '0' && bytes[i] <= '9';

        if (!is_digit && (bytes[i] < 'a' || bytes[i] > 'f')) {
            return false;
        }
    }

    return true;
}

static void
a_token_is_64_lower_case_digits(void **state)
{
    struct trivet_secret token;

    (void) state;

    memset(&token, 0xff, sizeof token);
    assert_int_equal(trivet_token_make(&token), TRIVET_OK);
    assert_int_equal(token.len, TRIVET_TOKEN_LEN);
    assert_int_equal(token.len, 64);
    assert_int_equal(token.bytes[64], '\0');
    assert_true(is_hex(token.bytes, 64));
    assert_int_equal(trivet_secret_slice(&token).len, 64);

    trivet_secret_wipe(&token);
    assert_int_equal(token.len, 0);
    for (size_t i = 0; i < sizeof token.bytes; i++) {
        assert_int_equal(token.bytes[i], 0);
    }
}

static void
a_sandbox_key_tells_what_it_is(void **state)
{
    struct trivet_secret key;

    (void) state;

    memset(&key, 0xff, sizeof key);
    assert_int_equal(trivet_token_make_sandbox_key(&key), TRIVET_OK);
    assert_int_equal(key.len, 64);
    assert_int_equal(key.bytes[64], '\0');
    assert_memory_equal(key.bytes, "sandbox_", 8);
    assert_true(is_hex(key.bytes + 8, 56));
}

/* Each digit takes all of its sixteen values at each place. */
static void
tokens_are_all_different_in_every_place(void **state)
{
    static struct trivet_secret tokens[NUM_TOKENS];
    static unsigned seen[TRIVET_TOKEN_LEN][256];

    (void) state;

    for (size_t i = 0; i < NUM_TOKENS; i++) {
        assert_int_equal(trivet_token_make(&tokens[i]), TRIVET_OK);
        for (size_t at = 0; at < TRIVET_TOKEN_LEN; at++) {
            seen[at][tokens[i].bytes[at]]++;
        }
    }

    for (size_t at = 0; at < TRIVET_TOKEN_LEN; at++) {
        for (const char *digit = "0123456789abcdef"; *digit != '\0'; digit++) {
            assert_true(seen[at][(unsigned char) *digit] > 0);
        }
    }

    /* No two share a half: 128 bits do not meet by chance. */
    for (size_t i = 0; i < NUM_TOKENS; i++) {
        for (size_t j = i + 1; j < NUM_TOKENS; j++) {
            assert_false(trivet_ct_equal(tokens[i].bytes, tokens[j].bytes, 32));
            assert_false(trivet_ct_equal(
                tokens[i].bytes + 32, tokens[j].bytes + 32, 32));
        }
    }
}

static void
a_token_is_kept_as_its_sha256(void **state)
{
    static const unsigned char of_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01,
        0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03,
        0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
        0x15, 0xad};
    static const unsigned char of_nothing[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98,
        0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78,
        0x52, 0xb8, 0x55};
    unsigned char digest[TRIVET_DIGEST_LEN];

    (void) state;

    assert_int_equal(
        trivet_token_digest(trivet_slice_text("abc"), digest), TRIVET_OK);
    assert_memory_equal(digest, of_abc, sizeof of_abc);
    assert_int_equal(
        trivet_token_digest(trivet_slice_make(NULL, 0), digest), TRIVET_OK);
    assert_memory_equal(digest, of_nothing, sizeof of_nothing);
}

static void
only_the_same_token_has_the_same_digest(void **state)
{
    static const char *const others[] = {
        "ABC", "ab", "abcd", "abc ", " abc", "abc\n", "", "ab\0c"};
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char other[TRIVET_DIGEST_LEN];

    (void) state;

    assert_int_equal(
        trivet_token_digest(trivet_slice_text("abc"), digest), TRIVET_OK);

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(
            trivet_token_digest(trivet_slice_text(others[i]), other),
            TRIVET_OK);
        assert_false(trivet_ct_equal(digest, other, sizeof digest));
    }
    assert_int_equal(
        trivet_token_digest(trivet_slice_make("abc\0", 4), other), TRIVET_OK);
    assert_false(trivet_ct_equal(digest, other, sizeof digest));
    assert_int_equal(
        trivet_token_digest(trivet_slice_make("abcd", 3), other), TRIVET_OK);
    assert_true(trivet_ct_equal(digest, other, sizeof digest));
}

static void
secrets_are_compared_in_every_bit(void **state)
{
    unsigned char a[TRIVET_DIGEST_LEN];
    unsigned char b[TRIVET_DIGEST_LEN];

    (void) state;

    memset(a, 0xa5, sizeof a);
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        memcpy(b, a, sizeof b);
        assert_true(trivet_ct_equal(a, b, sizeof a));
        b[bit / 8] = (unsigned char) (b[bit / 8] ^ 1U << bit % 8);
        assert_false(trivet_ct_equal(a, b, sizeof a));
        /* what lies behind the length does not count */
        assert_true(trivet_ct_equal(a, b, bit / 8));
    }
    assert_true(trivet_ct_equal("a", "b", 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_64_lower_case_digits),
        cmocka_unit_test(a_sandbox_key_tells_what_it_is),
        cmocka_unit_test(tokens_are_all_different_in_every_place),
        cmocka_unit_test(a_token_is_kept_as_its_sha256),
        cmocka_unit_test(only_the_same_token_has_the_same_digest),
        cmocka_unit_test(secrets_are_compared_in_every_bit),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
