/* SPDX-License-Identifier: Apache-2.0 */
/* test_forged_signature.c - the many signatures that must not fit */
#include "tests/unit/pair.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/openssl.h"

static void
no_changed_bit_fits(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);

    (void) state;

    for (size_t bit = 0; bit < 8 * sizeof pair.signature; bit++) {
        unsigned char forged[TRIVET_SIGNATURE_LEN];

        memcpy(forged, pair.signature, sizeof forged);
        forged[bit / 8] = (unsigned char) (forged[bit / 8] ^ 1U << bit % 8);
        assert_false(fits(cache, &pair, forged, sizeof forged));
    }
    for (size_t bit = 0; bit < 8 * sizeof pair.digest; bit++) {
        struct pair other = pair;

        other.digest[bit / 8] =
            (unsigned char) (other.digest[bit / 8] ^ 1U << bit % 8);
        assert_false(true_one_fits(cache, &other));
    }

    /* and after all these, the true one still does */
    assert_true(true_one_fits(cache, &pair));
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

static void
no_other_length_fits(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    unsigned char longer[TRIVET_SIGNATURE_LEN + 256] = {0};

    (void) state;

    for (size_t len = 0; len < sizeof pair.signature; len++) {
        assert_false(fits(cache, &pair, pair.signature, len));
        /* without its first bytes */
        assert_false(fits(
            cache, &pair, pair.signature + sizeof pair.signature - len, len));
    }
    assert_false(fits(cache, &pair, NULL, 0));

    memcpy(longer, pair.signature, sizeof pair.signature);
    assert_false(fits(cache, &pair, longer, sizeof pair.signature + 1));
    assert_false(fits(cache, &pair, longer, sizeof longer));

    memset(longer, 0, sizeof longer);
    memcpy(longer + 1, pair.signature, sizeof pair.signature);
    assert_false(fits(cache, &pair, longer, sizeof pair.signature + 1));

    memcpy(longer, pair.signature, sizeof pair.signature);
    memcpy(longer + 256, pair.signature, sizeof pair.signature);
    assert_false(fits(cache, &pair, longer, sizeof longer));

    assert_true(true_one_fits(cache, &pair));
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

static void
no_trivial_number_fits(void **state)
{
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    unsigned char number[TRIVET_SIGNATURE_LEN] = {0};

    (void) state;

    assert_false(fits(cache, &pair, number, sizeof number)); /* 0 */
    number[sizeof number - 1] = 1;
    assert_false(fits(cache, &pair, number, sizeof number)); /* 1 */
    memset(number, 0xff, sizeof number);
    assert_false(fits(cache, &pair, number, sizeof number));

    /* the digest itself, at either end */
    memset(number, 0, sizeof number);
    memcpy(number, pair.digest, sizeof pair.digest);
    assert_false(fits(cache, &pair, number, sizeof number));
    memset(number, 0, sizeof number);
    memcpy(number + sizeof number - sizeof pair.digest, pair.digest,
        sizeof pair.digest);
    assert_false(fits(cache, &pair, number, sizeof number));
    assert_false(fits(cache, &pair, pair.digest, sizeof pair.digest));

    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

static void
another_key_s_signature_does_not_fit(void **state)
{
    struct pair one = pair_load("client-test-key.pem");
    struct pair two = pair_load("keys/rsa2048-private.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(8);

    (void) state;

    for (int again = 0; again < 3; again++) {
        assert_false(fits(cache, &one, two.signature, sizeof two.signature));
        assert_false(fits(cache, &two, one.signature, sizeof one.signature));
        assert_true(true_one_fits(cache, &one));
        assert_true(true_one_fits(cache, &two));
    }

    trivet_verifier_cache_free(cache);
    pair_free(&one);
    pair_free(&two);
}

/* Signs bytes with the pair's key under another scheme. */
static void
sign_other(const struct pair *pair, int padding, const EVP_MD *algorithm,
    struct trivet_slice bytes, unsigned char out[TRIVET_SIGNATURE_LEN])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair->key->pkey, NULL);
    size_t len = TRIVET_SIGNATURE_LEN;

    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    if (algorithm != NULL) {
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, algorithm), 1);
    }
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
    assert_int_equal(
        EVP_PKEY_sign(context, out, &len, bytes.data, bytes.len), 1);
    assert_int_equal(len, TRIVET_SIGNATURE_LEN);
    EVP_PKEY_CTX_free(context);
}

static void
other_schemes_do_not_fit(void **state)
{
    const struct {
        int padding;
        const EVP_MD *algorithm;
    } rows[] = {
        {RSA_PKCS1_PSS_PADDING, EVP_sha256()},
        {RSA_PKCS1_PSS_PADDING, EVP_sha1()},
        {RSA_PKCS1_PADDING, EVP_sha1()},
        {RSA_PKCS1_PADDING, EVP_sha224()},
        {RSA_PKCS1_PADDING, EVP_sha384()},
        {RSA_PKCS1_PADDING, EVP_sha512()},
        {RSA_PKCS1_PADDING, EVP_md5()},
        {RSA_PKCS1_PADDING, EVP_sha3_256()}, /* of the same length */
        {RSA_X931_PADDING, EVP_sha256()},
    };
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    unsigned char forged[TRIVET_SIGNATURE_LEN];

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned len;

        assert_int_equal(EVP_Digest("{\"amount\": 10}", 14, digest, &len,
                             rows[i].algorithm, NULL),
            1);
        sign_other(&pair, rows[i].padding, rows[i].algorithm,
            trivet_slice_make(digest, len), forged);
        assert_false(fits(cache, &pair, forged, sizeof forged));

        /* our digest, under another algorithm's name */
        if (len == TRIVET_DIGEST_LEN && rows[i].algorithm != EVP_sha256()) {
            sign_other(&pair, rows[i].padding, rows[i].algorithm,
                trivet_slice_make(pair.digest, len), forged);
            assert_false(fits(cache, &pair, forged, sizeof forged));
        }
    }

    /* the bare digest, without the name of its algorithm */
    sign_other(&pair, RSA_PKCS1_PADDING, NULL,
        trivet_slice_make(pair.digest, sizeof pair.digest), forged);
    assert_false(fits(cache, &pair, forged, sizeof forged));

    /* the digest of the digest */
    {
        struct pair twice = pair;

        assert_int_equal(
            trivet_sha256(trivet_slice_make(pair.digest, sizeof pair.digest),
                twice.digest),
            TRIVET_OK);
        sign_digest(&twice);
        assert_false(
            fits(cache, &pair, twice.signature, sizeof twice.signature));
    }

    assert_true(true_one_fits(cache, &pair));
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

