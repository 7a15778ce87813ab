/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encryption.h - bodies that only the other side can read
 *
 * A body is encrypted with AES-256-CBC (PKCS#7) under a key of its own. That
 * key is encrypted with RSAES-PKCS1-v1_5 to the receiver's public key, and an
 * HMAC-SHA1 over IV and ciphertext, keyed with the same key, protects both.
 * The three go in headers, as base64; the body on the wire is the ciphertext.
 * An empty body is encrypted, too: 16 bytes.
 *
 * Who decrypts learns nothing but "right" or "wrong" (TRIVET_E_MALFORMED), in
 * the same time for each kind of wrong: a bad RSA padding or length gives a
 * random key, and then the HMAC does not match. Nothing is decrypted before
 * the HMAC was found right.
 *
 * Source: docs/protocol-coverage.md, body encryption. Blocks: no, but for keys
 * in a token. Threads: one per encryption and decryption; a decrypter may be
 * used by one thread at a time.
 */
#ifndef TRIVET_CRYPTO_ENCRYPTION_H
#define TRIVET_CRYPTO_ENCRYPTION_H

#include "base/encoding.h"
#include "crypto/key.h"

enum {
    TRIVET_AES_KEY_LEN = 32,
    TRIVET_AES_BLOCK_LEN = 16,
    TRIVET_HMAC_LEN = 20,
    TRIVET_ENCRYPTED_KEY_LEN = 256, /* for a key of 2048 bits */

    TRIVET_ENCRYPTED_KEY_TEXT = TRIVET_BASE64_LEN(TRIVET_ENCRYPTED_KEY_LEN),
    TRIVET_IV_TEXT = TRIVET_BASE64_LEN(TRIVET_AES_BLOCK_LEN),
    TRIVET_HMAC_TEXT = TRIVET_BASE64_LEN(TRIVET_HMAC_LEN)
};

/* Bytes of the ciphertext of num_bytes: padded to the next block. */
#define TRIVET_CIPHERTEXT_LEN(num_bytes)                                       \
    ((num_bytes) / TRIVET_AES_BLOCK_LEN * TRIVET_AES_BLOCK_LEN                 \
        + TRIVET_AES_BLOCK_LEN)

/* The values of the three headers that are sent, without a NUL. */
struct trivet_encryption_fields {
    char key[TRIVET_ENCRYPTED_KEY_TEXT];
    char iv[TRIVET_IV_TEXT];
    char hmac[TRIVET_HMAC_TEXT];
};

/* The values of the three headers that came. */
struct trivet_encryption_received {
    struct trivet_slice key;
    struct trivet_slice iv;
    struct trivet_slice hmac;
};

/* One body on its way to the receiver. */
struct trivet_encryption;

/*
 * Begins the encryption of a body for the owner of the public key `der`, with
 * a fresh key and IV; fills key and iv of out_fields. The caller frees *out.
 *
 * TRIVET_E_MALFORMED  der is no key of 2048 bits.
 * TRIVET_E_CRYPTO     the random generator or OpenSSL failed.
 */
TRIVET_MUST_USE enum trivet_status trivet_encryption_start(
    struct trivet_slice der, struct trivet_encryption_fields *out_fields,
    struct trivet_encryption **out);

/* Encrypts the next piece of the body. out has room for plain.len rounded up
 * to whole blocks, and one more; *out_len tells how much of it is used. */
TRIVET_MUST_USE enum trivet_status trivet_encryption_add(
    struct trivet_encryption *encryption, struct trivet_slice plain,
    unsigned char *out, size_t *out_len);

/* Writes the last block to out and fills hmac of out_fields. */
TRIVET_MUST_USE enum trivet_status trivet_encryption_finish(
    struct trivet_encryption *encryption,
    unsigned char out[TRIVET_AES_BLOCK_LEN], size_t *out_len,
    struct trivet_encryption_fields *out_fields);

void trivet_encryption_free(struct trivet_encryption *encryption);

/* All of it at once; out has room for TRIVET_CIPHERTEXT_LEN(plain.len) bytes,
 * and that many are written. */
TRIVET_MUST_USE enum trivet_status trivet_encrypt(struct trivet_slice der,
    struct trivet_slice plain, unsigned char *out,
    struct trivet_encryption_fields *out_fields);

/* A private key that decrypts. */
struct trivet_decrypter;

/* Of key, which it shares and which must outlive it. */
TRIVET_MUST_USE enum trivet_status trivet_decrypter_new(
    const struct trivet_private_key *key, struct trivet_decrypter **out,
    struct trivet_error *err);
void trivet_decrypter_free(struct trivet_decrypter *decrypter);

/*
 * Decrypts an RSAES-PKCS1-v1_5 ciphertext that holds `len` bytes, in constant
 * time: when the padding is wrong, or what is in it has another length, out
 * gets random bytes and the status is the same.
 *
 * TRIVET_E_MALFORMED  the ciphertext is not 256 bytes, or above the modulus:
 *                     whoever sent it knows that.
 * TRIVET_E_CRYPTO     the key (a token) cannot be used.
 */
TRIVET_MUST_USE enum trivet_status trivet_decrypter_unwrap(
    struct trivet_decrypter *decrypter, struct trivet_slice ciphertext,
    unsigned char *out, size_t len);

/* One body that came. */
struct trivet_decryption;

/* Begins with the headers. When they are not three values of strict base64 of
 * the right lengths, trivet_decryption_check says so, after the same time as of
 * any other mistake. The caller frees *out. */
TRIVET_MUST_USE enum trivet_status trivet_decryption_start(
    struct trivet_decrypter *decrypter,
    const struct trivet_encryption_received *received,
    struct trivet_decryption **out);

/* First pass: the ciphertext, piece by piece, into the HMAC. */
TRIVET_MUST_USE enum trivet_status trivet_decryption_authenticate(
    struct trivet_decryption *decryption, struct trivet_slice ciphertext);

/* Ends the first pass. TRIVET_E_MALFORMED: the HMAC is another, the ciphertext
 * is empty, or not whole blocks, or a header was wrong. */
TRIVET_MUST_USE enum trivet_status trivet_decryption_check(
    struct trivet_decryption *decryption);

/* Second pass, after trivet_decryption_check alone: the same ciphertext, into
 * plain text. out has room for ciphertext.len and a block more. */
TRIVET_MUST_USE enum trivet_status trivet_decryption_add(
    struct trivet_decryption *decryption, struct trivet_slice ciphertext,
    unsigned char *out, size_t *out_len);

/* Writes the rest. TRIVET_E_MALFORMED: the padding is wrong (the sender's own
 * mistake, since the HMAC was right). */
TRIVET_MUST_USE enum trivet_status trivet_decryption_finish(
    struct trivet_decryption *decryption,
    unsigned char out[TRIVET_AES_BLOCK_LEN], size_t *out_len);

void trivet_decryption_free(struct trivet_decryption *decryption);

/* Both passes at once; out has room for ciphertext.len and a block more. On
 * failure it holds nothing of use. */
TRIVET_MUST_USE enum trivet_status trivet_decrypt(
    struct trivet_decrypter *decrypter,
    const struct trivet_encryption_received *received,
    struct trivet_slice ciphertext, unsigned char *out, size_t *out_len);

#endif
