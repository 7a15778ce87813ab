/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - RSASSA-PKCS1-v1_5 with SHA-256 */
#include "crypto/signature.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdint.h>
#include <stdlib.h>

#include "crypto/openssl.h"

struct trivet_signer {
    EVP_PKEY *pkey; /* a copy: the blinding of a shared key has a lock */
    EVP_PKEY_CTX *context;
    CRYPTO_RWLOCK *lock; /* the key's, when it is no copy; else NULL */
};

struct cached_key {
    unsigned char der[TRIVET_MAX_PUBLIC_KEY_DER];
    size_t der_len; /* 0: the place is free */
    EVP_PKEY_CTX *context;
};

struct trivet_verifier_cache {
    size_t num_keys;
    uint64_t num_misses;
    struct cached_key keys[];
};

static bool
set_scheme(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
           && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1;
}

enum trivet_status
trivet_signer_new(const struct trivet_private_key *key,
    struct trivet_signer **out, struct trivet_error *err)
{
    struct trivet_signer *signer = calloc(1, sizeof *signer);

    if (signer == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "signer.new", "out of memory");
    }

    signer->lock = key->lock;
    if (key->lock == NULL) {
        signer->pkey = EVP_PKEY_dup(key->pkey);
    } else if (EVP_PKEY_up_ref(key->pkey) == 1) {
        signer->pkey = key->pkey;
    }
    if (signer->pkey != NULL) {
        signer->context = EVP_PKEY_CTX_new(signer->pkey, NULL);
    }

    if (signer->context == NULL || EVP_PKEY_sign_init(signer->context) != 1
        || !set_scheme(signer->context))
    {
        trivet_signer_free(signer);
        return trivet_openssl_error(
            err, TRIVET_E_CRYPTO, "signer.new", "the key cannot sign");
    }

    *out = signer;
    return TRIVET_OK;
}

void
trivet_signer_free(struct trivet_signer *signer)
{
    if (signer == NULL) {
        return;
    }

    EVP_PKEY_CTX_free(signer->context);
    EVP_PKEY_free(signer->pkey);
    free(signer);
}

enum trivet_status
trivet_signer_sign(struct trivet_signer *signer,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN])
{
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    size_t len = sizeof signature;
    int done;

    if (signer->lock != NULL && CRYPTO_THREAD_write_lock(signer->lock) != 1) {
        return TRIVET_E_CRYPTO;
    }

    done = EVP_PKEY_sign(
        signer->context, signature, &len, digest, TRIVET_DIGEST_LEN);
    if (signer->lock != NULL) {
        (void) CRYPTO_THREAD_unlock(signer->lock);
    }

    if (done != 1 || len != sizeof signature) {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    (void) trivet_base64_encode(trivet_slice_make(signature, len), out);
    return TRIVET_OK;
}

struct trivet_verifier_cache *
trivet_verifier_cache_new(size_t num_keys)
{
    struct trivet_verifier_cache *cache;

    if (num_keys == 0) {
        num_keys = 1;
    }

    cache = calloc(1, sizeof *cache + num_keys * sizeof cache->keys[0]);
    if (cache != NULL) {
        cache->num_keys = num_keys;
    }

    return cache;
}

void
trivet_verifier_cache_free(struct trivet_verifier_cache *cache)
{
    if (cache == NULL) {
        return;
    }

    for (size_t i = 0; i < cache->num_keys; i++) {
        EVP_PKEY_CTX_free(cache->keys[i].context);
    }

    free(cache);
}

uint64_t
trivet_verifier_cache_misses(const struct trivet_verifier_cache *cache)
{
    return cache->num_misses;
}

static EVP_PKEY_CTX *
make_context(struct trivet_slice der)
{
    EVP_PKEY *pkey = trivet_openssl_public_key(der);
    EVP_PKEY_CTX *context = NULL;

    if (pkey != NULL) {
        context = EVP_PKEY_CTX_new(pkey, NULL);
    }

    EVP_PKEY_free(pkey); /* the context holds it */

    if (context != NULL
        && (EVP_PKEY_verify_init(context) != 1 || !set_scheme(context)))
    {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }

    return context;
}

/*
 * The one place where this key may be cached. The bytes of a modulus are as
 * good as random; an FNV-1a over the DER spreads those that an attacker chose
 * no better, who gains no more than a miss.
 */
static struct cached_key *
place_of(struct trivet_verifier_cache *cache, struct trivet_slice der)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < der.len; i++) {
        hash = (hash ^ der.data[i]) * UINT64_C(1099511628211);
    }

    return &cache->keys[hash % cache->num_keys];
}

/* The context of the key in der, from the cache or made and kept; or NULL. */
static EVP_PKEY_CTX *
get_context(struct trivet_verifier_cache *cache, struct trivet_slice der)
{
    struct cached_key *place = place_of(cache, der);
    EVP_PKEY_CTX *context;

    if (trivet_slice_equal(trivet_slice_make(place->der, place->der_len), der))
    {
        return place->context;
    }

    cache->num_misses++;
    context = make_context(der);
    if (context == NULL) {
        return NULL;
    }

    EVP_PKEY_CTX_free(place->context);
    place->context = context;
    memcpy(place->der, der.data, der.len);
    place->der_len = der.len;

    return context;
}

enum trivet_status
trivet_verify(struct trivet_verifier_cache *cache, struct trivet_slice der,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, bool *out_is_valid)
{
    EVP_PKEY_CTX *context;

    if (der.len == 0 || der.len > TRIVET_MAX_PUBLIC_KEY_DER) {
        return TRIVET_E_MALFORMED;
    }

    context = get_context(cache, der);
    if (context == NULL) {
        ERR_clear_error();
        return TRIVET_E_MALFORMED;
    }

    *out_is_valid = EVP_PKEY_verify(context, signature.data, signature.len,
                        digest, TRIVET_DIGEST_LEN)
                    == 1;
    ERR_clear_error();

    return TRIVET_OK;
}
