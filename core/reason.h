/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason.h - why a request was refused: ONE table
 *
 * Each refusal has two audiences. The public text goes to the caller and does
 * not tell an unknown key from a wrong address; the operator's word goes to
 * the log (and, in the sandbox, to the X-Trivet-Reason header as the id).
 */
#ifndef TRIVET_CORE_REASON_H
#define TRIVET_CORE_REASON_H

#include <stdbool.h>
#include <stddef.h>

enum trivet_reason {
    TRIVET_REASON_NONE = 0, /* admitted */

    TRIVET_REASON_TOKEN_MISSING,
    TRIVET_REASON_TOKEN_UNKNOWN,
    TRIVET_REASON_TOKEN_DUPLICATE,
    TRIVET_REASON_TOKEN_WRONG_KIND,
    TRIVET_REASON_TOKEN_SUPERFLUOUS,
    TRIVET_REASON_SERVER_KEY_RETIRED,
    TRIVET_REASON_SESSION_ALREADY,
    TRIVET_REASON_SESSION_ENDED,
    TRIVET_REASON_SESSION_EXPIRED,
    TRIVET_REASON_SESSION_KEY_REVOKED,
    TRIVET_REASON_SESSION_IP,
    TRIVET_REASON_INSTALLATION_TOKEN_IP,

    TRIVET_REASON_KEY_UNKNOWN,
    TRIVET_REASON_KEY_EXPIRED,
    TRIVET_REASON_KEY_REVOKED,
    TRIVET_REASON_KEY_NOT_REGISTERED,
    TRIVET_REASON_CREDENTIAL_IP,
    TRIVET_REASON_INSTALLATION_IP,

    TRIVET_REASON_SIGNATURE_MISSING,
    TRIVET_REASON_SIGNATURE_MALFORMED,
    TRIVET_REASON_SIGNATURE_WRONG,

    TRIVET_REASON_ENCRYPTION_OFF,
    TRIVET_REASON_ENCRYPTION_REQUIRED,
    TRIVET_REASON_ENCRYPTION_WRONG,

    TRIVET_REASON_SESSION_ALIVE,
    TRIVET_REASON_REQUEST_ID_USED,
    TRIVET_REASON_HEADER_MISSING,
    TRIVET_REASON_JSON_INVALID,
    TRIVET_REASON_FIELD_MISSING,
    TRIVET_REASON_FIELD_INVALID,
    TRIVET_REASON_PUBLIC_KEY_INVALID,
    TRIVET_REASON_PERMITTED_IP_INVALID,
    TRIVET_REASON_PERMITTED_IP_IPV6,
    TRIVET_REASON_PERMITTED_IPS_FIXED,
    TRIVET_REASON_PERMITTED_IP_WILDCARD,
    TRIVET_REASON_PERMITTED_IP_CHANGED,
    TRIVET_REASON_PERMITTED_IPS_FULL,
    TRIVET_REASON_KEY_DEVICES_FULL,
    TRIVET_REASON_INSTALLATION_DEVICES_FULL,
    TRIVET_REASON_CREDENTIAL_NOT_ACTIVE,
    TRIVET_REASON_PSP_CERTIFICATE,
    TRIVET_REASON_PSP_CHAIN,
    TRIVET_REASON_PSP_VALIDITY,
    TRIVET_REASON_PSP_ROLE,
    TRIVET_REASON_PSP_SIGNATURE,
    TRIVET_REASON_PSP_NOT_FOUND,
    TRIVET_REASON_USER_NOT_FOUND,
    TRIVET_REASON_SESSION_NOT_FOUND,
    TRIVET_REASON_INSTALLATION_NOT_FOUND,
    TRIVET_REASON_DEVICE_NOT_FOUND,
    TRIVET_REASON_CREDENTIAL_NOT_FOUND,
    TRIVET_REASON_PERMITTED_IP_NOT_FOUND,
    TRIVET_REASON_ACCOUNT_NOT_FOUND,

