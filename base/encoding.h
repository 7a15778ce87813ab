/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encoding.h - base64 and hex, strict
 *
 * base64 is RFC 4648 section 4: the standard alphabet, padded, on one line.
 * The decoder refuses everything else (URL-safe letters, line breaks, missing
 * padding, bits set behind the end), because a signature header has exactly
 * one spelling. Not constant-time: signatures and public keys are not secret.
 */
#ifndef TRIVET_BASE_ENCODING_H
#define TRIVET_BASE_ENCODING_H

#include "base/slice.h"
#include "trivet/status.h"

/* Characters that base64 needs for num_bytes, without a NUL. */
#define TRIVET_BASE64_LEN(num_bytes) (((num_bytes) + 2) / 3 * 4)

/* Writes TRIVET_BASE64_LEN(in.len) characters and no NUL; returns that. */
size_t trivet_base64_encode(struct trivet_slice in, char *out);

/*
 * Decodes text into out (cap bytes); on failure out holds nothing of use.
 *
 * TRIVET_E_MALFORMED  not strict base64.
 * TRIVET_E_LIMIT      more than cap bytes.
 */
TRIVET_MUST_USE enum trivet_status trivet_base64_decode(
    struct trivet_slice text, unsigned char *out, size_t cap, size_t *out_len);

/* Writes 2 * in.len lower-case digits and no NUL. */
void trivet_hex_encode(struct trivet_slice in, char *out);

#endif
