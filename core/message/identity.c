/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - the answer of the built-in API: who made the call, and which */
#include "core/message/identity.h"

#include <jansson.h>

#include "core/message/text.h"

struct trivet_buffer
trivet_identity_answer_write(const struct trivet_identity *identity,
    struct trivet_slice method, struct trivet_slice target, int64_t body_len)
{
    /* A target is whatever bytes the caller sent: not always UTF-8. */
    json_t *path = json_stringn((const char *) target.data, target.len);

    return trivet_message_write_response(
        json_pack("[{s:{s:I, s:I, s:I, s:I, s:I, s:s%, s:o*, s:I}}]",
            "Identity", "user_id", (json_int_t) identity->user_id, "device_id",
            (json_int_t) identity->device_id, "session_id",
            (json_int_t) identity->session_id, "api_key_id",
            (json_int_t) identity->api_key_id, "installation_id",
            (json_int_t) identity->installation_id, "method", method.data,
            method.len, "path", path, "body_length", (json_int_t) body_len));
}
