/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h - may this request pass? The heart of the gateway
 *
 * Facts were gathered before (from the request, the store and the
 * cryptography); nothing is looked up here. The order of the questions is the
 * protocol's: token, address, signature. Zeroed memory denies.
 */
#ifndef TRIVET_CORE_DECIDE_H
#define TRIVET_CORE_DECIDE_H

#include <stdint.h>

#include "core/expiry.h"
#include "core/profile.h"
#include "core/reason.h"

/* Which token a call asks for. */
enum trivet_token_rule {
    TRIVET_NEEDS_SESSION = 0,
    TRIVET_NEEDS_INSTALLATION,
    TRIVET_NEEDS_EITHER, /* a session's, or an installation's from home */
    TRIVET_NEEDS_NO_TOKEN
};

/* Whether a call asks for a signature. */
enum trivet_signature_rule {
    TRIVET_SIGNED_ALWAYS = 0,
    TRIVET_SIGNED_BY_PROFILE, /* where the profile wants all calls signed */
    TRIVET_SIGNED_NEVER       /* no key is known yet: not even looked at  */
};

struct trivet_rule {
    enum trivet_token_rule token;
    enum trivet_signature_rule signature;
};

/* What the token in the request turned out to be. */
enum trivet_token_fact {
    TRIVET_TOKEN_ABSENT = 0,
    TRIVET_TOKEN_DUPLICATE,
    TRIVET_TOKEN_UNKNOWN,
    TRIVET_TOKEN_INSTALLATION,
    TRIVET_TOKEN_SESSION
};

/* How the signature's header came. Zero is refused where one is needed. */
enum trivet_signature_header {
    TRIVET_SIGNATURE_HEADER_NONE = 0,
    TRIVET_SIGNATURE_HEADER_ONE, /* which may be empty */
    TRIVET_SIGNATURE_HEADER_SEVERAL,
    /* One, but the signed part of the header has more fields, or longer names,
     * than core/canonical.h signs. */
    TRIVET_SIGNATURE_HEADER_TOO_MANY_FIELDS
};

enum trivet_signature_fact {
    TRIVET_SIGNATURE_ABSENT = 0, /* or empty                                */
    TRIVET_SIGNATURE_MALFORMED,
    TRIVET_SIGNATURE_WRONG,
    TRIVET_SIGNATURE_RIGHT
};

struct trivet_facts {
    enum trivet_token_fact token;
    enum trivet_signature_fact signature;

    bool is_token_superfluous; /* there is one, and the call takes none */

    /* of either token: the server key that the installation was given */
    bool is_server_key_retired;

    /* of a session token */
    struct trivet_expiry expiry;
    bool is_session_ended;
    bool is_key_revoked;
    bool is_address_permitted; /* by the session's API key */

    /* of an installation token */
    bool is_installation_ip_permitted; /* as in trivet_api_key_facts */
};

enum trivet_admission { TRIVET_DENY = 0, TRIVET_ALLOW };

struct trivet_verdict {
    enum trivet_admission admission;
    enum trivet_reason reason; /* TRIVET_REASON_NONE when allowed             */
    bool extends_session;      /* the session's anchor moves to anchored_us   */
    int64_t anchored_us;
};

/* Whether rule asks for a signature under profile. */
bool trivet_decide_needs_signature(
    const struct trivet_rule *rule, const struct trivet_profile *profile);

/* What is known of the API key (`secret`) in a device-server or session-server
 * call, and of the installation that presents it. */
struct trivet_api_key_facts {
    bool is_known;
    bool is_revoked;
    bool is_bound; /* to a device, at least once: from then on it is valid
                      until it is revoked                                    */
    int64_t expires_at_us;     /* of a key that is not bound yet           */
    bool is_address_permitted; /* by the key, once it is bound             */
    bool is_installation_ip_permitted; /* the call comes from the address that
                                     the installation was made from, or one that
                                     a device of the installation permits    */
    bool is_registered; /* a device of this installation uses the key        */
};

/* May the key be registered to a device (device-server)? NONE when it may. */
enum trivet_reason trivet_decide_device(
    const struct trivet_api_key_facts *facts, int64_t now_us);

/* May the key open a session (session-server)? NONE when it may. */
enum trivet_reason trivet_decide_session(
    const struct trivet_api_key_facts *facts, int64_t now_us);

struct trivet_verdict trivet_decide(const struct trivet_rule *rule,
    const struct trivet_facts *facts, const struct trivet_profile *profile,
    int64_t now_us);

#endif
