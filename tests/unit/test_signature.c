/* SPDX-License-Identifier: Apache-2.0 */
/* test_signature.c - signatures that fit, and the many that must not */
#include "tests/unit/vector.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/openssl.h"
#include "crypto/signature.h"
#include "crypto/verify_cache.h"

/* A key pair, what is signed with it, and its true signature. */
struct pair {
    struct trivet_private_key *key;
    struct trivet_public_key half;
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char signature[TRIVET_SIGNATURE_LEN];
};

static void
sign_digest(struct pair *pair)
{
    struct trivet_signer *signer;
    char text[TRIVET_SIGNATURE_TEXT_LEN];
    size_t len;

    assert_int_equal(trivet_signer_new(pair->key, &signer, NULL), TRIVET_OK);
    assert_int_equal(trivet_signer_sign(signer, pair->digest, text), TRIVET_OK);
    trivet_signer_free(signer);
    assert_int_equal(trivet_base64_decode(trivet_slice_make(text, sizeof text),
                         pair->signature, sizeof pair->signature, &len),
        TRIVET_OK);
    assert_int_equal(len, TRIVET_SIGNATURE_LEN);
}

static struct pair
pair_load(const char *name)
{
    struct vector pem = vector_read(name);
    struct pair pair;

    assert_int_equal(
        trivet_private_key_parse(vector_slice(&pem), &pair.key, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_private_key_public(pair.key, &pair.half), TRIVET_OK);
    assert_int_equal(
        trivet_sha256(trivet_slice_text("{\"amount\": 10}"), pair.digest),
        TRIVET_OK);
    sign_digest(&pair);

    return pair;
}

static void
pair_free(struct pair *pair)
{
    trivet_private_key_free(pair->key);
}

static struct trivet_slice
der_of(const struct trivet_public_key *half)
{
    return trivet_slice_make(half->der, half->der_len);
}

static bool
fits(struct trivet_verifier_cache *cache, const struct pair *pair,
    const void *signature, size_t len)
{
    bool does_fit = false;

    assert_int_equal(trivet_verify(cache, der_of(&pair->half), pair->digest,
                         trivet_slice_make(signature, len), &does_fit),
        TRIVET_OK);
    /* nginx would take an error that we leave behind for its connection's */
    assert_int_equal(ERR_peek_error(), 0);

    return does_fit;
}

static bool
true_one_fits(struct trivet_verifier_cache *cache, const struct pair *pair)
{
    return fits(cache, pair, pair->signature, sizeof pair->signature);
}

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

/* ---- forgeries ---------------------------------------------------------- */

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

/* ---- the cache ---------------------------------------------------------- */

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

/* ---- digests ------------------------------------------------------------ */

static void
a_body_is_digested_the_same_in_any_pieces(void **state)
{
    struct vector body = vector_read("keys/rsa4096.pem");
    struct trivet_digest *digest = trivet_digest_new();
    unsigned char whole[TRIVET_DIGEST_LEN];
    unsigned char pieces[TRIVET_DIGEST_LEN];
    static const unsigned char of_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01,
        0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03,
        0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
        0x15, 0xad};

    (void) state;

    assert_non_null(digest);
    assert_int_equal(trivet_sha256(trivet_slice_text("abc"), whole), TRIVET_OK);
    assert_memory_equal(whole, of_abc, sizeof of_abc);

    assert_int_equal(trivet_sha256(vector_slice(&body), whole), TRIVET_OK);
    for (size_t step = 1; step < body.len + 64; step += 31) {
        trivet_digest_start(digest);
        for (size_t at = 0; at < body.len; at += step) {
            size_t len = body.len - at < step ? body.len - at : step;

            trivet_digest_add(digest, trivet_slice_make(body.bytes + at, len));
            trivet_digest_add(digest, trivet_slice_make(NULL, 0));
        }
        assert_int_equal(trivet_digest_finish(digest, pieces), TRIVET_OK);
        assert_memory_equal(pieces, whole, sizeof whole);
    }

    /* what was begun and given up leaves no trace */
    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_text("secret"));
    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_text("abc"));
    assert_int_equal(trivet_digest_finish(digest, pieces), TRIVET_OK);
    assert_memory_equal(pieces, of_abc, sizeof of_abc);

    trivet_digest_start(digest);
    assert_int_equal(trivet_digest_finish(digest, pieces), TRIVET_OK);
    assert_int_equal(
        trivet_sha256(trivet_slice_make(NULL, 0), whole), TRIVET_OK);
    assert_memory_equal(pieces, whole, sizeof whole);

    trivet_digest_free(digest);
    trivet_digest_free(NULL);
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
                assert_int_equal(trivet_sign_remembered(&memos, tag, signer,
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

    assert_int_equal(trivet_verify_remembered(memos, installation_id, cache,
                         work, der_of(&pair->half), pair->digest, signature,
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
        cmocka_unit_test(no_changed_bit_fits),
        cmocka_unit_test(no_other_length_fits),
        cmocka_unit_test(no_trivial_number_fits),
        cmocka_unit_test(another_key_s_signature_does_not_fit),
        cmocka_unit_test(other_schemes_do_not_fit),
        cmocka_unit_test(padding_is_exact),
        cmocka_unit_test(a_signature_has_one_number),
        cmocka_unit_test(any_cache_serves_any_number_of_keys),
        cmocka_unit_test(two_keys_alternate_in_a_cache_of_one),
        cmocka_unit_test(what_is_no_key_verifies_nothing),
        cmocka_unit_test(a_body_is_digested_the_same_in_any_pieces),
        cmocka_unit_test(a_remembered_signature_is_the_one_that_is_made),
        cmocka_unit_test(only_what_fits_is_remembered),
    };

    return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
