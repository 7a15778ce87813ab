/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h - a key pair with a signature, and whether a signature fits */
#ifndef TRIVET_TESTS_PAIR_H
#define TRIVET_TESTS_PAIR_H

#include "tests/unit/vector.h"

#include <openssl/err.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/signature.h"
#include "crypto/verify_cache.h"

/* A key pair, what is signed with it, and its true signature. */
struct pair {
    struct trivet_private_key *key;
    struct trivet_public_key half;
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char signature[TRIVET_SIGNATURE_LEN];
};

/* Makes the signature of the digest. */
static inline void
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

/* name: a private key of tests/vectors. pair_free() frees it. */
static inline struct pair
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

static inline void
pair_free(struct pair *pair)
{
    trivet_private_key_free(pair->key);
}

static inline struct trivet_slice
der_of(const struct trivet_public_key *half)
{
    return trivet_slice_make(half->der, half->der_len);
}

static inline bool
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

static inline bool
true_one_fits(struct trivet_verifier_cache *cache, const struct pair *pair)
{
    return fits(cache, pair, pair->signature, sizeof pair->signature);
}

#endif
