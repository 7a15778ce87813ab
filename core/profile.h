/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h - the switches of the protocol, and their named presets
 *
 * Where bunq's own texts leave a question open, contradict each other, or
 * changed over the years, the gateway has a switch. A profile is a value for
 * each; a preset is a profile with a name.
 *
 * strict     all calls after the installation are signed by both sides, and
 *            so is every answer, errors too
 * current    as bunq answers today: a signature is needed to open a session
 *            and where the operator asks for it; elsewhere it is neither
 *            demanded nor verified
 * classic    as bunq answered before April 2020: as strict, but signatures
 *            cover the first line and the header too (core/canonical.h), and
 *            429, 491 and 5xx are not signed
 * reference  as strict, but a session is extended as bunq's API reference has
 *            it: in its last 30 seconds, to five minutes from then at most
 */
#ifndef TRIVET_CORE_PROFILE_H
#define TRIVET_CORE_PROFILE_H

#include "base/slice.h"
#include "core/canonical.h"

/* The values of the switches that have words for them. Zero is what refuses
 * more, or what bunq does today. */
enum { TRIVET_SIGNATURES_ALL = 0, TRIVET_SIGNATURES_REQUIRED };
enum {
    TRIVET_SIGNING_BODY = TRIVET_SCHEME_BODY,
    TRIVET_SIGNING_FULL = TRIVET_SCHEME_FULL,
    TRIVET_SIGNING_BOTH /* a signature in either form will do */
};
enum {
    TRIVET_RESPONSE_SIGNING_BODY = TRIVET_SCHEME_BODY,
    TRIVET_RESPONSE_SIGNING_FULL = TRIVET_SCHEME_FULL
};
enum {
    TRIVET_SIGN_ERRORS_OFF = 0,
    TRIVET_SIGN_ERRORS_ON, /* but for 429, 491 and 5xx, as bunq */
    TRIVET_SIGN_ERRORS_ALL
};
enum { TRIVET_WILDCARD_OFF = 0, TRIVET_WILDCARD_FIRST, TRIVET_WILDCARD_ON };
enum { TRIVET_IPV6_OFF = 0, TRIVET_IPV6_ON };
enum { TRIVET_REQUEST_ID_ANY = 0, TRIVET_REQUEST_ID_PER_DEVICE };
enum { TRIVET_HEADERS_LENIENT = 0, TRIVET_HEADERS_STRICT };
enum { TRIVET_SESSIONS_UNLIMITED = 0, TRIVET_SESSIONS_ONE };
enum { TRIVET_DEAD_SESSION_401 = 0, TRIVET_DEAD_SESSION_403 };
enum { TRIVET_SUPERFLUOUS_TOKEN_REFUSED = 0, TRIVET_SUPERFLUOUS_TOKEN_IGNORED };
enum { TRIVET_PSP_ROOT_LAST = 0, TRIVET_PSP_ROOT_ANYWHERE };
enum { TRIVET_SLASHES_ESCAPED = 0, TRIVET_SLASHES_PLAIN };

struct trivet_profile {
    const char *name; /* of the preset */

    /* one of the words above, or seconds where the name ends so */
    int signatures;
    int signing;
    int response_signing;
    int sign_errors;
    int extend_window_s; /* a request this near the end extends the session */
    int extend_cap_s;    /* to so long from then at most; 0: no cap         */
    int wildcard;
    int ipv6;
    int request_id;
    int headers;
    int sessions;
    int dead_session;
    int slashes;
    int superfluous_token;
    int psp_root;

    unsigned given; /* bit n: switch n was set by trivet_profile_set */
};

/* The preset that is used where none is named: the first of the table. Static.
 */
const struct trivet_profile *trivet_profile_default(void);

/* The preset of that name, or NULL. Static. */
const struct trivet_profile *trivet_profile_find(struct trivet_slice name);

/*
 * Sets one switch: "name=value".
 *
 * TRIVET_E_USAGE     no such switch, or no such value; err lists what is known.
 * TRIVET_E_CONFLICT  the switch was set before.
 */
TRIVET_MUST_USE enum trivet_status trivet_profile_set(
    struct trivet_profile *profile, struct trivet_slice setting,
    struct trivet_error *err);

/* Whether an answer with this status is signed when the installation is known:
 * by the switch sign-errors. profile may be NULL: then as with sign-errors=on.
 */
bool trivet_profile_signs(
    const struct trivet_profile *profile, unsigned status);

/* The status of a refusal that has this one in the table of reasons. */
unsigned trivet_profile_status(
    const struct trivet_profile *profile, unsigned status);

/* ---- for texts that list what there is ---------------------------------- */

enum { TRIVET_NUM_PRESETS = 4, TRIVET_NUM_SWITCHES = 15 };
enum { TRIVET_MAX_SWITCH_VALUES = 64 /* bytes, with the NUL */ };

const char *trivet_preset_name(size_t index);
const char *trivet_switch_name(size_t index);
const char *trivet_switch_about(size_t index);
/* "body|full|both", or "SECONDS". */
void trivet_switch_values(size_t index, char out[TRIVET_MAX_SWITCH_VALUES]);

#endif
