/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - what a call's last exchange can be proven with later: what was
 * signed, both signatures, and the keys that they verify under
 *
 * Blocks: as trivet_call. Threads: one per evidence.
 */
#ifndef TRIVET_CLIENT_EVIDENCE_H
#define TRIVET_CLIENT_EVIDENCE_H

#include "client/request.h"
#include "client/transport.h"
#include "core/canonical.h"
#include "crypto/digest.h"
#include "crypto/key.h"

/* Of a request, or of an answer. */
struct trivet_evidence_part {
    enum trivet_scheme scheme;
    bool is_encrypted;
    unsigned char body[TRIVET_DIGEST_LEN];    /* as it was on the wire        */
    unsigned char covered[TRIVET_DIGEST_LEN]; /* what the signature is over   */
    /* TRIVET_SCHEME_FULL: what is signed before the body; a session's token is
     * left out of it. */
    struct trivet_buffer head;
    char signature[TRIVET_SIGNATURE_SIZE]; /* base64; "": there is none */
    struct trivet_public_key key;          /* der_len 0: there is none  */
};

/* Zeroed, it is empty. Release it. */
struct trivet_evidence {
    enum trivet_status status; /* not TRIVET_OK: it is not complete */
    bool was_sent;             /* perhaps in part */
    bool has_answer;
    char url[TRIVET_MAX_FULL_URL];
    int64_t sent_us;
    unsigned answer_status;
    /* An answer whose signature is missing or wrong has none here. */
    struct trivet_evidence_part request;
    struct trivet_evidence_part answer;
};

void trivet_evidence_release(struct trivet_evidence *evidence);

/* trivet_call, which also fills in evidence (that is empty), whatever comes of
 * the call. */
TRIVET_MUST_USE enum trivet_status trivet_call_with_evidence(
    struct trivet_context *context, const struct trivet_call *call,
    struct trivet_evidence *evidence, struct trivet_answer **out,
    struct trivet_error *err);

/* ---- for who makes the exchange; evidence NULL: nothing is noted ----------
 */

/* It is about to be sent; what was noted of an exchange before is forgotten.
 * key NULL: the client has none. */
void trivet_evidence_begin(struct trivet_evidence *evidence,
    const struct trivet_wire_request *request, enum trivet_scheme scheme,
    const struct trivet_private_key *key, int64_t now_us);

/* The answer, before it is decrypted. server_key: DER. */
void trivet_evidence_add_answer(struct trivet_evidence *evidence,
    const struct trivet_wire_answer *answer, bool is_verified,
    enum trivet_scheme scheme, struct trivet_slice server_key);

#endif
