/* SPDX-License-Identifier: Apache-2.0 */
/* remembered.c - signatures that were made, or found right, before */
#include "crypto/remembered.h"

enum trivet_status
trivet_signature_tag(const struct trivet_public_key *key, uint64_t *out)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    TRIVET_TRY(
        trivet_sha256(trivet_slice_make(key->der, key->der_len), digest));
    memcpy(out, digest, sizeof *out);

    return TRIVET_OK;
}

enum trivet_status
trivet_sign_remembered(const struct trivet_memos *memos, uint64_t tag,
    struct trivet_signer *signer, const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN], bool *out_was_remembered)
{
    struct trivet_memo_key key = {.tag = tag};

    *out_was_remembered = false;

    if (memos->made == NULL) {
        return trivet_signer_sign(signer, digest, out);
    }

    memcpy(key.digest, digest, sizeof key.digest);
    *out_was_remembered = trivet_memo_get(memos->made, &key, out);

    if (!*out_was_remembered) {
        TRIVET_TRY(trivet_signer_sign(signer, digest, out));
        trivet_memo_put(memos->made, &key, out);
    }

    return TRIVET_OK;
}

/* SHA-256 of no bytes. */
static bool
is_of_nothing(const unsigned char digest[TRIVET_DIGEST_LEN])
{
    static const unsigned char nothing[TRIVET_DIGEST_LEN] = {0xe3, 0xb0, 0xc4,
        0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99,
        0x1b, 0x78, 0x52, 0xb8, 0x55};

    return memcmp(digest, nothing, sizeof nothing) == 0;
}

enum trivet_status
trivet_verify_remembered(const struct trivet_memos *memos,
    int64_t installation_id, struct trivet_verifier_cache *cache,
    struct trivet_digest *work, struct trivet_slice der,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, bool *out_fits, bool *out_was_remembered)
{
    struct trivet_memo_key key = {.tag = (uint64_t) installation_id};

    *out_was_remembered = false;

    if (memos->right == NULL || !is_of_nothing(digest)) {
        return trivet_verify(cache, der, digest, signature, out_fits);
    }

    /* The signature is last: it may have any length, and what is in front of
     * it tells its own. */
    trivet_digest_start(work);
    trivet_digest_add(work, der);
    trivet_digest_add(work, signature);
    TRIVET_TRY(trivet_digest_finish(work, key.digest));

    if (trivet_memo_get(memos->right, &key, NULL)) {
        *out_was_remembered = true;
        *out_fits = true;
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_verify(cache, der, digest, signature, out_fits));
    if (*out_fits) {
        trivet_memo_put(memos->right, &key, NULL);
    }

    return TRIVET_OK;
}
