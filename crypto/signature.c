/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - RSASSA-PKCS1-v1_5 with SHA-256 */
#include "crypto/signature.h"

#include <openssl/err.h>
#include <stdint.h>
#include <stdlib.h>

#include "crypto/openssl.h"

struct trivet_signer {
    EVP_PKEY *pkey; /* a copy: the blinding of a shared key has a lock */
    EVP_PKEY_CTX *context;
    CRYPTO_RWLOCK *lock; /* the key's, when it is no copy; else NULL */
    bool is_doubtful;    /* one failed: the copy is not used again */
};

/* NULL: OpenSSL has no memory, or the key cannot sign. */
static EVP_PKEY_CTX *
make_context(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *context = pkey == NULL ? NULL : EVP_PKEY_CTX_new(pkey, NULL);

    if (context == NULL || EVP_PKEY_sign_init(context) != 1
        || !trivet_openssl_set_scheme(context))
    {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }

    return context;
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

    signer->context = make_context(signer->pkey);
    if (signer->context == NULL) {
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

/* Another copy of the key, with another blinding. */
static bool
renew(struct trivet_signer *signer)
{
    EVP_PKEY *pkey = EVP_PKEY_dup(signer->pkey);
    EVP_PKEY_CTX *context = make_context(pkey);

    if (context == NULL) {
        EVP_PKEY_free(pkey);
        return false;
    }

    EVP_PKEY_CTX_free(signer->context);
    EVP_PKEY_free(signer->pkey);
    signer->context = context;
    signer->pkey = pkey;
    signer->is_doubtful = false;

    return true;
}

enum trivet_status
trivet_signer_sign(struct trivet_signer *signer,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN])
{
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    bool is_signed;

    if (signer->is_doubtful && !renew(signer)) {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    if (signer->lock != NULL && CRYPTO_THREAD_write_lock(signer->lock) != 1) {
        return TRIVET_E_CRYPTO;
    }

    is_signed = trivet_openssl_sign(signer->context, digest, TRIVET_DIGEST_LEN,
        signature, sizeof signature);
    if (signer->lock != NULL) {
        (void) CRYPTO_THREAD_unlock(signer->lock);
    }

    if (!is_signed) {
        signer->is_doubtful = signer->lock == NULL;
        return TRIVET_E_CRYPTO;
    }

    (void) trivet_base64_encode(
        trivet_slice_make(signature, sizeof signature), out);
    return TRIVET_OK;
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

    context = trivet_verifier_cache_get(cache, der);
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
