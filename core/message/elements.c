/* SPDX-License-Identifier: Apache-2.0 */
/* elements.c - the elements of an answer, as the client reads them */
#include "core/message/elements.h"

#include <string.h>

#include "core/json_tree.h"
#include "core/message/text.h"

/* Whole numbers below it are exact as a double. */
#define MAX_EXACT 9007199254740992.0

json_t *
trivet_elements_load(struct trivet_slice answer, json_t **out_root)
{
    *out_root = trivet_message_parse(answer);

    return json_object_get(*out_root, "Response");
}

json_t *
trivet_elements_find(const json_t *elements, const char *type)
{
    size_t i;
    json_t *element;

    json_array_foreach(elements, i, element)
    {
        json_t *object = json_object_get(element, type);

        if (json_is_object(object)) {
            return object;
        }
    }

    return NULL;
}

enum trivet_status
trivet_elements_miss(struct trivet_error *err, const char *what)
{
    return trivet_error_set(err, TRIVET_E_MALFORMED, "message.read",
        "the server's answer %s", what);
}

bool
trivet_elements_copy_text(const json_t *value, char *out, size_t cap)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len >= cap
        || strlen(json_string_value(value)) != len)
    {
        return false;
    }

    memcpy(out, json_string_value(value), len + 1);
    return true;
}

bool
trivet_elements_copy_secret(const json_t *value, struct trivet_secret *out)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL || len == 0 || len >= sizeof out->bytes) {
        return false;
    }

    for (size_t i = 0; i < len; i++) {
        if (text[i] <= 0x20 || text[i] > 0x7e) {
            return false;
        }
    }

    memcpy(out->bytes, text, len + 1);
    out->len = len;
    return true;
}

enum trivet_status
trivet_elements_read_api_key(struct trivet_slice answer, const char *type,
    const char *field, struct trivet_secret *out, struct trivet_error *err)
{
    json_t *root;
    json_t *elements = trivet_elements_load(answer, &root);
    json_t *object = trivet_elements_find(elements, type);
    bool is_read =
        trivet_elements_copy_secret(json_object_get(object, field), out);

    trivet_json_wipe(object);
    json_decref(root);
    return is_read ? TRIVET_OK : trivet_elements_miss(err, "has no API key");
}

bool
trivet_elements_read_id(const json_t *value, int64_t *out)
{
    double real = json_real_value(value);

    if (json_is_integer(value) && json_integer_value(value) > 0) {
        *out = json_integer_value(value);
        return true;
    }
    if (json_is_real(value) && real >= 1 && real < MAX_EXACT
        && real == (double) (int64_t) real)
    {
        *out = (int64_t) real;
        return true;
    }

    return false;
}
