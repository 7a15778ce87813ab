/* SPDX-License-Identifier: Apache-2.0 */
/* installation.c - POST installation: a client's public key for a token */
#include "core/message/installation.h"

#include <string.h>

#include "core/message/elements.h"
#include "core/message/fields.h"
#include "core/message/id.h"
#include "core/message/list.h"
#include "core/message/text.h"
#include "core/message/token.h"

struct trivet_buffer
trivet_installation_request_write(const char *public_key)
{
    return trivet_message_write_request(
        json_pack("{s:s}", "client_public_key", public_key));
}

struct trivet_complaint
trivet_installation_request_read(
    struct trivet_slice body, struct trivet_installation_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = trivet_fields_load(body, &complaint);

    if (root != NULL) {
        complaint = trivet_fields_copy(root, "client_public_key",
            out->public_key, sizeof out->public_key, &out->public_key_len);
        json_decref(root);
    }

    return complaint;
}

static json_t *
make_server_key(const char *pem)
{
    return json_pack("{s:{s:s}}", "ServerPublicKey", "server_public_key", pem);
}

struct trivet_buffer
trivet_installation_answer_write(int64_t id, int64_t token_id,
    int64_t created_us, const char *token, const char *public_key)
{
    /* Clients read by index: Id, Token, ServerPublicKey. */
    return trivet_message_write_response(
        json_pack("[o, o, o]", trivet_id_element(id),
            trivet_token_element(token_id, created_us, token),
            make_server_key(public_key)));
}

static enum trivet_status
read_answer(json_t *elements, struct trivet_installation_answer *out,
    struct trivet_error *err)
{
    json_t *key = trivet_elements_find(elements, "ServerPublicKey");

    (void) trivet_id_element_read(elements, &out->id); /* nothing needs it */

    if (!trivet_token_element_take(elements, &out->token)) {
        return trivet_elements_miss(err, "has no installation token");
    }
    if (!trivet_elements_copy_text(json_object_get(key, "server_public_key"),
            out->public_key, sizeof out->public_key))
    {
        return trivet_elements_miss(err, "has no server public key");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_installation_answer_read(struct trivet_slice answer,
    struct trivet_installation_answer *out, struct trivet_error *err)
{
    enum trivet_status status;
    json_t *root;
    json_t *elements = trivet_elements_load(answer, &root);

    memset(out, 0, sizeof *out);
    status = read_answer(elements, out, err);
    json_decref(root);

    return status;
}

void
trivet_list_add_server_key(struct trivet_list *list, const char *pem)
{
    trivet_list_add(list, make_server_key(pem));
}
