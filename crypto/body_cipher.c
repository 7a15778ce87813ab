/* SPDX-License-Identifier: Apache-2.0 */
/* body_cipher.c - AES-256-CBC and HMAC-SHA1 with one key, for one body */
#include "crypto/body_cipher.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

/* What OpenSSL's int lengths take at once, in whole blocks. */
enum { MAX_PIECE = INT_MAX / 2 / TRIVET_AES_BLOCK_LEN * TRIVET_AES_BLOCK_LEN };

static enum trivet_status
told(int is_done)
{
    if (is_done != 1) {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    return TRIVET_OK;
}

static enum trivet_status
init_mac(struct trivet_body_cipher *cipher,
    const unsigned char key[TRIVET_AES_KEY_LEN],
    const unsigned char iv[TRIVET_AES_BLOCK_LEN])
{
    char sha1[] = "SHA1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    if (hmac != NULL) {
        cipher->mac = EVP_MAC_CTX_new(hmac); /* keeps hmac itself */
        EVP_MAC_free(hmac);
    }

    return told(
        cipher->mac != NULL
        && EVP_MAC_init(cipher->mac, key, TRIVET_AES_KEY_LEN, params) == 1
        && EVP_MAC_update(cipher->mac, iv, TRIVET_AES_BLOCK_LEN) == 1);
}

enum trivet_status
trivet_body_cipher_init(struct trivet_body_cipher *cipher,
    const unsigned char key[TRIVET_AES_KEY_LEN],
    const unsigned char iv[TRIVET_AES_BLOCK_LEN],
    enum trivet_body_direction direction)
{
    enum trivet_status status;

    cipher->aes = EVP_CIPHER_CTX_new();
    status = told(cipher->aes != NULL
                  && EVP_CipherInit_ex2(cipher->aes, EVP_aes_256_cbc(), key, iv,
                         direction == TRIVET_BODY_ENCRYPT, NULL)
                         == 1);

    return status == TRIVET_OK ? init_mac(cipher, key, iv) : status;
}

enum trivet_status
trivet_body_cipher_add(struct trivet_body_cipher *cipher,
    struct trivet_slice in, unsigned char *out, size_t *out_len)
{
    size_t written = 0;

    for (size_t done = 0; done < in.len;) {
        size_t piece = in.len - done < MAX_PIECE ? in.len - done : MAX_PIECE;
        int len;

        if (EVP_CipherUpdate(
                cipher->aes, out + written, &len, in.data + done, (int) piece)
            != 1)
        {
            return told(0);
        }
        done += piece;
        written += (size_t) len;
    }

    *out_len = written;
    return TRIVET_OK;
}

enum trivet_status
trivet_body_cipher_finish(
    struct trivet_body_cipher *cipher, unsigned char *out, size_t *out_len)
{
    int len = 0;

    if (EVP_CipherFinal_ex(cipher->aes, out, &len) != 1) {
        ERR_clear_error();
        return TRIVET_E_MALFORMED;
    }

    *out_len = (size_t) len;
    return TRIVET_OK;
}

enum trivet_status
trivet_body_cipher_mac(
    struct trivet_body_cipher *cipher, struct trivet_slice ciphertext)
{
    return told(EVP_MAC_update(cipher->mac, ciphertext.data, ciphertext.len));
}

enum trivet_status
trivet_body_cipher_mac_finish(
    struct trivet_body_cipher *cipher, unsigned char out[TRIVET_HMAC_LEN])
{
    size_t len = 0;

    return told(EVP_MAC_final(cipher->mac, out, &len, TRIVET_HMAC_LEN) == 1
                && len == TRIVET_HMAC_LEN);
}

void
trivet_body_cipher_end(struct trivet_body_cipher *cipher)
{
    EVP_CIPHER_CTX_free(cipher->aes);
    EVP_MAC_CTX_free(cipher->mac);
    cipher->aes = NULL;
    cipher->mac = NULL;
}
