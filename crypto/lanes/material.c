/* SPDX-License-Identifier: Apache-2.0 */
/* material.c - RSA keys as crypto_mb wants them: arrays of 64-bit words */
#include "crypto/lanes/material.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/openssl.h"

enum { PUBLIC_EXPONENT = 65537, EXPONENT_LEN = 5 /* of its DER, at the end */ };

/* One number of the key, of num_words words; with its bits when is_full. */
struct part {
    const char *name;
    uint64_t *out;
    int num_words;
    bool is_full;
};

static bool
take_part(const EVP_PKEY *pkey, const struct part *part)
{
    BIGNUM *number = NULL;
    unsigned char bytes[TRIVET_LANE_LEN];
    int len = part->num_words * 8;
    bool is_taken =
        EVP_PKEY_get_bn_param(pkey, part->name, &number) == 1
        && (!part->is_full || BN_num_bits(number) == part->num_words * 64)
        && BN_bn2lebinpad(number, bytes, len) == len;

    BN_clear_free(number);

    for (int i = 0; is_taken && i < part->num_words; i++) {
        part->out[i] = 0;
        for (int j = 7; j >= 0; j--) {
            part->out[i] = part->out[i] << 8 | bytes[8 * i + j];
        }
    }

    trivet_wipe(bytes, sizeof bytes);
    return is_taken;
}

static bool
has_usual_exponent(const EVP_PKEY *pkey)
{
    BIGNUM *exponent = NULL;
    bool is_usual =
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1
        && BN_is_word(exponent, PUBLIC_EXPONENT);

    BN_free(exponent);
    return is_usual;
}

static bool
take_parts(const EVP_PKEY *pkey, struct trivet_lane_key *key)
{
    const struct part parts[] = {
        {OSSL_PKEY_PARAM_RSA_N, key->n, TRIVET_LANE_WORDS, true},
        {OSSL_PKEY_PARAM_RSA_FACTOR1, key->p, TRIVET_LANE_HALF, true},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, key->q, TRIVET_LANE_HALF, true},
        {OSSL_PKEY_PARAM_RSA_EXPONENT1, key->dp, TRIVET_LANE_HALF, false},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, key->dq, TRIVET_LANE_HALF, false},
        {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, key->iq, TRIVET_LANE_HALF, false},
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!take_part(pkey, &parts[i])) {
            return false;
        }
    }

    return has_usual_exponent(pkey);
}

enum trivet_status
trivet_lane_key_new(const struct trivet_private_key *key,
    struct trivet_lane_key **out, struct trivet_error *err)
{
    struct trivet_lane_key *made;

    if (key->lock != NULL) {
        return trivet_error_set(
            err, TRIVET_E_UNAVAILABLE, "lanes", "the server key is of a URI");
    }

    made = calloc(1, sizeof *made);
    if (made == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "lanes", "out of memory");
    }

    if (!take_parts(key->pkey, made)) {
        ERR_clear_error();
        trivet_lane_key_free(made);
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "lanes",
            "the server key is not of two primes of 1024 bits and 65537");
    }

    *out = made;
    return TRIVET_OK;
}

void
trivet_lane_key_free(struct trivet_lane_key *key)
{
    if (key != NULL) {
        trivet_wipe(key, sizeof *key);
        free(key);
    }
}

bool
trivet_lane_modulus(struct trivet_slice der, struct trivet_slice signature,
    uint64_t out[TRIVET_LANE_WORDS])
{
    const unsigned char *modulus;

    if (signature.len != TRIVET_LANE_LEN || !trivet_openssl_is_common_der(der))
    {
        return false;
    }

    modulus = der.data + der.len - EXPONENT_LEN - TRIVET_LANE_LEN;
    for (int i = 0; i < TRIVET_LANE_WORDS; i++) {
        const unsigned char *word =
            modulus + (size_t) (TRIVET_LANE_WORDS - 1 - i) * 8;

        out[i] = 0;
        for (int j = 0; j < 8; j++) {
            out[i] = out[i] << 8 | word[j];
        }
    }

    return memcmp(signature.data, modulus, TRIVET_LANE_LEN) < 0;
}
