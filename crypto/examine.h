/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examine.h - looking into signatures that do not fit
 *
 * For finding out what was signed, and how. Nothing here decides anything.
 */
#ifndef TRIVET_CRYPTO_EXAMINE_H
#define TRIVET_CRYPTO_EXAMINE_H

#include "base/slice.h"
#include "crypto/key.h"
#include "trivet/status.h"

enum { TRIVET_MAX_HASH_LEN = 64 };

/* What the padding inside a signature turned out to be. */
enum trivet_padding {
    TRIVET_PADDING_NONE = 0, /* random bytes: it was made with another key */
    TRIVET_PADDING_PKCS1,    /* with a digest of a named algorithm         */
    TRIVET_PADDING_BARE,     /* PKCS#1, around bytes that name none        */
    TRIVET_PADDING_PSS       /* for the body that was given                */
};

struct trivet_examined {
    enum trivet_padding padding;
    const char *hash; /* of PKCS1 and PSS: static, such as "SHA256" */
    unsigned char digest[TRIVET_MAX_HASH_LEN];
    size_t digest_len; /* of PKCS1 and BARE */
};

/* Opens signature (raw bytes) with the public key and looks inside; a PSS
 * signature is known by body alone.
 * TRIVET_E_MALFORMED: no signature of this key's size. */
TRIVET_MUST_USE enum trivet_status trivet_signature_examine(
    const struct trivet_public_key *key, struct trivet_slice signature,
    struct trivet_slice body, struct trivet_examined *out);

/* Whether signature was made with the private half of key, whatever was signed:
 * it has PKCS#1 v1.5 padding inside. PSS is not recognised. */
bool trivet_signature_is_by(
    const struct trivet_public_key *key, struct trivet_slice signature);

/* Reads a public key from any PEM: public, private or certificate. */
TRIVET_MUST_USE enum trivet_status trivet_public_key_from_any(
    struct trivet_slice pem, struct trivet_public_key *out,
    struct trivet_error *err);

#endif
