/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.c - POST sandbox-user-person and sandbox-user-company: an API key
 * for nothing */
#include "core/message/api_key.h"

#include "core/message/elements.h"
#include "core/message/text.h"

struct trivet_buffer
trivet_api_key_answer_write(const char *api_key)
{
    return trivet_message_write_response(
        json_pack("[{s:{s:s}}]", "ApiKey", "api_key", api_key));
}

enum trivet_status
trivet_api_key_answer_read(struct trivet_slice answer,
    struct trivet_secret *out, struct trivet_error *err)
{
    return trivet_elements_read_api_key(answer, "ApiKey", "api_key", out, err);
}
