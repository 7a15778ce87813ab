/* SPDX-License-Identifier: Apache-2.0 */
/* credential.c - an API key as its user sees it */
#include "core/message/credential.h"

#include <jansson.h>

#include "core/json_tree.h"
#include "core/message/elements.h"
#include "core/message/list.h"
#include "core/message/text.h"
#include "core/message/json_value.h"

/* Only a key that waits for its first use has an end. */
static json_t *
make_expiry(const struct trivet_api_key_view *credential)
{
    if (credential->status != TRIVET_API_KEY_PENDING) {
        return json_null();
    }

    return trivet_json_time(credential->expires_us);
}

/* The device that bound the key, or null. */
static json_t *
make_permitted_device(const struct trivet_api_key_view *credential)
{
    const struct trivet_device *bound = &credential->bound;

    if (!credential->has_device) {
        return json_null();
    }

    return json_pack("{s:s, s:o}", "description", bound->description, "ip",
        trivet_json_address(&bound->address));
}

static json_t *
make_element(const struct trivet_api_key_view *credential, const char *secret)
{
    static const char *const statuses[] = {
        [TRIVET_API_KEY_PENDING] = "PENDING_FIRST_USE",
        [TRIVET_API_KEY_ACTIVE] = "ACTIVE",
        [TRIVET_API_KEY_REVOKED] = "INACTIVE",
    };

    return json_pack("{s:{s:I, s:o, s:o, s:s, s:o, s:s?, s:o}}",
        "CredentialPasswordIp", "id", (json_int_t) credential->id, "created",
        trivet_json_time(credential->created_us), "updated",
        trivet_json_time(credential->updated_us), "status",
        statuses[credential->status], "expiry_time", make_expiry(credential),
        "token_value", secret, "permitted_device",
        make_permitted_device(credential));
}

struct trivet_buffer
trivet_credential_answer_write(
    const struct trivet_api_key_view *credential, const char *secret)
{
    return trivet_message_write_response(
        json_pack("[o]", make_element(credential, secret)));
}

enum trivet_status
trivet_credential_answer_read(struct trivet_slice answer,
    struct trivet_secret *out, struct trivet_error *err)
{
    return trivet_elements_read_api_key(
        answer, "CredentialPasswordIp", "token_value", out, err);
}

void
trivet_list_add_credential(
    struct trivet_list *list, const struct trivet_api_key_view *credential)
{
    trivet_list_add(list, make_element(credential, NULL));
}
