/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h - RSA key pairs: files, PEM, DER
 *
 * The protocol knows RSA of 2048 bits alone. A modulus of 2047 bits counts as
 * 2048: some key makers do not force the top bit.
 */
#ifndef TRIVET_CRYPTO_KEY_H
#define TRIVET_CRYPTO_KEY_H

#include "base/slice.h"
#include "core/limits.h"
#include "trivet/status.h"

/* A private key in memory. Not changed after it was made: may be shared by
 * threads; each thread makes its own signer of it. */
struct trivet_private_key;

/* The public half: SubjectPublicKeyInfo. */
struct trivet_public_key {
    unsigned char der[TRIVET_MAX_PUBLIC_KEY_DER];
    size_t der_len;
};

/*
 * Reads a PEM private key (PKCS#8 or PKCS#1, not encrypted).
 *
 * TRIVET_E_NOT_FOUND  no such file.
 * TRIVET_E_USAGE      the file is open to others than its owner.
 * TRIVET_E_MALFORMED  no private key in it, or not RSA of 2048 bits.
 */
TRIVET_MUST_USE enum trivet_status trivet_private_key_load(const char *path,
    struct trivet_private_key **out, struct trivet_error *err);

/* Whether text is a URI (scheme:...) and no path. A path with a colon can begin
 * with "./". */
bool trivet_private_key_is_uri(const char *text);

/*
 * Opens the key of a file (as trivet_private_key_load) or of a URI: one of
 * OpenSSL's stores, or pkcs11: through the engine of that name when no store
 * knows it. Blocks: a token may be asked. Never asks a terminal for a PIN.
 *
 * Such a key does not survive a fork; it cannot be written; and it must
 * outlive its signers.
 *
 * The error never has the URI in it: there may be a PIN in that.
 */
TRIVET_MUST_USE enum trivet_status trivet_private_key_open(const char *location,
    struct trivet_private_key **out, struct trivet_error *err);

/* trivet_private_key_load from memory. */
TRIVET_MUST_USE enum trivet_status trivet_private_key_parse(
    struct trivet_slice pem, struct trivet_private_key **out,
    struct trivet_error *err);

/* Makes a new key of 2048 bits. Takes 0.1 to 0.6 s. */
TRIVET_MUST_USE enum trivet_status trivet_private_key_generate(
    struct trivet_private_key **out, struct trivet_error *err);

void trivet_private_key_free(struct trivet_private_key *key);

/* PKCS#8 and SubjectPublicKeyInfo PEM: 64 columns, LF, with a last newline.
 * out (cap bytes) is NUL-terminated. Wipe a private key's text after use. */
TRIVET_MUST_USE enum trivet_status trivet_private_key_to_pem(
    const struct trivet_private_key *key, char *out, size_t cap);
TRIVET_MUST_USE enum trivet_status trivet_private_key_public_pem(
    const struct trivet_private_key *key, char *out, size_t cap);
TRIVET_MUST_USE enum trivet_status trivet_private_key_public(
    const struct trivet_private_key *key, struct trivet_public_key *out);

/*
 * Reads a client's public key from PEM text as clients send it:
 *
 *   pem = "-----BEGIN PUBLIC KEY-----" base64 "-----END PUBLIC KEY-----"
 *
 * or with RSA PUBLIC KEY in both marks (PKCS#1), with line ends, blanks and
 * columns of any kind in between and around.
 *
 * TRIVET_E_MALFORMED  not that, not RSA, not 2048 bits, an exponent that is
 *                     even, below 65537 or above 32 bits, or a modulus that
 *                     is known to be weak (crypto/weak.h).
 *
 * trivet_verify takes smaller exponents, of keys that are stored already.
 */
TRIVET_MUST_USE enum trivet_status trivet_public_key_parse(
    struct trivet_slice pem, struct trivet_public_key *out,
    struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status trivet_public_key_to_pem(
    const struct trivet_public_key *key, char *out, size_t cap);

#endif