    TRIVET_REASON_BAD_REQUEST,
    TRIVET_REASON_BODY_LOST,
    TRIVET_REASON_FORBIDDEN,
    TRIVET_REASON_ROUTE_NOT_FOUND,
    TRIVET_REASON_METHOD_NOT_ALLOWED,
    TRIVET_REASON_REQUEST_TIMEOUT,
    TRIVET_REASON_LENGTH_REQUIRED,
    TRIVET_REASON_BODY_TOO_LARGE,
    TRIVET_REASON_URI_TOO_LONG,
    TRIVET_REASON_TOO_MANY_REQUESTS,
    TRIVET_REASON_RATE_LIMITED, /* the same, of a known limit */
    TRIVET_REASON_HEADERS_TOO_LARGE,

    TRIVET_REASON_INTERNAL,
    TRIVET_REASON_SERVER_ERROR,
    TRIVET_REASON_UPSTREAM_FAILED,
    TRIVET_REASON_UPSTREAM_UNANSWERED, /* whether it acted is not known */
    TRIVET_REASON_UPSTREAM_TRUNCATED,
    TRIVET_REASON_UPSTREAM_TOO_LARGE,
    TRIVET_REASON_UPSTREAM_ENCODED,
    TRIVET_REASON_UPSTREAM_PARTIAL,
    TRIVET_REASON_UPSTREAM_UPGRADED,
    TRIVET_REASON_UPSTREAM_ENDLESS,
    TRIVET_REASON_UPSTREAM_TIMEOUT,
    TRIVET_REASON_STORE_UNAVAILABLE,
    TRIVET_REASON_TEMP_FULL,   /* of a body, of an answer */
    TRIVET_REASON_TEMP_FAILED, /* the same */
    TRIVET_REASON_SERVER_KEY_UNAVAILABLE,

    TRIVET_REASON_INCIDENT_RATE_LIMIT,
    TRIVET_REASON_INCIDENT_BAD_GATEWAY,
    TRIVET_REASON_INCIDENT_MAINTENANCE,
    TRIVET_REASON_INCIDENT_IP_COUNTRY,

    TRIVET_NUM_REASONS
};

struct trivet_reason_row {
    const char *id;      /* stable word for programs, such as "key-unknown" */
    unsigned status;     /* of the HTTP answer                              */
    const char *text;    /* public, English; "%s" stands for the subject    */
    const char *text_nl; /* the same in Dutch where bunq's is known, or NULL */
    const char *operator_text;
    bool has_link;      /* the answer carries error_additional_parameter */
    bool is_credential; /* as trivet_reason_is_credential */
};

/* What is wrong with a body or a query: a reason, and the field that it is
 * about (static text, NULL for none). */
struct trivet_complaint {
    enum trivet_reason reason; /* TRIVET_REASON_NONE: nothing */
    const char *field;
};

/* The row of reason; that of TRIVET_REASON_INTERNAL for a number that has
 * none. Static. */
const struct trivet_reason_row *trivet_reason_row(enum trivet_reason reason);

/* The reason that stands for a status which nginx itself came to, such as 404
 * or 413; TRIVET_REASON_BAD_REQUEST or TRIVET_REASON_INTERNAL when there is no
 * row of its own. */
enum trivet_reason trivet_reason_of_status(unsigned status);

/* Whether an answer with this status is signed when the installation is known:
 * all but 429, 491 and 5xx. */
bool trivet_reason_is_signed(unsigned status);

/* Whether it is an incident that the sandbox shows in the place of a server in
 * front of the API: such an answer is never signed. */
bool trivet_reason_is_of_a_front(enum trivet_reason reason);

/* Whether a credential was shown and refused: a token, an API key, a signature,
 * a provider's certificate, or the address that it came from. False for a token
 * that is missing: nothing was shown. */
bool trivet_reason_is_credential(enum trivet_reason reason);

#endif
