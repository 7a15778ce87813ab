/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - the token of an installation or a session */
#include "core/message/token.h"

#include "base/timestamp.h"
#include "core/json_tree.h"
#include "core/message/elements.h"

json_t *
trivet_token_element(int64_t id, int64_t created_us, const char *token)
{
    char created[TRIVET_TIMESTAMP_SIZE];

    trivet_timestamp_format(created_us, created);

    return json_pack("{s:{s:I, s:s, s:s, s:s}}", "Token", "id", (json_int_t) id,
        "created", created, "updated", created, "token", token);
}

bool
trivet_token_element_take(json_t *elements, struct trivet_secret *out)
{
    json_t *token = trivet_elements_find(elements, "Token");
    bool is_read =
        trivet_elements_copy_secret(json_object_get(token, "token"), out);

    trivet_json_wipe(token);
    return is_read;
}
