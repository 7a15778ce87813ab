/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - tokens and API keys: made at random, kept as digests */
#include "crypto/token.h"

#include "base/encoding.h"

/* prefix and random digits, TRIVET_TOKEN_LEN characters together */
static enum trivet_status
make(const char *prefix, struct trivet_secret *out)
{
    unsigned char random[TRIVET_TOKEN_LEN / 2];
    size_t prefix_len = strlen(prefix);
    size_t random_len = (TRIVET_TOKEN_LEN - prefix_len) / 2;

    TRIVET_TRY(trivet_random(random, random_len));

    memcpy(out->bytes, prefix, prefix_len);
    trivet_hex_encode(trivet_slice_make(random, random_len),
        (char *) out->bytes + prefix_len);
    out->bytes[TRIVET_TOKEN_LEN] = '\0';
    out->len = TRIVET_TOKEN_LEN;

    trivet_wipe(random, sizeof random);
    return TRIVET_OK;
}

enum trivet_status
trivet_token_make(struct trivet_secret *out)
{
    return make("", out);
}

enum trivet_status
trivet_token_make_sandbox_key(struct trivet_secret *out)
{
    return make(TRIVET_SANDBOX_KEY_PREFIX, out);
}

enum trivet_status
trivet_token_digest(
    struct trivet_slice token, unsigned char out[TRIVET_DIGEST_LEN])
{
    return trivet_sha256(token, out);
}
