/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h - RSASSA-PKCS1-v1_5 with SHA-256
 *
 * Both sides work on the SHA-256 digest of what is signed. Signers and
 * verifiers are initialised once and used for many signatures.
 * Blocks: no. Threads: one per signer, verifier or cache.
 */
#ifndef TRIVET_CRYPTO_SIGNATURE_H
#define TRIVET_CRYPTO_SIGNATURE_H

#include <stdint.h>

#include "base/encoding.h"
#include "core/limits.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/parsed_keys.h"

enum {
    TRIVET_SIGNATURE_LEN = 256, /* bytes, for a key of 2048 bits */
    TRIVET_SIGNATURE_TEXT_LEN = TRIVET_BASE64_LEN(TRIVET_SIGNATURE_LEN)
};

struct trivet_signer;

/* Of key, which it copies, or shares when the key is of a URI. */
TRIVET_MUST_USE enum trivet_status trivet_signer_new(
    const struct trivet_private_key *key, struct trivet_signer **out,
    struct trivet_error *err);
void trivet_signer_free(struct trivet_signer *signer);

/* Signs, and writes the header's base64: TRIVET_SIGNATURE_TEXT_LEN characters,
 * no NUL. TRIVET_E_CRYPTO when it could not be done. */
TRIVET_MUST_USE enum trivet_status trivet_signer_sign(
    struct trivet_signer *signer, const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN]);

/*
 * Verifies signature (raw bytes) over digest with the public key in der.
 *
 * TRIVET_OK           out_is_valid says whether it is valid.
 * TRIVET_E_MALFORMED  der is no key.
 */
TRIVET_MUST_USE enum trivet_status trivet_verify(
    struct trivet_verifier_cache *cache, struct trivet_slice der,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, bool *out_is_valid);

#endif
