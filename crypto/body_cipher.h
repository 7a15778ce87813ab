/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_cipher.h - AES-256-CBC and HMAC-SHA1 with one key, for one body
 *
 * What the two directions of encryption.h share. Threads: one.
 */
#ifndef TRIVET_CRYPTO_BODY_CIPHER_H
#define TRIVET_CRYPTO_BODY_CIPHER_H

#include <openssl/evp.h>

#include "crypto/encryption.h"

enum trivet_body_direction { TRIVET_BODY_DECRYPT, TRIVET_BODY_ENCRYPT };

struct trivet_body_cipher {
    EVP_CIPHER_CTX *aes;
    EVP_MAC_CTX *mac;
};

/* Zeroed before. Keys both with `key`, and puts iv into the HMAC. Whatever the
 * status: end it with trivet_body_cipher_end. */
TRIVET_MUST_USE enum trivet_status trivet_body_cipher_init(
    struct trivet_body_cipher *cipher,
    const unsigned char key[TRIVET_AES_KEY_LEN],
    const unsigned char iv[TRIVET_AES_BLOCK_LEN],
    enum trivet_body_direction direction);

/* The next piece through AES; out: in.len and a block more. */
TRIVET_MUST_USE enum trivet_status trivet_body_cipher_add(
    struct trivet_body_cipher *cipher, struct trivet_slice in,
    unsigned char *out, size_t *out_len);

/* The last block. TRIVET_E_MALFORMED: a wrong padding, of a decryption. */
TRIVET_MUST_USE enum trivet_status trivet_body_cipher_finish(
    struct trivet_body_cipher *cipher, unsigned char *out, size_t *out_len);

/* Ciphertext into the HMAC, and its value. */
TRIVET_MUST_USE enum trivet_status trivet_body_cipher_mac(
    struct trivet_body_cipher *cipher, struct trivet_slice ciphertext);
TRIVET_MUST_USE enum trivet_status trivet_body_cipher_mac_finish(
    struct trivet_body_cipher *cipher, unsigned char out[TRIVET_HMAC_LEN]);

/* Frees and wipes what it holds. */
void trivet_body_cipher_end(struct trivet_body_cipher *cipher);

#endif
