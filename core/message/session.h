/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - POST session-server: a session for an API key
 *
 *   request = {"secret":API-KEY}
 *   answer  = {"Response":[ID, TOKEN, USER]}
 */
#ifndef TRIVET_CORE_MESSAGE_SESSION_H
#define TRIVET_CORE_MESSAGE_SESSION_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/secret.h"
#include "core/message/user.h"
#include "core/reason.h"
#include "trivet/status.h"

struct trivet_session_request {
    struct trivet_secret api_key;
};

/* Empty when memory ran out, or the key is not UTF-8. */
struct trivet_buffer trivet_session_request_write(struct trivet_slice api_key);

/* On a complaint, *out holds nothing of use. Wipe out->api_key after use. */
TRIVET_MUST_USE struct trivet_complaint trivet_session_request_read(
    struct trivet_slice body, struct trivet_session_request *out);

struct trivet_session_answer {
    int64_t id; /* 0: the server told none */
    struct trivet_secret token;
    struct trivet_holder holder;
};

/* token is NUL-terminated hex. */
struct trivet_buffer trivet_session_answer_write(int64_t id, int64_t created_us,
    const char *token, const struct trivet_user *user);

/* TRIVET_E_MALFORMED: it is no such answer; err says what is missing. Wipe
 * out->token after use. */
TRIVET_MUST_USE enum trivet_status trivet_session_answer_read(
    struct trivet_slice answer, struct trivet_session_answer *out,
    struct trivet_error *err);

#endif
