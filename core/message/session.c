/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - POST session-server: a session for an API key */
#include "core/message/session.h"

#include <string.h>

#include "core/message/elements.h"
#include "core/message/fields.h"
#include "core/message/id.h"
#include "core/message/text.h"
#include "core/message/token.h"

struct trivet_buffer
trivet_session_request_write(struct trivet_slice api_key)
{
    return trivet_message_write_request(
        json_pack("{s:s%}", "secret", api_key.data, api_key.len));
}

struct trivet_complaint
trivet_session_request_read(
    struct trivet_slice body, struct trivet_session_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = trivet_fields_load(body, &complaint);

    if (root != NULL) {
        complaint = trivet_fields_take_secret(root, &out->api_key);
        json_decref(root);
    }

    return complaint;
}

struct trivet_buffer
trivet_session_answer_write(int64_t id, int64_t created_us, const char *token,
    const struct trivet_user *user)
{
    /* Clients read by index: Id, Token, user. */
    return trivet_message_write_response(json_pack("[o, o, o]",
        trivet_id_element(id), trivet_token_element(id, created_us, token),
        trivet_user_element(user)));
}

static enum trivet_status
read_answer(json_t *elements, struct trivet_session_answer *out,
    struct trivet_error *err)
{
    (void) trivet_id_element_read(elements, &out->id); /* nothing needs it */

    if (!trivet_token_element_take(elements, &out->token)) {
        return trivet_elements_miss(err, "has no session token");
    }
    if (!trivet_holder_element_read(elements, &out->holder)) {
        return trivet_elements_miss(err, "has no user with an id");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_session_answer_read(struct trivet_slice answer,
    struct trivet_session_answer *out, struct trivet_error *err)
{
    enum trivet_status status;
    json_t *root;
    json_t *elements = trivet_elements_load(answer, &root);

    memset(out, 0, sizeof *out);
    status = read_answer(elements, out, err);
    json_decref(root);

    return status;
}
