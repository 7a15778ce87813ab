/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_key.h - POST sandbox-user-person and sandbox-user-company: an API key
 * for nothing
 *
 *   answer = {"Response":[{"ApiKey":{"api_key":..}}]}
 */
#ifndef TRIVET_CORE_MESSAGE_API_KEY_H
#define TRIVET_CORE_MESSAGE_API_KEY_H

#include "base/buffer.h"
#include "base/secret.h"
#include "trivet/status.h"

/* api_key: NUL-terminated. */
struct trivet_buffer trivet_api_key_answer_write(const char *api_key);

/* TRIVET_E_MALFORMED: it is no such answer; err says what is missing. Wipe *out
 * after use. */
TRIVET_MUST_USE enum trivet_status trivet_api_key_answer_read(
    struct trivet_slice answer, struct trivet_secret *out,
    struct trivet_error *err);

#endif
