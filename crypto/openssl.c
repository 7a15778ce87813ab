/* SPDX-License-Identifier: Apache-2.0 */
/* openssl.c - what the files of this folder share of OpenSSL's types */
#include "crypto/openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

enum { MIN_RSA_BITS = 2047, MAX_RSA_BITS = 2048, MAX_EXPONENT_BITS = 32 };

bool
trivet_openssl_is_usable_rsa(const EVP_PKEY *pkey)
{
    BIGNUM *exponent = NULL;
    int bits = EVP_PKEY_get_bits(pkey);
    bool is_usable;

    if (!EVP_PKEY_is_a(pkey, "RSA") || bits < MIN_RSA_BITS
        || bits > MAX_RSA_BITS
        || EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
    {
        return false;
    }

    is_usable = BN_is_odd(exponent) && !BN_is_one(exponent)
                && BN_num_bits(exponent) <= MAX_EXPONENT_BITS;
    BN_free(exponent);

    return is_usable;
}

bool
trivet_openssl_set_scheme(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
           && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1;
}

bool
trivet_openssl_sign(EVP_PKEY_CTX *context, const unsigned char *digest,
    size_t digest_len, unsigned char *out, size_t out_len)
{
    size_t len = out_len;
    bool is_signed;

    ERR_clear_error();
    is_signed = EVP_PKEY_sign(context, out, &len, digest, digest_len) == 1
                && len == out_len && ERR_peek_error() == 0;
    ERR_clear_error();

    return is_signed;
}

enum trivet_status
trivet_openssl_error(struct trivet_error *err, enum trivet_status status,
    const char *where, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    ERR_clear_error();

    if (reason == NULL) {
        return trivet_error_set(err, status, where, "%s", what);
    }

    return trivet_error_set(err, status, where, "%s (%s)", what, reason);
}
