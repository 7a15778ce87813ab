/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h - the bodies of the protocol's own calls
 *
 * Requests are read leniently where real clients differ (an absent body, null
 * and unknown fields) and strictly elsewhere. Answers are compact JSON with
 * "/" written as "\/" and non-ASCII as \uXXXX, much as bunq writes them: these
 * bytes are what is signed.
 *
 *   answer  = {"Response":[ {"Type":{...}}, ... ]}
 *   refusal = {"Error":[{"error_description":"...",
 *                        "error_description_translated":"..."}]}
 */
#ifndef TRIVET_CORE_MESSAGE_MESSAGE_H
#define TRIVET_CORE_MESSAGE_MESSAGE_H

#include <stdint.h>

#include "base/encoding.h"
#include "base/secret.h"
#include "base/slice.h"
#include "core/address.h"
#include "core/reason.h"
#include "core/user.h"
#include "trivet/status.h"

/* POST installation. The PEM text exactly as received. */
struct trivet_installation_request {
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT];
    size_t public_key_len;
};

/* POST device-server. */
struct trivet_device_request {
    char description[TRIVET_MAX_DESCRIPTION + 1];
    struct trivet_secret secret;
    struct trivet_permitted permitted; /* empty: the caller's address alone */
};

/* POST session-server. */
struct trivet_session_request {
    struct trivet_secret secret;
};

/* POST and PUT of a permitted IP. */
struct trivet_permitted_ip_request {
    bool has_address;
    struct trivet_address address;
    bool has_status;
    bool is_active;
};

/* POST payment-service-provider-credential. */
struct trivet_psp_request {
    char certificate[TRIVET_MAX_PSP_CERTIFICATE];
    size_t certificate_len;
    char chain[TRIVET_MAX_PSP_CHAIN];
    size_t chain_len;
    char signature[TRIVET_BASE64_LEN(TRIVET_MAX_SIGNATURE)];
    size_t signature_len;
};

/* On a complaint, out holds nothing of use. Wipe `secret` after use. */
TRIVET_MUST_USE struct trivet_complaint trivet_message_read_installation(
    struct trivet_slice body, struct trivet_installation_request *out);
TRIVET_MUST_USE struct trivet_complaint trivet_message_read_device(
    struct trivet_slice body, struct trivet_device_request *out);
TRIVET_MUST_USE struct trivet_complaint trivet_message_read_session(
    struct trivet_slice body, struct trivet_session_request *out);
TRIVET_MUST_USE struct trivet_complaint trivet_message_read_permitted_ip(
    struct trivet_slice body, struct trivet_permitted_ip_request *out);
TRIVET_MUST_USE struct trivet_complaint trivet_message_read_psp(
    struct trivet_slice body, struct trivet_psp_request *out);
/* A body that carries nothing: absent, or any JSON object. */
TRIVET_MUST_USE struct trivet_complaint trivet_message_read_empty(
    struct trivet_slice body);

/* An answer's body. Owned: free it. {NULL, 0} when memory ran out, or a text
 * that goes into it is not UTF-8. */
struct trivet_body {
    char *data;
    size_t len;
};

void trivet_body_free(struct trivet_body *body);

/* Writes "/" where the body has "\/". TRIVET_E_MEMORY: it is as it was. Takes
 * an empty body. */
TRIVET_MUST_USE enum trivet_status trivet_body_plain_slashes(
    struct trivet_body *body);

/* subject replaces the text's "%s" (NULL: none). language is the value of
 * X-Bunq-Language; only nl_NL acts. */
struct trivet_body trivet_message_error(enum trivet_reason reason,
    const char *subject, struct trivet_slice language);

/* The same with what the caller did wrong: a word and a sentence, in a field
 * that bunq's own clients pass over. */
struct trivet_body trivet_message_error_explained(enum trivet_reason reason,
    struct trivet_slice language, const char *mistake, const char *explanation);

struct trivet_body trivet_message_empty(void);
struct trivet_body trivet_message_id(int64_t id);

/* token is NUL-terminated hex; public_key a PEM with its last newline. */
struct trivet_body trivet_message_installation(int64_t id, int64_t token_id,
    int64_t created_us, const char *token, const char *public_key);
struct trivet_body trivet_message_session(int64_t id, int64_t created_us,
    const char *token, const struct trivet_user *user);
struct trivet_body trivet_message_user(const struct trivet_user *user);
struct trivet_body trivet_message_api_key(const char *api_key);

/* An API key as its owner sees it. */
struct trivet_psp_credential {
    int64_t id;
    int64_t created_us;
    int64_t updated_us;
    int64_t expires_us; /* until it is used */
    bool is_bound;
    bool is_revoked;
    const char *token; /* NULL: not shown (any more) */
    /* of the device that uses it; NULL: none */
    const char *description;
    const char *address;
};

struct trivet_body trivet_message_psp_credential(
    const struct trivet_psp_credential *credential);

/* Who made an admitted call: what the built-in API answers with. */
struct trivet_identity {
    int64_t user_id;
    int64_t device_id;
    int64_t session_id;
    int64_t api_key_id;
    int64_t installation_id;
};

struct trivet_body trivet_message_identity(
    const struct trivet_identity *identity, struct trivet_slice method,
    struct trivet_slice target, int64_t body_len);

#endif
