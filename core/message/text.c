/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - from the JSON tree of a message to its text, and back */
#include "core/message/text.h"

#include <jansson.h>
#include <string.h>

#include "base/secret.h"
#include "core/json.h"
#include "core/json_tree.h"

enum {
    PLAIN = JSON_COMPACT | JSON_ENSURE_ASCII,
    ANSWER = PLAIN | JSON_ESCAPE_SLASH
};

/*
 * Into memory of its exact size. Not json_dumps: that one grows its buffer as
 * it goes (and frees what it leaves without wiping it), and where memory runs
 * out for the name of a field it leaves the name out and calls it a success.
 */
static struct trivet_buffer
write_tree(const json_t *root, size_t flags)
{
    size_t len = root == NULL ? 0 : json_dumpb(root, NULL, 0, flags);
    struct trivet_buffer text = trivet_buffer_make(len);

    if (len == 0 || trivet_buffer_reserve(&text, len) != TRIVET_OK) {
        return text;
    }

    if (json_dumpb(root, text.data, len, flags) != len) {
        trivet_wipe(text.data, len);
        trivet_buffer_free(&text);
        return text;
    }

    text.len = len;
    text.data[len] = '\0';
    return text;
}

struct trivet_buffer
trivet_message_write_answer(json_t *root)
{
    struct trivet_buffer text = write_tree(root, ANSWER);

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
    struct trivet_buffer text = write_tree(root, JSON_COMPACT);

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
    plain = write_tree(root, PLAIN);
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
