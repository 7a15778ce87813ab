/* SPDX-License-Identifier: Apache-2.0 */
/*
 * public_der.c - a public key's DER into OpenSSL's form
 *
 * OpenSSL 3.0's decoders take 0.18 ms for that, a third of a signature. Nearly
 * every key is of one form, 2048 bits with the exponent 65537, in which only
 * the modulus differs: that one is taken out of its place. All others go the
 * long way.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "crypto/openssl.h"

enum { MODULUS_LEN = 256, FORM_LEN = 294 };

/* SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { SEQUENCE { INTEGER
 * of 257 bytes, */
static const unsigned char before[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06,
    0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01,
    0x01, 0x00};
/* INTEGER 65537 } } } */
static const unsigned char after[] = {0x02, 0x03, 0x01, 0x00, 0x01};

bool
trivet_openssl_is_common_der(struct trivet_slice der)
{
    const unsigned char *modulus = der.data + sizeof before;

    return der.len == FORM_LEN && memcmp(der.data, before, sizeof before) == 0
           && memcmp(modulus + MODULUS_LEN, after, sizeof after) == 0
           && (modulus[0] & 0x80) != 0 && (modulus[MODULUS_LEN - 1] & 1) != 0;
}

BIGNUM *
trivet_openssl_common_modulus(struct trivet_slice der)
{
    return BN_bin2bn(der.data + sizeof before, MODULUS_LEN, NULL);
}

static EVP_PKEY *
from_common(const unsigned char *modulus)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    unsigned char native[MODULUS_LEN]; /* OpenSSL wants this machine's order */
    unsigned exponent = 65537;
    BIGNUM *number = BN_bin2bn(modulus, MODULUS_LEN, NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, sizeof native),
        OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent),
        OSSL_PARAM_construct_end(),
    };

    if (context == NULL || number == NULL
        || BN_bn2nativepad(number, native, sizeof native) < 0
        || EVP_PKEY_fromdata_init(context) != 1
        || EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    BN_free(number);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

EVP_PKEY *
trivet_openssl_public_key(struct trivet_slice der)
{
    const unsigned char *p = der.data;
    EVP_PKEY *pkey;

    if (trivet_openssl_is_common_der(der)) {
        return from_common(der.data + sizeof before);
    }

    pkey = d2i_PUBKEY(NULL, &p, (long) der.len);
    if (pkey != NULL
        && (p != der.data + der.len || !trivet_openssl_is_usable_rsa(pkey)))
    {
        EVP_PKEY_free(pkey);
        return NULL;
    }

    return pkey;
}
