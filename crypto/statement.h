/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.h - statements of the server, signed by RSASSA-PKCS1-v1_5 with
 * SHA-512
 *
 * A server key signs answers with SHA-256, and their bodies may be text that
 * the API took from a caller. So no answer's signature may be valid for a
 * statement: a signature with SHA-256 never verifies with SHA-512.
 * Blocks: no; signing with a key in hardware asks that. Threads: any.
 */
#ifndef TRIVET_CRYPTO_STATEMENT_H
#define TRIVET_CRYPTO_STATEMENT_H

#include "crypto/signature.h"

/* Writes TRIVET_SIGNATURE_TEXT_LEN characters of base64, no NUL.
 * TRIVET_E_CRYPTO when it could not be done. */
TRIVET_MUST_USE enum trivet_status trivet_statement_sign(
    const struct trivet_private_key *key, struct trivet_slice statement,
    char out[TRIVET_SIGNATURE_TEXT_LEN]);

/* Whether signature (raw bytes) is that of the key over statement. False too
 * when anything fails. */
bool trivet_statement_is_signed(const struct trivet_public_key *key,
    struct trivet_slice statement, struct trivet_slice signature);

#endif
