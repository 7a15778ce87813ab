/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason.c - why a request was refused: ONE table
 *
 * Texts that clients compare are bunq's own, word for word (docs/protocol
 * sources: its troubleshooting page and answers seen by its users); the others
 * are ours.
 */
#include "core/reason.h"

#define CREDENTIALS                                                            \
    "User credentials are incorrect. Incorrect API key or IP address."
#define AUTHENTICATION "Insufficient authentication."

/* clang-format off */
static const struct trivet_reason_row rows[TRIVET_NUM_REASONS] = {
    [TRIVET_REASON_NONE] =
        {"none", 200, "", NULL, "admitted", false, false},

    /* the token */
    [TRIVET_REASON_TOKEN_MISSING] =
        {"token-missing", 401, AUTHENTICATION, NULL,
         "no X-Bunq-Client-Authentication header", false, false},
    [TRIVET_REASON_TOKEN_UNKNOWN] =
        {"token-unknown", 401, AUTHENTICATION, NULL,
         "no installation or session has this token", false, true},
    [TRIVET_REASON_TOKEN_DUPLICATE] =
        {"token-duplicate", 401, AUTHENTICATION, NULL,
         "more than one X-Bunq-Client-Authentication header", false, true},
    [TRIVET_REASON_TOKEN_WRONG_KIND] =
        {"token-wrong-kind", 403, AUTHENTICATION, NULL,
         "an installation token where a session token is needed", false, true},
    [TRIVET_REASON_SERVER_KEY_RETIRED] =
        {"server-key-retired", 401, AUTHENTICATION, NULL,
         "the server key of the installation is retired", false, true},
    [TRIVET_REASON_TOKEN_SUPERFLUOUS] =
        {"token-superfluous", 403, "Superfluous authentication.", NULL,
         "superfluous-token=refused, and a call that takes no token has one",
         false, false},
    [TRIVET_REASON_SESSION_ALREADY] =
        {"session-already", 400,
         "Authentication token already has a user session.", NULL,
         "a session token where an installation token is needed", false, true},
    [TRIVET_REASON_SESSION_ENDED] =
        {"session-ended", 401, AUTHENTICATION, NULL,
         "the session was ended", false, true},
    [TRIVET_REASON_SESSION_EXPIRED] =
        {"session-expired", 401,
         "Insufficient authorisation.", "Onvoldoende autorisatie.",
         "the session expired", false, true},
    [TRIVET_REASON_SESSION_KEY_REVOKED] =
        {"key-revoked", 401, AUTHENTICATION, NULL,
         "the API key of the session was revoked", false, true},
    [TRIVET_REASON_SESSION_IP] =
        {"ip-not-permitted", 403, AUTHENTICATION, NULL,
         "the API key of the session does not permit this address",
         false, true},
    [TRIVET_REASON_INSTALLATION_TOKEN_IP] =
        {"ip-not-permitted", 403, AUTHENTICATION, NULL,
         "the installation's token is used from another address", false, true},

    /* the API key, on device-server and session-server */
    [TRIVET_REASON_KEY_UNKNOWN] =
        {"key-unknown", 400, CREDENTIALS, NULL,
         "there is no such API key", false, true},
    [TRIVET_REASON_KEY_EXPIRED] =
        {"key-expired", 400, CREDENTIALS, NULL,
         "the API key was not bound to a device in time", false, true},
    [TRIVET_REASON_KEY_REVOKED] =
        {"key-revoked", 400, CREDENTIALS, NULL,
         "the API key was revoked", false, true},
    [TRIVET_REASON_KEY_NOT_REGISTERED] =
        {"key-not-registered", 400, CREDENTIALS, NULL,
         "no device of this installation was registered with the API key",
         false, true},
    [TRIVET_REASON_CREDENTIAL_IP] =
        {"ip-not-permitted", 400, CREDENTIALS, NULL,
         "the API key does not permit this address", false, true},
    [TRIVET_REASON_INSTALLATION_IP] =
        {"ip-not-permitted", 400, CREDENTIALS, NULL,
         "the installation is bound to another address", false, true},

    /* the signature */
    [TRIVET_REASON_SIGNATURE_MISSING] =
        {"signature-missing", 466,
         "For this operation a request signature is required. "
         "Check the urls for more information.", NULL,
         "no X-Bunq-Client-Signature header", true, true},
    [TRIVET_REASON_SIGNATURE_MALFORMED] =
        {"signature-malformed", 400, "The request signature is invalid.", NULL,
         "the signature is not one line of standard base64, or sent twice",
         false, true},
    [TRIVET_REASON_SIGNATURE_WRONG] =
        {"signature-wrong", 400, "The request signature is invalid.", NULL,
         "the signature is wrong for this body and the installation's key",
         false, true},

    /* the encryption of the body */
    [TRIVET_REASON_ENCRYPTION_OFF] =
        {"encryption-off", 400, "This call takes no encrypted body.", NULL,
         "the body is encrypted where trivet_encryption is off, or where no "
         "installation is known", false, false},
    [TRIVET_REASON_ENCRYPTION_REQUIRED] =
        {"encryption-required", 400,
         "For this operation the request body must be encrypted.", NULL,
         "the body is plain where trivet_encryption is required", false, false},
    [TRIVET_REASON_ENCRYPTION_WRONG] =
        {"encryption-wrong", 400,
         "The encryption of the request body is invalid.", NULL,
         "the encryption is not for this server key, is incomplete, or does "
         "not match the body", false, false},

    /* what the profile's switches ask for */
    [TRIVET_REASON_SESSION_ALIVE] =
        {"session-alive", 400,
         "Authentication token already has a user session.", NULL,
         "sessions=one, and the installation has a valid session",
         false, false},
    [TRIVET_REASON_REQUEST_ID_USED] =
        {"request-id-used", 400,
         "The X-Bunq-Client-Request-Id was already used.", NULL,
         "the device sent this X-Bunq-Client-Request-Id before", false, false},
    [TRIVET_REASON_HEADER_MISSING] =
        {"header-missing", 400, "Missing required header \"%s\".", NULL,
         "a header that headers=strict requires is missing or empty",
         false, false},

    /* the body of a call */
    [TRIVET_REASON_JSON_INVALID] =
        {"json-invalid", 400, "Invalid JSON.", NULL,
         "the body is not a JSON object", false, false},
    [TRIVET_REASON_FIELD_MISSING] =
        {"field-missing", 400, "Missing required field \"%s\".", NULL,
         "a required field is missing, null or empty", false, false},
    [TRIVET_REASON_FIELD_INVALID] =
        {"field-invalid", 400, "Invalid value for field \"%s\".", NULL,
         "a field has the wrong type or is too long", false, false},
    [TRIVET_REASON_PUBLIC_KEY_INVALID] =
        {"public-key-invalid", 400, "Client public key is invalid.", NULL,
         "client_public_key is not a 2048-bit RSA public key in PEM, or a weak "
         "one (an exponent below 65537, factors that can be found)",
         false, false},
    [TRIVET_REASON_PERMITTED_IP_INVALID] =
        {"permitted-ip-invalid", 400,
         "Invalid value for field \"permitted_ips\".", NULL,
         "an entry is neither an IP address nor \"*\", or there are too many",
         false, false},
    [TRIVET_REASON_PERMITTED_IP_IPV6] =
        {"permitted-ip-family", 400, "Invalid value for field \"%s\".", NULL,
         "IPv6 addresses are switched off (ipv6=off)", false, false},
    [TRIVET_REASON_PERMITTED_IPS_FIXED] =
        {"permitted-ips-fixed", 400,
         "The permitted IPs of this API key can only be changed through the "
         "permitted IP calls.", NULL,
         "an API key in use was registered with addresses it does not permit",
         false, true},
    [TRIVET_REASON_PERMITTED_IP_WILDCARD] =
        {"permitted-ip-wildcard", 400,
         "\"*\" cannot be added to the permitted IPs of an API key.", NULL,
         "only device-server and the operator can permit all addresses",
         false, true},
    [TRIVET_REASON_PERMITTED_IP_CHANGED] =
        {"permitted-ip-changed", 400,
         "A permitted IP cannot be changed: deactivate it and add another.",
         NULL, "a PUT names another address than the entry has", false, false},
    [TRIVET_REASON_PERMITTED_IPS_FULL] =
        {"permitted-ips-full", 400,
         "The API key has as many permitted IPs as it may have.", NULL,
         "the maximum is 256 addresses, active or not", false, false},
    [TRIVET_REASON_KEY_DEVICES_FULL] =
        {"key-devices-full", 400,
         "The API key has as many devices as it may have.", NULL,
         "the maximum is 10000 devices for one API key; these still work; a "
         "new device needs a new API key", false, false},
    [TRIVET_REASON_INSTALLATION_DEVICES_FULL] =
        {"installation-devices-full", 400,
         "The installation has as many devices as it may have.", NULL,
         "the maximum is 10000 devices for one installation; these still work, "
         "a new device needs a new installation", false, false},
    [TRIVET_REASON_CREDENTIAL_NOT_ACTIVE] =
        {"credential-not-active", 400, "The API key is not active.", NULL,
         "the permitted IPs of an API key change only while it is in use",
         false, false},
    [TRIVET_REASON_PSP_CERTIFICATE] =
        {"psp-certificate-invalid", 400,
         "The payment service provider certificate is invalid.", NULL,
         "it is not one PEM certificate with a name and an RSA signing key",
         false, true},
    [TRIVET_REASON_PSP_CHAIN] =
        {"psp-chain-invalid", 400,
         "The payment service provider certificate chain is invalid.", NULL,
         "the certificate's chain does not end at a trusted root", false, true},
    [TRIVET_REASON_PSP_VALIDITY] =
        {"psp-certificate-expired", 400,
         "The payment service provider certificate is not valid now.", NULL,
         "the certificate, or one of its chain, is expired or not valid yet",
         false, true},
    [TRIVET_REASON_PSP_ROLE] =
        {"psp-role-missing", 400,
         "The payment service provider certificate has no role.", NULL,
         "neither PISP nor AISP is in the certificate's common name",
         false, true},
    [TRIVET_REASON_PSP_SIGNATURE] =
        {"psp-signature-wrong", 400,
         "The client public key signature is invalid.", NULL,
         "it is not the certificate's signature of key and installation token",
         false, true},
    [TRIVET_REASON_PSP_NOT_FOUND] =
        {"psp-credential-not-found", 404,
         "PaymentServiceProviderCredential for id \"%s\" not found.", NULL,
         "the installation has not asked for that credential", false, false},
    [TRIVET_REASON_USER_NOT_FOUND] =
        {"user-not-found", 404, "User for id \"%s\" not found.", NULL,
         "the session belongs to another user", false, false},
    [TRIVET_REASON_SESSION_NOT_FOUND] =
        {"session-not-found", 404, "Session for id \"%s\" not found.", NULL,
         "the session's own id, or 0, was expected", false, false},
    [TRIVET_REASON_INSTALLATION_NOT_FOUND] =
        {"installation-not-found", 404,
         "Installation for id \"%s\" not found.", NULL,
         "the session's own installation was expected", false, false},
    [TRIVET_REASON_DEVICE_NOT_FOUND] =
        {"device-not-found", 404, "Device for id \"%s\" not found.", NULL,
         "no such device, or another's", false, false},
    [TRIVET_REASON_CREDENTIAL_NOT_FOUND] =
        {"credential-not-found", 404, "Credential for id \"%s\" not found.",
         NULL, "no such API key, or another user's", false, false},
    [TRIVET_REASON_PERMITTED_IP_NOT_FOUND] =
        {"permitted-ip-not-found", 404,
         "Permitted IP for id \"%s\" not found.", NULL,
         "no such permitted IP, or another API key's", false, false},
    [TRIVET_REASON_ACCOUNT_NOT_FOUND] =
        {"account-not-found", 404,
         "Monetary account for id \"%s\" not found.", NULL,
         "the user's one account was expected", false, false},

    /* HTTP */
    [TRIVET_REASON_BAD_REQUEST] =
        {"bad-request", 400, "Bad request.", NULL,
         "the request is not valid HTTP", false, false},
    [TRIVET_REASON_BODY_LOST] =
        {"body-lost", 400, "The request body was not read to its end.", NULL,
         "an internal redirect or a subrequest has not the whole body",
         false, false},
    [TRIVET_REASON_FORBIDDEN] =
        {"forbidden", 403, "Forbidden.", NULL,
         "refused by the configuration of nginx", false, false},
    [TRIVET_REASON_ROUTE_NOT_FOUND] =
        {"route-not-found", 404, "Route not found.", NULL,
         "no such call", false, false},
    [TRIVET_REASON_METHOD_NOT_ALLOWED] =
        {"method-not-allowed", 405, "Method not allowed.", NULL,
         "the call exists, but not with this method", false, false},
    [TRIVET_REASON_REQUEST_TIMEOUT] =
        {"request-timeout", 408, "Request timeout.", NULL,
         "the request did not arrive in time", false, false},
    [TRIVET_REASON_LENGTH_REQUIRED] =
        {"length-required", 411, "Length required.", NULL,
         "the request has no length", false, false},
    [TRIVET_REASON_BODY_TOO_LARGE] =
        {"body-too-large", 413, "The request body is too large.", NULL,
         "the body is over the limit", false, false},
    [TRIVET_REASON_URI_TOO_LONG] =
        {"uri-too-long", 414, "The request URI is too long.", NULL,
         "the request line is over the limit", false, false},
    [TRIVET_REASON_TOO_MANY_REQUESTS] =
        {"too-many-requests", 429, "Too many requests.", NULL,
         "a rate limit of nginx was reached by a method without a classic one",
         false, false},
    [TRIVET_REASON_RATE_LIMITED] =
        {"too-many-requests", 429,
         "Too many requests. You can do a maximum of %s to this endpoint.",
         NULL, "a rate limit was reached", false, false},
    [TRIVET_REASON_HEADERS_TOO_LARGE] =
        {"headers-too-large", 431, "The request headers are too large.", NULL,
         "the header is over the limit", false, false},

    /* the machine */
    [TRIVET_REASON_INTERNAL] =
        {"internal", 500, "Internal error.", NULL,
         "something failed here: see the error log", false, false},
    [TRIVET_REASON_SERVER_ERROR] =
        {"server-error", 500, "Server error.", NULL,
         "POST server-error is always answered so", false, false},
    [TRIVET_REASON_UPSTREAM_FAILED] =
        {"upstream-failed", 502, "The API gave no valid answer.", NULL,
         "the API could not be reached, or its answer is not HTTP",
         false, false},
    [TRIVET_REASON_UPSTREAM_UNANSWERED] =
        {"upstream-unanswered", 502,
         "The API gave no valid answer. It is not known whether it acted.",
         NULL,
         "the API was sent the request; its answer is missing or not HTTP",
         false, false},
    [TRIVET_REASON_UPSTREAM_TRUNCATED] =
        {"upstream-truncated", 502, "The answer of the API was cut off.", NULL,
         "the API closed the connection before its answer was whole",
         false, false},
    [TRIVET_REASON_UPSTREAM_TOO_LARGE] =
        {"upstream-too-large", 502, "The answer of the API is too large.", NULL,
         "the API's answer is over trivet_answer_limit", false, false},
    [TRIVET_REASON_UPSTREAM_ENCODED] =
        {"upstream-encoded", 502, "The answer of the API is encoded.", NULL,
         "the API sent a Content-Encoding that was not asked for",
         false, false},
    [TRIVET_REASON_UPSTREAM_PARTIAL] =
        {"upstream-partial", 502, "The answer of the API is partial.", NULL,
         "the API sent a range that was not asked for", false, false},
    [TRIVET_REASON_UPSTREAM_UPGRADED] =
        {"upstream-upgraded", 502,
         "The API changed to a protocol that was not asked for.", NULL,
         "the API answered 101; see trivet_upgrade", false, false},
    [TRIVET_REASON_UPSTREAM_ENDLESS] =
        {"upstream-endless", 502, "The answer of the API has no end.", NULL,
         "the API sent an event stream, which cannot be signed", false, false},
    [TRIVET_REASON_UPSTREAM_TIMEOUT] =
        {"upstream-timeout", 504, "The API did not answer in time.", NULL,
         "see proxy_read_timeout", false, false},
    [TRIVET_REASON_STORE_UNAVAILABLE] =
        {"store-unavailable", 503, "Service temporarily unavailable.", NULL,
         "the store cannot be read or written", false, false},
    [TRIVET_REASON_TEMP_FULL] =
        {"temp-full", 503, "Service temporarily unavailable.", NULL,
         "the temporary files of a worker are over trivet_temp_limit",
         false, false},
    [TRIVET_REASON_TEMP_FAILED] =
        {"temp-failed", 503, "Service temporarily unavailable.", NULL,
         "a temporary file could not be written: the disk may be full",
         false, false},
    [TRIVET_REASON_SERVER_KEY_UNAVAILABLE] =
        {"server-key-unavailable", 503, "Service temporarily unavailable.",
         NULL, "the server key of the installation is not configured",
         false, false},

    /* the sandbox's incidents */
    [TRIVET_REASON_INCIDENT_RATE_LIMIT] =
        {"incident-rate-limit", 429,
         "Too many requests. You can do a maximum of 3 calls per 3 second to "
         "this endpoint.", NULL,
         "the incident 429-unsigned is on (trivet incident)", false, false},
    [TRIVET_REASON_INCIDENT_BAD_GATEWAY] =
        {"incident-bad-gateway", 502, "Bad gateway.", NULL,
         "the incident html-502 is on (trivet incident)", false, false},
    [TRIVET_REASON_INCIDENT_MAINTENANCE] =
        {"incident-maintenance", 491, "Maintenance.", NULL,
         "the incident maintenance-491 is on (trivet incident)", false, false},
    [TRIVET_REASON_INCIDENT_IP_COUNTRY] =
        {"incident-ip-country", 400, CREDENTIALS, NULL,
         "the incident ip-country-400 is on (trivet incident)", false, false},
};
/* clang-format on */

