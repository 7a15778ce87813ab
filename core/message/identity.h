/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - the answer of the built-in API: who made the call, and which
 *
 *   answer = {"Response":[{"Identity":{"user_id":.., "device_id":..,
 *             "session_id":.., "api_key_id":.., "installation_id":..,
 *             "method":.., "path":.., "body_length":..}}]}
 */
#ifndef TRIVET_CORE_MESSAGE_IDENTITY_H
#define TRIVET_CORE_MESSAGE_IDENTITY_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Who made an admitted call. */
struct trivet_identity {
    int64_t user_id;
    int64_t device_id;
    int64_t session_id;
    int64_t api_key_id;
    int64_t installation_id;
};

/* A target that is not UTF-8 is left out. Empty when memory ran out. */
struct trivet_buffer trivet_identity_answer_write(
    const struct trivet_identity *identity, struct trivet_slice method,
    struct trivet_slice target, int64_t body_len);

#endif
