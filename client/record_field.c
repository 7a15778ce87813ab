/* SPDX-License-Identifier: Apache-2.0 */
/* record_field.c - fields of a context file */
#include "client/record_field.h"

#include <stdio.h>
#include <string.h>

#include "core/json_tree.h"

bool
trivet_field_is_absent(const json_t *value)
{
    return value == NULL || json_is_null(value);
}

enum trivet_status
trivet_field_refuse(struct trivet_error *err, const char *field)
{
    return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
        "the context file's \"%s\" is missing or has the wrong form", field);
}

bool
trivet_field_get_text(
    const json_t *object, const char *field, char *out, size_t cap)
{
    const json_t *value = json_object_get(object, field);
    const char *text = json_string_value(value);

    if (value == NULL || json_is_null(value)) {
        out[0] = '\0';
        return true;
    }
    if (text == NULL || json_string_length(value) != strlen(text)) {
        return false;
    }

    return snprintf(out, cap, "%s", text) < (int) cap;
}

bool
trivet_field_get_secret(
    const json_t *object, const char *field, struct trivet_secret *out)
{
    bool is_read = trivet_field_get_text(
        object, field, (char *) out->bytes, sizeof out->bytes);

    out->len = is_read ? strlen((char *) out->bytes) : 0;

    /* It goes into a header or a body as it is. */
    for (size_t i = 0; i < out->len; i++) {
        is_read = is_read && out->bytes[i] > 0x20 && out->bytes[i] < 0x7f;
    }

    return is_read;
}

void
trivet_field_put_text(json_t **tree, const char *name, const char *text)
{
    if (text[0] != '\0') {
        trivet_json_put(tree, name, json_string(text));
    }
}

void
trivet_field_put_secret(
    json_t **tree, const char *name, const struct trivet_secret *secret)
{
    if (secret->len > 0) {
        trivet_json_put(tree, name,
            json_stringn((const char *) secret->bytes, secret->len));
    }
}
