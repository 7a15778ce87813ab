/* SPDX-License-Identifier: Apache-2.0 */
/* decryption.c - bodies that only the other side can read: the receiver's */
#include "crypto/encryption.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/body_cipher.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

struct trivet_decrypter {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *context;
    CRYPTO_RWLOCK *lock; /* the key's, when it is in a token; else NULL */
};

struct trivet_decryption {
    struct trivet_body_cipher cipher;
    unsigned char hmac[TRIVET_HMAC_LEN]; /* the one that came */
    size_t num_bytes;                    /* of ciphertext, first pass */
    bool is_broken;                      /* whatever the HMAC says */
    bool is_authentic;
};

enum trivet_status
trivet_decrypter_new(const struct trivet_private_key *key,
    struct trivet_decrypter **out, struct trivet_error *err)
{
    struct trivet_decrypter *decrypter = calloc(1, sizeof *decrypter);

    if (decrypter == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "decrypter.new", "out of memory");
    }

    decrypter->lock = key->lock;
    if (key->lock == NULL) {
        decrypter->pkey = EVP_PKEY_dup(key->pkey);
    } else if (EVP_PKEY_up_ref(key->pkey) == 1) {
        decrypter->pkey = key->pkey;
    }
    if (decrypter->pkey != NULL) {
        decrypter->context = EVP_PKEY_CTX_new(decrypter->pkey, NULL);
    }

    /* No padding of OpenSSL's: 3.0 tells a wrong one by its time and error. */
    if (decrypter->context == NULL
        || EVP_PKEY_decrypt_init(decrypter->context) != 1
        || EVP_PKEY_CTX_set_rsa_padding(decrypter->context, RSA_NO_PADDING)
               != 1)
    {
        trivet_decrypter_free(decrypter);
        return trivet_openssl_error(
            err, TRIVET_E_CRYPTO, "decrypter.new", "the key cannot decrypt");
    }

    *out = decrypter;
    return TRIVET_OK;
}

void
trivet_decrypter_free(struct trivet_decrypter *decrypter)
{
    if (decrypter != NULL) {
        EVP_PKEY_CTX_free(decrypter->context);
        EVP_PKEY_free(decrypter->pkey);
        free(decrypter);
    }
}

/* All ones when x is zero, else zero; without a branch. */
static unsigned
mask_of_zero(unsigned x)
{
    return (unsigned) -(int) ((~x & (x - 1)) >> (sizeof x * 8 - 1));
}

/*
 * RFC 8017 7.2.2 for a message of a length that is known before:
 *
 *   block = 0x00 0x02 (bytes that are not zero) 0x00 message
 *
 * The same instructions and addresses whatever is in the block: out gets the
 * message, or what stands in `other`.
 */
static void
unpad(const unsigned char block[TRIVET_ENCRYPTED_KEY_LEN],
    const unsigned char *other, unsigned char *out, size_t len)
{
    size_t zero_at = TRIVET_ENCRYPTED_KEY_LEN - len - 1;
    unsigned good = mask_of_zero(block[0]) & mask_of_zero(block[1] ^ 2U)
                    & mask_of_zero(block[zero_at]);

    for (size_t i = 2; i < zero_at; i++) {
        good &= ~mask_of_zero(block[i]);
    }

    for (size_t i = 0; i < len; i++) {
        out[i] = (unsigned char) ((block[zero_at + 1 + i] & good)
                                  | (other[i] & ~good));
    }
}

