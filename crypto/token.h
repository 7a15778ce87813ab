/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - tokens and API keys: made at random, kept as digests
 *
 * A token is 32 random bytes as 64 lower-case hex digits. A sandbox key is
 * TRIVET_SANDBOX_KEY_PREFIX and 56 digits: 64 characters too. With that much
 * chance in them, a plain SHA-256 is enough to keep them by.
 */
#ifndef TRIVET_CRYPTO_TOKEN_H
#define TRIVET_CRYPTO_TOKEN_H

#include "base/secret.h"
#include "crypto/digest.h"

enum { TRIVET_TOKEN_LEN = 64 };

/* How each API key of a sandbox begins, and no other. */
#define TRIVET_SANDBOX_KEY_PREFIX "sandbox_"

/* Fills out with a new token; out->bytes is also NUL-terminated. */
TRIVET_MUST_USE enum trivet_status trivet_token_make(struct trivet_secret *out);

/* Fills out with a new sandbox API key, NUL-terminated too. */
TRIVET_MUST_USE enum trivet_status trivet_token_make_sandbox_key(
    struct trivet_secret *out);

/* What a token or an API key is kept and looked up by. */
TRIVET_MUST_USE enum trivet_status trivet_token_digest(
    struct trivet_slice token, unsigned char out[TRIVET_DIGEST_LEN]);

#endif
