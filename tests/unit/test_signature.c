/* SPDX-License-Identifier: Apache-2.0 */
/* test_signature.c - recorded signatures, ours, and those remembered */
#include "tests/unit/pair.h"

#include <stdlib.h>

/* ---- vectors ------------------------------------------------------------ */

/* The signature fits the body, and no body that differs from it in a byte. */
static void
check_recorded(const char *key_name, const char *body_name,
    const char *signature_name, size_t body_len)
{
    struct vector pem = vector_read(key_name);
    struct vector body = vector_read(body_name);
    struct vector text = vector_read(signature_name);
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(4);
    struct trivet_public_key key;
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char signature[TRIVET_MAX_SIGNATURE];
    size_t len;
    bool does_fit = false;

    assert_int_equal(body.len, body_len);
    assert_int_equal(
        trivet_public_key_parse(vector_slice(&pem), &key, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_base64_decode(trivet_slice_trim(vector_slice(&text)), signature,
            sizeof signature, &len),
        TRIVET_OK);

    assert_int_equal(trivet_sha256(vector_slice(&body), digest), TRIVET_OK);
    assert_int_equal(trivet_verify(cache, der_of(&key), digest,
                         trivet_slice_make(signature, len), &does_fit),
        TRIVET_OK);
    assert_true(does_fit);

    /* not one changed or added byte of the body */
    for (size_t i = 0; i <= body.len; i++) {
        struct vector other = body;

        if (i < body.len) {
            other.bytes[i] = (unsigned char) (other.bytes[i] ^ 0x20);
        } else {
            other.bytes[other.len++] = '\n';
        }
        assert_int_equal(
            trivet_sha256(vector_slice(&other), digest), TRIVET_OK);
        assert_int_equal(trivet_verify(cache, der_of(&key), digest,
                             trivet_slice_make(signature, len), &does_fit),
            TRIVET_OK);
        assert_false(does_fit);
    }

    trivet_verifier_cache_free(cache);
}

static void
bunq_s_recorded_answer_fits_bunq_s_key(void **state)
{
    (void) state;

    check_recorded("bunq-server-key.pem", "bunq-response.body",
        "bunq-response.signature", 39);
}

static void
a_production_client_s_request_fits_its_key(void **state)
{
    (void) state;

    check_recorded("ruby-client-key.pub.pem", "ruby-client-request.body",
        "ruby-client-request.signature", 14);
}

static void
our_signatures_are_those_of_the_openssl_command(void **state)
{
    static const char *const names[][2] = {
        {"client-request.body", "client-request.signature"},
        {"full-request.signed", "full-request.signature"},
        {NULL, "empty-body.signature"},
    };
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    struct trivet_signer *signer;

    (void) state;

    assert_int_equal(trivet_signer_new(pair.key, &signer, NULL), TRIVET_OK);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct vector body = {.len = 0};
        struct vector expected = vector_read(names[i][1]);
        struct trivet_slice text = trivet_slice_trim(vector_slice(&expected));
        char written[TRIVET_SIGNATURE_TEXT_LEN + 1] = {0};
        unsigned char signature[TRIVET_SIGNATURE_LEN];
        size_t len;

        if (names[i][0] != NULL) {
            body = vector_read(names[i][0]);
        }
        assert_int_equal(
            trivet_sha256(vector_slice(&body), pair.digest), TRIVET_OK);

        /* the same text each time: nothing in it is random */
        for (int again = 0; again < 3; again++) {
            memset(written, '#', TRIVET_SIGNATURE_TEXT_LEN);
            assert_int_equal(
                trivet_signer_sign(signer, pair.digest, written), TRIVET_OK);
            assert_true(trivet_slice_is(text, written));
        }

        assert_int_equal(
            trivet_base64_decode(text, signature, sizeof signature, &len),
            TRIVET_OK);
        assert_true(fits(cache, &pair, signature, len));
    }

    trivet_signer_free(signer);
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

static void
a_signer_outlives_its_key(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    struct trivet_signer *signer;
    char text[TRIVET_SIGNATURE_TEXT_LEN];
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    size_t len;

    (void) state;

    assert_int_equal(trivet_signer_new(pair.key, &signer, NULL), TRIVET_OK);
    pair_free(&pair);
    assert_int_equal(trivet_signer_sign(signer, pair.digest, text), TRIVET_OK);
    trivet_signer_free(signer);
    trivet_signer_free(NULL);

    assert_int_equal(trivet_base64_decode(trivet_slice_make(text, sizeof text),
                         signature, sizeof signature, &len),
        TRIVET_OK);
    assert_true(fits(cache, &pair, signature, len));
    trivet_verifier_cache_free(cache);
}

/* ---- remembered --------------------------------------------------------- */

static struct trivet_memo *
make_memo(size_t value_len)
{
    size_t size = trivet_memo_size(16, value_len);
    void *memory = aligned_alloc(64, size);

    assert_non_null(memory);
    memset(memory, 0, size);
    return trivet_memo_init(memory, 16, value_len);
}

/* Bodies that differ in a bit, two keys, more of both than are remembered. */
static void
a_remembered_signature_is_the_one_that_is_made(void **state)
{
    enum { NUM_ROUNDS = 3, NUM_BITS = 8 * TRIVET_DIGEST_LEN, STEP = 7 };
    struct pair pairs[2] = {pair_load("client-test-key.pem"),
        pair_load("keys/rsa2048-private.pem")};
    struct trivet_memos memos = {.made = make_memo(TRIVET_SIGNATURE_TEXT_LEN)};
    unsigned num_remembered = 0;

    (void) state;

    for (size_t i = 0; i < 2 * NUM_ROUNDS; i++) {
        struct pair *pair = &pairs[i % 2];
        struct trivet_signer *signer;
        uint64_t tag;

        assert_int_equal(
            trivet_signer_new(pair->key, &signer, NULL), TRIVET_OK);
        assert_int_equal(trivet_signature_tag(&pair->half, &tag), TRIVET_OK);

        for (size_t bit = 0; bit < NUM_BITS; bit += STEP) {
            char made[TRIVET_SIGNATURE_TEXT_LEN];
            char found[TRIVET_SIGNATURE_TEXT_LEN];
            bool was_remembered;

            pair->digest[bit / 8] ^= (unsigned char) (1U << bit % 8);
            assert_int_equal(
                trivet_signer_sign(signer, pair->digest, made), TRIVET_OK);
            for (int j = 0; j < 2; j++) {
                assert_int_equal(trivet_sign_cached(&memos, tag, signer,
                                     pair->digest, found, &was_remembered),
                    TRIVET_OK);
                assert_memory_equal(found, made, sizeof made);
                num_remembered += was_remembered;
            }
            assert_true(was_remembered);
            pair->digest[bit / 8] ^= (unsigned char) (1U << bit % 8);
        }
        trivet_signer_free(signer);
    }

    /* the second time always; the first time never in a full memo of others */
    assert_true(num_remembered >= 2 * NUM_ROUNDS * (NUM_BITS / STEP));
    assert_true(num_remembered < 4 * NUM_ROUNDS * (NUM_BITS / STEP));

    free(memos.made);
    pair_free(&pairs[0]);
    pair_free(&pairs[1]);
}

static bool
fits_remembered(struct trivet_memos *memos, int64_t installation_id,
    const struct pair *pair, struct trivet_slice signature, bool expected_memo)
{
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    struct trivet_digest *work = trivet_digest_new();
    bool does_fit = false;
    bool was_remembered = false;

    assert_int_equal(trivet_verify_cached(memos, installation_id, cache, work,
                         der_of(&pair->half), pair->digest, signature,
                         &does_fit, &was_remembered),
        TRIVET_OK);
    assert_int_equal(was_remembered, expected_memo);
    trivet_digest_free(work);
    trivet_verifier_cache_free(cache);

    return does_fit;
}

static void
only_what_fits_is_remembered(void **state)
{
    struct pair ann = pair_load("client-test-key.pem");
    struct pair bob = pair_load("keys/rsa2048-private.pem");
    struct trivet_memos memos = {.right = make_memo(0)};
    struct trivet_slice right =
        trivet_slice_make(ann.signature, sizeof ann.signature);
    unsigned char wrong[TRIVET_SIGNATURE_LEN];

    (void) state;

    memcpy(wrong, ann.signature, sizeof wrong);
    wrong[100] ^= 1;

    for (int i = 0; i < 3; i++) {
        struct trivet_slice other = trivet_slice_make(wrong, sizeof wrong);

        assert_false(fits_remembered(&memos, 1, &ann, other, false));
        assert_true(fits_remembered(&memos, 1, &ann, right, i > 0));
        other = trivet_slice_make(right.data, right.len - 1);
        assert_false(fits_remembered(&memos, 1, &ann, other, false));
        /* another key, or the same one of another installation */
        assert_false(fits_remembered(&memos, 1, &bob, right, false));
        assert_true(fits_remembered(&memos, 2 + i, &ann, right, false));
        /* another body */
        ann.digest[i] ^= 1;
        assert_false(fits_remembered(&memos, 1, &ann, right, false));
        ann.digest[i] ^= 1;
    }

    free(memos.right);
    pair_free(&ann);
    pair_free(&bob);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bunq_s_recorded_answer_fits_bunq_s_key),
        cmocka_unit_test(a_production_client_s_request_fits_its_key),
        cmocka_unit_test(our_signatures_are_those_of_the_openssl_command),
        cmocka_unit_test(a_signer_outlives_its_key),
        cmocka_unit_test(a_remembered_signature_is_the_one_that_is_made),
        cmocka_unit_test(only_what_fits_is_remembered),
    };

    return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