const struct trivet_reason_row *
trivet_reason_row(enum trivet_reason reason)
{
    if ((unsigned) reason >= TRIVET_NUM_REASONS) {
        return &rows[TRIVET_REASON_INTERNAL];
    }

    return &rows[reason];
}

enum trivet_reason
trivet_reason_of_status(unsigned status)
{
    static const enum trivet_reason of_http[] = {TRIVET_REASON_FORBIDDEN,
        TRIVET_REASON_ROUTE_NOT_FOUND, TRIVET_REASON_METHOD_NOT_ALLOWED,
        TRIVET_REASON_REQUEST_TIMEOUT, TRIVET_REASON_LENGTH_REQUIRED,
        TRIVET_REASON_BODY_TOO_LARGE, TRIVET_REASON_URI_TOO_LONG,
        TRIVET_REASON_TOO_MANY_REQUESTS, TRIVET_REASON_HEADERS_TOO_LARGE,
        TRIVET_REASON_UPSTREAM_FAILED, TRIVET_REASON_STORE_UNAVAILABLE,
        TRIVET_REASON_UPSTREAM_TIMEOUT};

    for (size_t i = 0; i < sizeof of_http / sizeof of_http[0]; i++) {
        if (rows[of_http[i]].status == status) {
            return of_http[i];
        }
    }

    return status < 500 ? TRIVET_REASON_BAD_REQUEST : TRIVET_REASON_INTERNAL;
}

bool
trivet_reason_is_signed(unsigned status)
{
    return status != 429 && status != 491 && status < 500;
}

bool
trivet_reason_is_of_a_front(enum trivet_reason reason)
{
    return reason == TRIVET_REASON_INCIDENT_RATE_LIMIT
           || reason == TRIVET_REASON_INCIDENT_BAD_GATEWAY
           || reason == TRIVET_REASON_INCIDENT_MAINTENANCE;
}

bool
trivet_reason_is_credential(enum trivet_reason reason)
{
    return trivet_reason_row(reason)->is_credential;
}