/* RSA alone. It fails for what is above the modulus, which the sender knows. */
static enum trivet_status
decrypt_raw(struct trivet_decrypter *decrypter, struct trivet_slice ciphertext,
    unsigned char block[TRIVET_ENCRYPTED_KEY_LEN])
{
    size_t len = TRIVET_ENCRYPTED_KEY_LEN;
    int done;

    if (decrypter->lock != NULL
        && CRYPTO_THREAD_write_lock(decrypter->lock) != 1) {
        return TRIVET_E_CRYPTO;
    }
    done = EVP_PKEY_decrypt(
        decrypter->context, block, &len, ciphertext.data, ciphertext.len);
    if (decrypter->lock != NULL) {
        (void) CRYPTO_THREAD_unlock(decrypter->lock);
    }

    if (done != 1 || len != TRIVET_ENCRYPTED_KEY_LEN) {
        ERR_clear_error();
        return TRIVET_E_MALFORMED;
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_decrypter_unwrap(struct trivet_decrypter *decrypter,
    struct trivet_slice ciphertext, unsigned char *out, size_t len)
{
    unsigned char block[TRIVET_ENCRYPTED_KEY_LEN];
    unsigned char other[TRIVET_ENCRYPTED_KEY_LEN];
    enum trivet_status status;

    /* PKCS#1 pads with eight bytes at least. */
    if (ciphertext.len != TRIVET_ENCRYPTED_KEY_LEN
        || len > TRIVET_ENCRYPTED_KEY_LEN - 11)
    {
        return TRIVET_E_MALFORMED;
    }

    status = trivet_random(other, sizeof other);
    if (status == TRIVET_OK) {
        status = decrypt_raw(decrypter, ciphertext, block);
    }
    if (status == TRIVET_OK) {
        unpad(block, other, out, len);
    }
    trivet_wipe(block, sizeof block);
    trivet_wipe(other, sizeof other);

    return status;
}

/* A value of strict base64 with exactly len bytes. */
static bool
read_field(struct trivet_slice text, unsigned char *out, size_t len)
{
    size_t got;

    return trivet_base64_decode(text, out, len, &got) == TRIVET_OK
           && got == len;
}

/* What cannot be read is all the same run through to the end: it takes the time
 * of any other mistake. */
static enum trivet_status
begin(struct trivet_decryption *decryption, struct trivet_decrypter *decrypter,
    const struct trivet_encryption_received *received)
{
    unsigned char wrapped[TRIVET_ENCRYPTED_KEY_LEN] = {0};
    unsigned char iv[TRIVET_AES_BLOCK_LEN] = {0};
    unsigned char key[TRIVET_AES_KEY_LEN];
    struct trivet_slice ciphertext = trivet_slice_make(wrapped, sizeof wrapped);
    enum trivet_status status;

    decryption->is_broken |=
        !read_field(received->key, wrapped, sizeof wrapped);
    decryption->is_broken |= !read_field(received->iv, iv, sizeof iv);
    decryption->is_broken |=
        !read_field(received->hmac, decryption->hmac, sizeof decryption->hmac);
    if (decryption->is_broken) {
        wrapped[0] = 0;
        wrapped[sizeof wrapped - 1] |= 2; /* no trivial power */
    }

    status = trivet_decrypter_unwrap(decrypter, ciphertext, key, sizeof key);
    if (status == TRIVET_E_MALFORMED) { /* above the modulus */
        decryption->is_broken = true;
        wrapped[0] = 0;
        status =
            trivet_decrypter_unwrap(decrypter, ciphertext, key, sizeof key);
    }
    if (status == TRIVET_OK) {
        status = trivet_body_cipher_init(
            &decryption->cipher, key, iv, TRIVET_BODY_DECRYPT);
    }
    trivet_wipe(key, sizeof key);

    return status;
}

enum trivet_status
trivet_decryption_start(struct trivet_decrypter *decrypter,
    const struct trivet_encryption_received *received,
    struct trivet_decryption **out)
{
    struct trivet_decryption *decryption = calloc(1, sizeof *decryption);
    enum trivet_status status;

    if (decryption == NULL) {
        return TRIVET_E_MEMORY;
    }

    status = begin(decryption, decrypter, received);
    if (status != TRIVET_OK) {
        trivet_decryption_free(decryption);
        return status;
    }

    *out = decryption;
    return TRIVET_OK;
}

enum trivet_status
trivet_decryption_authenticate(
    struct trivet_decryption *decryption, struct trivet_slice ciphertext)
{
    decryption->num_bytes += ciphertext.len;
    return trivet_body_cipher_mac(&decryption->cipher, ciphertext);
}

enum trivet_status
trivet_decryption_check(struct trivet_decryption *decryption)
{
    unsigned char hmac[TRIVET_HMAC_LEN];
    enum trivet_status status =
        trivet_body_cipher_mac_finish(&decryption->cipher, hmac);

    if (status != TRIVET_OK) {
        return status;
    }

    decryption->is_authentic =
        trivet_ct_equal(hmac, decryption->hmac, sizeof hmac)
        && !decryption->is_broken && decryption->num_bytes > 0
        && decryption->num_bytes % TRIVET_AES_BLOCK_LEN == 0;

    return decryption->is_authentic ? TRIVET_OK : TRIVET_E_MALFORMED;
}

enum trivet_status
trivet_decryption_add(struct trivet_decryption *decryption,
    struct trivet_slice ciphertext, unsigned char *out, size_t *out_len)
{
    if (!decryption->is_authentic) {
        return TRIVET_E_INTERNAL;
    }

    return trivet_body_cipher_add(
        &decryption->cipher, ciphertext, out, out_len);
}

enum trivet_status
trivet_decryption_finish(struct trivet_decryption *decryption,
    unsigned char out[TRIVET_AES_BLOCK_LEN], size_t *out_len)
{
    if (!decryption->is_authentic) {
        return TRIVET_E_INTERNAL;
    }

    return trivet_body_cipher_finish(&decryption->cipher, out, out_len);
}

void
trivet_decryption_free(struct trivet_decryption *decryption)
{
    if (decryption != NULL) {
        trivet_body_cipher_end(&decryption->cipher);
        free(decryption);
    }
}

enum trivet_status
trivet_decrypt(struct trivet_decrypter *decrypter,
    const struct trivet_encryption_received *received,
    struct trivet_slice ciphertext, unsigned char *out, size_t *out_len)
{
    struct trivet_decryption *decryption;
    enum trivet_status status =
        trivet_decryption_start(decrypter, received, &decryption);
    size_t len = 0;
    size_t rest = 0;

    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_decryption_authenticate(decryption, ciphertext);
    if (status == TRIVET_OK) {
        status = trivet_decryption_check(decryption);
    }
    if (status == TRIVET_OK) {
        status = trivet_decryption_add(decryption, ciphertext, out, &len);
    }
    if (status == TRIVET_OK) {
        status = trivet_decryption_finish(decryption, out + len, &rest);
    }
    if (status == TRIVET_OK) {
        *out_len = len + rest;
    }
    trivet_decryption_free(decryption);

    return status;
}
