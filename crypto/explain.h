/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - why a signature does not fit
 *
 * Opens the signature, so that it is known which digest was signed, and then
 * tries the known mistakes (core/mistake.h) until one has that digest: a
 * handful of operations with the public key, and a digest a mistake. Nothing
 * here decides anything. Blocks: no.
 */
#ifndef TRIVET_CRYPTO_EXPLAIN_H
#define TRIVET_CRYPTO_EXPLAIN_H

#include "base/buffer.h"
#include "core/mistake.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "trivet/status.h"

struct trivet_explain_input {
    struct trivet_signed_message message;
    struct trivet_slice signature; /* as it stands in the header */
    const struct trivet_public_key *key;
    const struct trivet_public_key *other_key; /* NULL: none. The other side's
                                                  of the same installation */
    /* Of what should have been signed, when the message's body is not at hand;
     * NULL: it is. */
    const unsigned char *digest;
    size_t max_work; /* trivet_mistake_search_start */
    /* Is given what was signed, when that is found out: at most as much as it
     * may hold. NULL: nobody wants it. A secret may be in it. */
    struct trivet_buffer *was_signed;
};

struct trivet_explanation {
    enum trivet_mistake mistake;
    const char *hash; /* of TRIVET_MISTAKE_WRONG_DIGEST: which; else NULL */
    bool has_signed_digest;
    bool has_given_up; /* max_work was reached: not all was tried */
    unsigned char signed_digest[TRIVET_DIGEST_LEN]; /* what was signed       */
    unsigned char digest[TRIVET_DIGEST_LEN];        /* what should have been */
    size_t len; /* in bytes, of what should have been; 0: body not at hand  */
    bool knows_signed;  /* was_signed has it                                 */
    bool is_signed_cut; /* its beginning                                    */
};

TRIVET_MUST_USE enum trivet_status trivet_explain(
    const struct trivet_explain_input *input, struct trivet_explanation *out,
    struct trivet_error *err);

/* Whether the signature (as in the header) was made with this key, whatever was
 * signed; PSS is not recognised. One operation with the public key. */
bool trivet_explain_is_made_with(
    struct trivet_slice signature, const struct trivet_public_key *key);

#endif