/* ASN.1 in front of a SHA-256 digest: as it must be, and nearly so. */
#define SHA256_START                                                           \
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04" \
    "\x20"
#define SHA256_WITHOUT_NULL                                                    \
    "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
#define SHA256_LONG_LENGTH                                                     \
    "\x30\x81\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00" \
    "\x04\x20"
#define SHA512_START                                                           \
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04" \
    "\x20"

/* A block is 00 01 FF... 00 ASN.1 digest, to the last byte. */
static void
padding_is_exact(void **state)
{
    static const struct {
        const char *start; /* ASN.1 */
        size_t start_len;
        unsigned char first;
        unsigned char type;
        unsigned char filler;
        unsigned char end;
        size_t num_garbage; /* bytes behind the digest */
        bool is_exact;
    } rows[] = {
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0xff, 0, 0, true},
        {SHA256_START, sizeof SHA256_START - 1, 0, 0, 0xff, 0, 0, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 0, 0x00, 0, 0, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 2, 0xff, 0, 0, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0xfe, 0, 0, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0x01, 0, 0, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0xff, 1, 0, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0xff, 0, 1, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0xff, 0, 8, false},
        /* few FFs and much garbage: how roots of small exponents forge */
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0xff, 0, 194, false},
        {SHA256_START, sizeof SHA256_START - 1, 0, 1, 0xff, 0, 202, false},
        {SHA256_WITHOUT_NULL, sizeof SHA256_WITHOUT_NULL - 1, 0, 1, 0xff, 0, 0,
            false},
        {SHA256_LONG_LENGTH, sizeof SHA256_LONG_LENGTH - 1, 0, 1, 0xff, 0, 0,
            false},
        {SHA512_START, sizeof SHA512_START - 1, 0, 1, 0xff, 0, 0, false},
        {"", 0, 0, 1, 0xff, 0, 0, false},
    };
    struct pair pair = pair_load("client-test-key.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char block[TRIVET_SIGNATURE_LEN];
        unsigned char forged[TRIVET_SIGNATURE_LEN];
        size_t tail_len =
            rows[i].start_len + sizeof pair.digest + rows[i].num_garbage;
        size_t at = sizeof block - tail_len;

        memset(block, rows[i].filler, sizeof block);
        block[0] = rows[i].first;
        block[1] = rows[i].type;
        block[at - 1] = rows[i].end;
        memcpy(block + at, rows[i].start, rows[i].start_len);
        at += rows[i].start_len;
        memcpy(block + at, pair.digest, sizeof pair.digest);
        memset(block + at + sizeof pair.digest, 0x5a, rows[i].num_garbage);

        sign_other(&pair, RSA_NO_PADDING, NULL,
            trivet_slice_make(block, sizeof block), forged);
        if (fits(cache, &pair, forged, sizeof forged) != rows[i].is_exact) {
            fail_msg("row %zu", i);
        }
    }

    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

/* With 2047 bits, a signature plus the modulus is a number of 256 bytes too. */
static void
a_signature_has_one_number(void **state)
{
    struct pair pair = pair_load("keys/rsa2047-private.pem");
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    unsigned char forged[TRIVET_SIGNATURE_LEN];
    BIGNUM *n = NULL;
    BIGNUM *s = BN_bin2bn(pair.signature, sizeof pair.signature, NULL);

    (void) state;

    assert_true(true_one_fits(cache, &pair));

    assert_int_equal(
        EVP_PKEY_get_bn_param(pair.key->pkey, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_add(s, s, n), 1);
    assert_int_equal(BN_bn2binpad(s, forged, sizeof forged), sizeof forged);
    assert_false(fits(cache, &pair, forged, sizeof forged));

    /* nor its negative */
    assert_int_equal(BN_lshift1(n, n), 1);
    assert_int_equal(BN_sub(s, n, s), 1);
    assert_int_equal(BN_bn2binpad(s, forged, sizeof forged), sizeof forged);
    assert_false(fits(cache, &pair, forged, sizeof forged));

    BN_free(n);
    BN_free(s);
    trivet_verifier_cache_free(cache);
    pair_free(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_changed_bit_fits),
        cmocka_unit_test(no_other_length_fits),
        cmocka_unit_test(no_trivial_number_fits),
        cmocka_unit_test(another_key_s_signature_does_not_fit),
        cmocka_unit_test(other_schemes_do_not_fit),
        cmocka_unit_test(padding_is_exact),
        cmocka_unit_test(a_signature_has_one_number),
    };

    return cmocka_run_group_tests_name("forged_signature", tests, NULL, NULL);
}
