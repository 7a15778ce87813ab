/* SPDX-License-Identifier: Apache-2.0 */
/* verify_cache.c - signatures that were made, or found right, before */
#include "crypto/verify_cache.h"

enum trivet_status
trivet_signature_tag(const struct trivet_public_key *key, uint64_t *out)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    TRIVET_TRY(
        trivet_sha256(trivet_slice_make(key->der, key->der_len), digest));
    memcpy(out, digest, sizeof *out);

    return TRIVET_OK;
}

static struct trivet_memo_key
key_of(uint64_t tag, const unsigned char digest[TRIVET_DIGEST_LEN])
{
    struct trivet_memo_key key = {.tag = tag};

    memcpy(key.digest, digest, sizeof key.digest);
    return key;
}

bool
trivet_signature_recall(const struct trivet_memos *memos, uint64_t tag,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN])
{
    struct trivet_memo_key key = key_of(tag, digest);

    return memos->made != NULL && trivet_memo_get(memos->made, &key, out);
}

void
trivet_signature_remember(const struct trivet_memos *memos, uint64_t tag,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const char text[TRIVET_SIGNATURE_TEXT_LEN])
{
    struct trivet_memo_key key = key_of(tag, digest);

    if (memos->made != NULL) {
        trivet_memo_put(memos->made, &key, text);
    }
}

enum trivet_status
trivet_sign_cached(const struct trivet_memos *memos, uint64_t tag,
    struct trivet_signer *signer, const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN], bool *out_is_cache_hit)
{
    *out_is_cache_hit = trivet_signature_recall(memos, tag, digest, out);

    if (!*out_is_cache_hit) {
        TRIVET_TRY(trivet_signer_sign(signer, digest, out));
        trivet_signature_remember(memos, tag, digest, out);
    }

    return TRIVET_OK;
}

/* DER tells its own length, the digest has one, and the signature is last: no
 * two of these run together into the same bytes. */
static enum trivet_status
right_key(int64_t installation_id, struct trivet_digest *work,
    struct trivet_slice der, const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, struct trivet_memo_key *out)
{
    out->tag = (uint64_t) installation_id;
    trivet_digest_start(work);
    trivet_digest_add(work, der);
    trivet_digest_add(work, trivet_slice_make(digest, TRIVET_DIGEST_LEN));
    trivet_digest_add(work, signature);

    return trivet_digest_finish(work, out->digest);
}

enum trivet_status
trivet_verify_cached(const struct trivet_memos *memos, int64_t installation_id,
    struct trivet_verifier_cache *cache, struct trivet_digest *work,
    struct trivet_slice der, const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, bool *out_is_valid, bool *out_is_cache_hit)
{
    struct trivet_memo_key key;

    *out_is_cache_hit = false;

    if (memos->right == NULL) {
        return trivet_verify(cache, der, digest, signature, out_is_valid);
    }

    TRIVET_TRY(right_key(installation_id, work, der, digest, signature, &key));

    if (trivet_memo_get(memos->right, &key, NULL)) {
        *out_is_cache_hit = true;
        *out_is_valid = true;
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_verify(cache, der, digest, signature, out_is_valid));
    if (*out_is_valid) {
        trivet_memo_put(memos->right, &key, NULL);
    }

    return TRIVET_OK;
}

bool
trivet_verification_put_off(const struct trivet_memos *memos,
    int64_t installation_id, struct trivet_digest *work,
    struct trivet_slice der, const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, struct trivet_verification *out)
{
    if (memos->right == NULL || der.len > sizeof out->der
        || signature.len != sizeof out->signature
        || right_key(installation_id, work, der, digest, signature, &out->key)
               != TRIVET_OK
        || trivet_memo_get(memos->right, &out->key, NULL))
    {
        return false;
    }

    memcpy(out->der, der.data, der.len);
    out->der_len = der.len;
    memcpy(out->signature, signature.data, signature.len);
    memcpy(out->digest, digest, sizeof out->digest);

    return true;
}

void
trivet_verification_remember(const struct trivet_memos *memos,
    const struct trivet_verification *verified)
{
    if (memos->right != NULL) {
        trivet_memo_put(memos->right, &verified->key, NULL);
    }
}
