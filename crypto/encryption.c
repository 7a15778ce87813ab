/* SPDX-License-Identifier: Apache-2.0 */
/* encryption.c - bodies that only the other side can read: the sender's part */
#include "crypto/encryption.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/body_cipher.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

struct trivet_encryption {
    struct trivet_body_cipher cipher;
};

/* RSAES-PKCS1-v1_5 of the AES key to whoever has the private half of der. */
static enum trivet_status
wrap_key(struct trivet_slice der, const unsigned char key[TRIVET_AES_KEY_LEN],
    unsigned char out[TRIVET_ENCRYPTED_KEY_LEN])
{
    EVP_PKEY *pkey = trivet_openssl_public_key(der);
    EVP_PKEY_CTX *context = NULL;
    size_t len = TRIVET_ENCRYPTED_KEY_LEN;
    bool is_done;

    if (pkey == NULL) {
        ERR_clear_error();
        return TRIVET_E_MALFORMED;
    }

    context = EVP_PKEY_CTX_new(pkey, NULL);
    is_done =
        context != NULL && EVP_PKEY_encrypt_init(context) == 1
        && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        && EVP_PKEY_encrypt(context, out, &len, key, TRIVET_AES_KEY_LEN) == 1
        && len == TRIVET_ENCRYPTED_KEY_LEN;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pkey);
    if (!is_done) {
        ERR_clear_error();
    }

    return is_done ? TRIVET_OK : TRIVET_E_CRYPTO;
}

static enum trivet_status
begin(struct trivet_encryption *encryption, struct trivet_slice der,
    struct trivet_encryption_fields *out_fields)
{
    unsigned char key[TRIVET_AES_KEY_LEN];
    unsigned char iv[TRIVET_AES_BLOCK_LEN];
    unsigned char wrapped[TRIVET_ENCRYPTED_KEY_LEN];
    enum trivet_status status = trivet_random(key, sizeof key);

    if (status == TRIVET_OK) {
        status = trivet_random(iv, sizeof iv);
    }
    if (status == TRIVET_OK) {
        status = wrap_key(der, key, wrapped);
    }
    if (status == TRIVET_OK) {
        status = trivet_body_cipher_init(
            &encryption->cipher, key, iv, TRIVET_BODY_ENCRYPT);
    }
    trivet_wipe(key, sizeof key);

    if (status == TRIVET_OK) {
        (void) trivet_base64_encode(
            trivet_slice_make(wrapped, sizeof wrapped), out_fields->key);
        (void) trivet_base64_encode(
            trivet_slice_make(iv, sizeof iv), out_fields->iv);
    }

    return status;
}

enum trivet_status
trivet_encryption_start(struct trivet_slice der,
    struct trivet_encryption_fields *out_fields, struct trivet_encryption **out)
{
    struct trivet_encryption *encryption = calloc(1, sizeof *encryption);
    enum trivet_status status;

    if (encryption == NULL) {
        return TRIVET_E_MEMORY;
    }

    status = begin(encryption, der, out_fields);
    if (status != TRIVET_OK) {
        trivet_encryption_free(encryption);
        return status;
    }

    *out = encryption;
    return TRIVET_OK;
}

enum trivet_status
trivet_encryption_add(struct trivet_encryption *encryption,
    struct trivet_slice plain, unsigned char *out, size_t *out_len)
{
    enum trivet_status status =
        trivet_body_cipher_add(&encryption->cipher, plain, out, out_len);

    if (status != TRIVET_OK) {
        return status;
    }

    return trivet_body_cipher_mac(
        &encryption->cipher, trivet_slice_make(out, *out_len));
}

enum trivet_status
trivet_encryption_finish(struct trivet_encryption *encryption,
    unsigned char out[TRIVET_AES_BLOCK_LEN], size_t *out_len,
    struct trivet_encryption_fields *out_fields)
{
    unsigned char hmac[TRIVET_HMAC_LEN];
    enum trivet_status status =
        trivet_body_cipher_finish(&encryption->cipher, out, out_len);

    if (status == TRIVET_OK) {
        status = trivet_body_cipher_mac(
            &encryption->cipher, trivet_slice_make(out, *out_len));
    }
    if (status == TRIVET_OK) {
        status = trivet_body_cipher_mac_finish(&encryption->cipher, hmac);
    }
    if (status == TRIVET_OK) {
        (void) trivet_base64_encode(
            trivet_slice_make(hmac, sizeof hmac), out_fields->hmac);
    }

    return status;
}

void
trivet_encryption_free(struct trivet_encryption *encryption)
{
    if (encryption != NULL) {
        trivet_body_cipher_end(&encryption->cipher);
        free(encryption);
    }
}

enum trivet_status
trivet_encrypt(struct trivet_slice der, struct trivet_slice plain,
    unsigned char *out, struct trivet_encryption_fields *out_fields)
{
    struct trivet_encryption *encryption;
    enum trivet_status status =
        trivet_encryption_start(der, out_fields, &encryption);
    size_t len = 0;
    size_t rest = 0;

    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_encryption_add(encryption, plain, out, &len);
    if (status == TRIVET_OK) {
        status =
            trivet_encryption_finish(encryption, out + len, &rest, out_fields);
    }
    trivet_encryption_free(encryption);

    return status;
}
