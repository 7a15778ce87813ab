/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_cache.h - signatures that were made, or found valid, before
 *
 * RSASSA-PKCS1-v1_5 is deterministic: the same bytes under the same key have
 * the same signature. So an answer that repeats is signed once, and a request
 * that repeats, such as a GET without a body, verified once. Both memories are
 * bounded and may be shared by processes (core/memo.h). Blocks: no. Threads:
 * any, with signers, caches and digests of their own.
 */
#ifndef TRIVET_CRYPTO_VERIFY_CACHE_H
#define TRIVET_CRYPTO_VERIFY_CACHE_H

#include "core/memo.h"
#include "crypto/signature.h"

/* Either may be NULL: then nothing is cached. */
struct trivet_memos {
    struct trivet_memo *made;  /* values of TRIVET_SIGNATURE_TEXT_LEN bytes */
    struct trivet_memo *right; /* keys alone                                */
};

/* What tells the signatures of one key from those of another: the beginning of
 * its digest. */
TRIVET_MUST_USE enum trivet_status trivet_signature_tag(
    const struct trivet_public_key *key, uint64_t *out);

/* trivet_signer_sign, or the signature that it gave for this digest before.
 * tag: of signer's key. */
TRIVET_MUST_USE enum trivet_status trivet_sign_cached(
    const struct trivet_memos *memos, uint64_t tag,
    struct trivet_signer *signer, const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN], bool *out_is_cache_hit);

/* The two halves of that, for who signs in between. False: it is not known. */
bool trivet_signature_recall(const struct trivet_memos *memos, uint64_t tag,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    char out[TRIVET_SIGNATURE_TEXT_LEN]);
void trivet_signature_remember(const struct trivet_memos *memos, uint64_t tag,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const char text[TRIVET_SIGNATURE_TEXT_LEN]);

/*
 * trivet_verify, or its answer of before. Only valid signatures are
 * remembered: of this installation, this key and this digest, bit by bit. work:
 * for the digest of all that.
 */
TRIVET_MUST_USE enum trivet_status trivet_verify_cached(
    const struct trivet_memos *memos, int64_t installation_id,
    struct trivet_verifier_cache *cache, struct trivet_digest *work,
    struct trivet_slice der, const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, bool *out_is_valid, bool *out_is_cache_hit);

/* A verification that is wanted: copies of all that it takes. */
struct trivet_verification {
    unsigned char der[TRIVET_MAX_PUBLIC_KEY_DER];
    size_t der_len;
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    unsigned char digest[TRIVET_DIGEST_LEN];
    struct trivet_memo_key key; /* what it is remembered by */
};

/* True: it is not known whether the signature is valid, and *out is what tells.
 * False: it is, or it cannot be put off. */
bool trivet_verification_put_off(const struct trivet_memos *memos,
    int64_t installation_id, struct trivet_digest *work,
    struct trivet_slice der, const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_slice signature, struct trivet_verification *out);
/* It was valid: trivet_verify_cached will know. */
void trivet_verification_remember(const struct trivet_memos *memos,
    const struct trivet_verification *verified);

#endif
