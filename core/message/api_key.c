/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.c - POST sandbox-user-person and sandbox-user-company: an API key
 * for nothing */
#include "core/message/api_key.h"

#include "core/json_tree.h"
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
    json_t *root;
    json_t *elements = trivet_elements_load(answer, &root);
    json_t *object = trivet_elements_find(elements, "ApiKey");
    bool is_read =
        trivet_elements_copy_secret(json_object_get(object, "api_key"), out);

    trivet_json_wipe(object);
    json_decref(root);
    return is_read ? TRIVET_OK : trivet_elements_miss(err, "has no API key");
}
