/* SPDX-License-Identifier: Apache-2.0 */
/* openssl.h - what the files of this folder share of OpenSSL's types */
#ifndef TRIVET_CRYPTO_OPENSSL_H
#define TRIVET_CRYPTO_OPENSSL_H

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "crypto/key.h"
#include "crypto/parsed_keys.h"

/* lock: NULL when each signer can have a copy of the key; else all signers use
 * this one, one at a time. */
struct trivet_private_key {
    EVP_PKEY *pkey;
    CRYPTO_RWLOCK *lock;
};

/* Makes a private key of pkey, which it takes over, also on failure. */
TRIVET_MUST_USE enum trivet_status trivet_openssl_wrap(
    EVP_PKEY *pkey, struct trivet_private_key **out, struct trivet_error *err);

/* RSA, 2047 or 2048 bits, an exponent that verifies fast. */
bool trivet_openssl_is_usable_rsa(const EVP_PKEY *pkey);

/* The key in der; NULL when it is none that is usable, or when something is
 * behind it. The caller frees it, and clears OpenSSL's queue after a NULL. */
EVP_PKEY *trivet_openssl_public_key(struct trivet_slice der);

/* Whether der is of the form that OpenSSL itself writes for a usable key of
 * 2048 bits and the exponent 65537. */
bool trivet_openssl_is_common_der(struct trivet_slice der);

/* The modulus in DER of that form; NULL when memory runs out. The caller frees
 * it. */
BIGNUM *trivet_openssl_common_modulus(struct trivet_slice der);

/* RSASSA-PKCS1-v1_5 with SHA-256, of a context that is there to sign or to
 * verify. */
bool trivet_openssl_set_scheme(EVP_PKEY_CTX *context);

/*
 * Signs a digest; the signature has out_len bytes. False when it could not be
 * done: then the key must not be used again, but a copy of it may be. OpenSSL
 * goes on with a blinding that it could not make anew, for want of memory, and
 * says that it has signed: such a signature is wrong, and so are the next
 * thirty. Its queue of errors tells; it is empty afterwards.
 */
bool trivet_openssl_sign(EVP_PKEY_CTX *context, const unsigned char *digest,
    size_t digest_len, unsigned char *out, size_t out_len);

/* The context of the key in der, from the cache (crypto/parsed_keys.h) or
 * parsed and kept there; valid until the next call. der is not empty and has at
 * most TRIVET_MAX_PUBLIC_KEY_DER bytes. NULL when it is no usable key or memory
 * ran out: nothing else is forgotten then, and the caller clears OpenSSL's
 * queue. */
EVP_PKEY_CTX *trivet_verifier_cache_get(
    struct trivet_verifier_cache *cache, struct trivet_slice der);

/* Fills err with OpenSSL's own words behind `what`, clears its queue, and
 * returns status. The queue must never be left full: nginx would take our
 * errors for its connections'. */
enum trivet_status trivet_openssl_error(struct trivet_error *err,
    enum trivet_status status, const char *where, const char *what);

#endif
