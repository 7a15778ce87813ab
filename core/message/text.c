/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - from the JSON tree of a message to its text, and back */
#include "core/message/text.h"

#include <jansson.h>
#include <string.h>

#include "core/json.h"
#include "core/json_tree.h"

enum {
    PLAIN = JSON_COMPACT | JSON_ENSURE_ASCII,
    ANSWER = PLAIN | JSON_ESCAPE_SLASH
};

struct trivet_buffer
trivet_message_write_answer(json_t *root)
{
    struct trivet_buffer text = trivet_json_write(root, ANSWER, 0);

    json_decref(root);
    return text;
}

struct trivet_buffer
trivet_message_write_response(json_t *elements)
{
    return trivet_message_write_answer(
        json_pack("{s:o}", "Response", elements));
}

struct trivet_buffer
trivet_message_write_request(json_t *root)
{
    struct trivet_buffer text = trivet_json_write(root, JSON_COMPACT, 0);

    trivet_json_wipe(root);
    json_decref(root);
    return text;
}

enum trivet_status
trivet_message_plain_slashes(struct trivet_buffer *answer)
{
    struct trivet_buffer plain;
    json_t *root;

    if (answer->data == NULL || memchr(answer->data, '/', answer->len) == NULL)
    {
        return TRIVET_OK;
    }

    root = trivet_json_load(trivet_buffer_slice(answer), 0, NULL);
    plain = trivet_json_write(root, PLAIN, 0);
    json_decref(root);
    if (plain.data == NULL) {
        return TRIVET_E_MEMORY;
    }

    trivet_buffer_free(answer);
    *answer = plain;
    return TRIVET_OK;
}

json_t *
trivet_message_parse(struct trivet_slice answer)
{
    json_error_t why;
    json_t *root;

    if (answer.len > TRIVET_MAX_PARSED_ANSWER) {
        return NULL;
    }

    root = trivet_json_load(answer, 0, &why);
    if (root != NULL || json_error_code(&why) != json_error_numeric_overflow) {
        return root;
    }

    /* A number past 64 bits, in a field that no one reads, must not make an
     * answer unreadable. */
    return trivet_json_load(answer, JSON_DECODE_INT_AS_REAL, NULL);
}
