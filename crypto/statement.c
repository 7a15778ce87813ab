/* SPDX-License-Identifier: Apache-2.0 */
/* statement.c - statements of the server, signed with SHA-512 */
#include "crypto/statement.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto/openssl.h"

enum { SHA512_LEN = 64 };

static bool
digest_statement(struct trivet_slice statement, unsigned char out[SHA512_LEN])
{
    unsigned len = 0;

    return EVP_Digest(
               statement.data, statement.len, out, &len, EVP_sha512(), NULL)
               == 1
           && len == SHA512_LEN;
}

static bool
set_scheme(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
           && EVP_PKEY_CTX_set_signature_md(context, EVP_sha512()) == 1;
}

static bool
sign_digest(EVP_PKEY *pkey, const unsigned char digest[SHA512_LEN],
    unsigned char out[TRIVET_SIGNATURE_LEN])
{
    EVP_PKEY_CTX *context = pkey == NULL ? NULL : EVP_PKEY_CTX_new(pkey, NULL);
    bool is_signed = context != NULL && EVP_PKEY_sign_init(context) == 1
                     && set_scheme(context)
                     && trivet_openssl_sign(context, digest, SHA512_LEN, out,
                         TRIVET_SIGNATURE_LEN);

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();

    return is_signed;
}

enum trivet_status
trivet_statement_sign(const struct trivet_private_key *key,
    struct trivet_slice statement, char out[TRIVET_SIGNATURE_TEXT_LEN])
{
    unsigned char digest[SHA512_LEN];
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    bool is_signed;

    if (!digest_statement(statement, digest)
        || (key->lock != NULL && CRYPTO_THREAD_write_lock(key->lock) != 1))
    {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    if (key->lock != NULL) {
        is_signed = sign_digest(key->pkey, digest, signature);
        (void) CRYPTO_THREAD_unlock(key->lock);
    } else {
        EVP_PKEY *copy = EVP_PKEY_dup(key->pkey);

        is_signed = sign_digest(copy, digest, signature);
        EVP_PKEY_free(copy);
    }
    if (!is_signed) {
        return TRIVET_E_CRYPTO;
    }

    (void) trivet_base64_encode(
        trivet_slice_make(signature, sizeof signature), out);
    return TRIVET_OK;
}

bool
trivet_statement_is_signed(const struct trivet_public_key *key,
    struct trivet_slice statement, struct trivet_slice signature)
{
    unsigned char digest[SHA512_LEN];
    EVP_PKEY *pkey =
        trivet_openssl_public_key(trivet_slice_make(key->der, key->der_len));
    EVP_PKEY_CTX *context = NULL;
    bool is_signed;

    if (pkey != NULL) {
        context = EVP_PKEY_CTX_new(pkey, NULL);
    }

    is_signed = context != NULL && digest_statement(statement, digest)
                && EVP_PKEY_verify_init(context) == 1 && set_scheme(context)
                && EVP_PKEY_verify(context, signature.data, signature.len,
                       digest, SHA512_LEN)
                       == 1;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pkey);
    ERR_clear_error();

    return is_signed;
}
