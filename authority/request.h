/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - what a caller sent
 */
#ifndef TRIVET_AUTHORITY_REQUEST_H
#define TRIVET_AUTHORITY_REQUEST_H

#include "authority/calls.h"
#include "authority/encrypted_body.h"
#include "authority/evidence.h"
#include "core/address.h"
#include "core/decide.h"
#include "core/device_rate.h"
#include "core/profile.h"
#include "crypto/digest.h"

struct trivet_request {
    const struct trivet_protocol_call
        *call; /* NULL: a call of the API behind        */
    long long path_ids[TRIVET_MAX_PATH_IDS];
    struct trivet_slice query; /* of the target, without "?" */
    bool is_head; /* the answer's body will not be sent                      */
    const struct trivet_profile *profile;
    struct trivet_rule rule; /* of the call, or what the API behind asks for */

    struct trivet_slice token;
    size_t num_tokens; /* headers; more than one is refused */
    struct trivet_slice signature;
    enum trivet_signature_header signature_header;
    struct trivet_slice language;
    struct trivet_slice id; /* X-Bunq-Client-Request-Id; empty: none */
    bool is_id_counted;     /* when it was decided before */
    enum trivet_device_rate_kind device_rate; /* which of the 2026 limits */
    bool is_call_counted; /* under it, when it was decided before */
    struct trivet_address address;

    /* The body is still to be read: what can be refused without it is. Whatever
     * else is neither admitted nor refused (TRIVET_DENY, TRIVET_REASON_NONE, no
     * answer), and has to be asked about once more. */
    bool is_body_unread;

    struct trivet_slice body; /* of a protocol call; else empty           */
    unsigned char body_digest[TRIVET_DIGEST_LEN]; /* of what was signed   */
    bool has_full_digest; /* signing=both: it may have been this instead  */
    unsigned char full_digest[TRIVET_DIGEST_LEN];

    struct trivet_encrypted_body encrypted; /* whether the body is that */

    /* For the sandbox to explain a refused signature; NULL: it does not. */
    const struct trivet_evidence *evidence;
};

#endif
