/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.h - the client's half of message.h: requests written, answers
 * read
 *
 * Answers are read by the type names of their elements, in any order, and
 * fields that are not known are passed over.
 */
#ifndef TRIVET_CORE_MESSAGE_ANSWERS_H
#define TRIVET_CORE_MESSAGE_ANSWERS_H

#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"
#include "core/limits.h"
#include "trivet/status.h"

enum {
    TRIVET_MAX_ANSWER_ERRORS = 16,
    TRIVET_MAX_USER_TYPE = 32, /* bytes, with the NUL */
    /* Of an answer of the login, or of an error, that is parsed: a tree takes
     * many times as much memory as its text. */
    TRIVET_MAX_PARSED_ANSWER = 256 * 1024 /* bytes */
};

/* The JSON tree (a json_t of jansson) of an answer; NULL when it is none, or
 * longer than TRIVET_MAX_PARSED_ANSWER. */
TRIVET_MUST_USE void *trivet_client_message_parse(struct trivet_slice body);

/* A request's body: may hold a secret. */
struct trivet_request_body {
    char *data;
    size_t len;
};

/* Wipes and frees. */
void trivet_request_body_release(struct trivet_request_body *body);

/* {NULL, 0} when memory ran out, or a text is not UTF-8. */
struct trivet_request_body trivet_client_message_installation(
    const char *public_key);
struct trivet_request_body trivet_client_message_device(const char *description,
    struct trivet_slice api_key, const char *const *permitted_ips,
    size_t num_permitted_ips);
struct trivet_request_body trivet_client_message_session(
    struct trivet_slice api_key);

/* Whose session it is. */
struct trivet_holder {
    char type[TRIVET_MAX_USER_TYPE]; /* such as "UserPerson", "" for none    */
    int64_t id;
    char name[TRIVET_MAX_NAME]; /* UTF-8, NUL-terminated; may be empty  */
    int64_t session_timeout_s;
    /* of a UserApiKey: on whose behalf */
    char requester_type[TRIVET_MAX_USER_TYPE];
    int64_t requester_id;
};

/* The types that a holder may have, in the order that SDKs prefer. */
enum { TRIVET_NUM_USER_TYPES = 4 };
extern const char *const trivet_user_types[TRIVET_NUM_USER_TYPES];

struct trivet_installation_answer {
    int64_t id;
    struct trivet_secret token;
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT]; /* of the server, PEM       */
};

struct trivet_session_answer {
    int64_t id;
    struct trivet_secret token;
    struct trivet_holder holder;
};

/* TRIVET_E_MALFORMED when it is not such an answer: err says what is missing.
 * Wipe tokens after use. */
TRIVET_MUST_USE enum trivet_status trivet_client_message_read_installation(
    struct trivet_slice body, struct trivet_installation_answer *out,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_client_message_read_id(
    struct trivet_slice body, int64_t *out, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_client_message_read_session(
    struct trivet_slice body, struct trivet_session_answer *out,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_client_message_read_api_key(
    struct trivet_slice body, struct trivet_secret *out,
    struct trivet_error *err);

/* Overwrites every string in a JSON tree (a json_t of jansson; NULL: none),
 * which is freed next: jansson does not wipe. */
void trivet_json_wipe(void *tree);

/* Reads a user's fields from a JSON object (a json_t of jansson). False when
 * it has no id. */
bool trivet_holder_read(
    const char *type, const void *json_object, struct trivet_holder *out);

#endif
