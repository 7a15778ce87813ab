/* SPDX-License-Identifier: Apache-2.0 */
/* render.c - an answer's text with placeholders: what comes of it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "sandbox/answers/parts.h"

static bool
is_shallow(const json_t *value, int depth)
{
    json_t *node = (json_t *) (uintptr_t) value;
    const char *key;
    json_t *child;
    size_t i;

    if (depth > TRIVET_MAX_BODY_DEPTH) {
        return false;
    }

    json_object_foreach(node, key, child)
    {
        if (!is_shallow(child, depth + 1)) {
            return false;
        }
    }
    json_array_foreach(node, i, child)
    {
        if (!is_shallow(child, depth + 1)) {
            return false;
        }
    }

    return true;
}

bool
trivet_template_accepts(const json_t *body)
{
    return json_is_object(body) && is_shallow(body, 0);
}

/* The field that name leads to; NULL when there is none. */
static const json_t *
find_field(const json_t *value, struct trivet_slice name)
{
    while (name.len > 0 && value != NULL) {
        char key[TRIVET_MAX_TEMPLATE_NAME + 1];
        long long place;
        size_t len = 0;

        while (len < name.len && name.data[len] != '.') {
            len++;
        }

        memcpy(key, name.data, len);
        key[len] = '\0';
        if (!json_is_array(value)) {
            value = json_object_get(value, key);
        } else if (trivet_slice_to_id(trivet_slice_text(key), &place)) {
            value = json_array_get(value, (size_t) place);
        } else {
            value = NULL;
        }
        name = trivet_slice_after(name, len < name.len ? len + 1 : len);
    }

    return value;
}

/* Appends the JSON of value, without its first and last `cut` bytes. */
static enum trivet_status
append_json(struct trivet_buffer *out, const json_t *value, size_t cut)
{
    const size_t flags =
        JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15);
    size_t len = json_dumpb(value, NULL, 0, flags);
    char *text;
    enum trivet_status status = TRIVET_E_MEMORY;

    if (len < 2 * cut || len == 0) {
        return TRIVET_E_MEMORY;
    }
    if (len > TRIVET_MAX_RENDERED) {
        return TRIVET_E_LIMIT;
    }

    text = malloc(len);
    if (text != NULL && json_dumpb(value, text, len, flags) == len) {
        status = trivet_buffer_append(
            out, trivet_slice_make(text + cut, len - 2 * cut));
    }

    free(text);
    return status;
}

/* The JSON of an object as a text in a string. */
static enum trivet_status
append_json_text(struct trivet_buffer *out, const json_t *value)
{
    struct trivet_buffer inner = trivet_buffer_make(TRIVET_MAX_RENDERED);
    enum trivet_status status = append_json(&inner, value, 0);
    json_t *text = NULL;

    if (status == TRIVET_OK) {
        text = json_stringn(inner.data, inner.len);
        status = text == NULL ? TRIVET_E_MEMORY : append_json(out, text, 1);
    }

    json_decref(text);
    trivet_buffer_free(&inner);
    return status;
}

static enum trivet_status
append_field(struct trivet_buffer *out, const struct trivet_template_part *part,
    const json_t *body)
{
    const json_t *value = find_field(body, part->text);

    if (!part->is_in_string) {
        return value == NULL
                   ? trivet_buffer_append(out, trivet_slice_text("null"))
                   : append_json(out, value, 0);
    }
    if (value == NULL || json_is_null(value)) {
        return TRIVET_OK;
    }
    if (json_is_object(value) || json_is_array(value)) {
        return append_json_text(out, value);
    }

    return append_json(out, value, json_is_string(value) ? 1 : 0);
}

/* Quoted where it is not in a string. */
static enum trivet_status
append_text(struct trivet_buffer *out, const struct trivet_template_part *part,
    struct trivet_slice text)
{
    struct trivet_slice quote =
        trivet_slice_text(part->is_in_string ? "" : "\"");

    TRIVET_TRY(trivet_buffer_append(out, quote));
    TRIVET_TRY(trivet_buffer_append(out, text));

    return trivet_buffer_append(out, quote);
}

/* Whether a part of a path is a number as JSON writes it. */
static bool
is_number(struct trivet_slice text)
{
    long long number;

    return trivet_slice_to_id(text, &number)
           && (text.len == 1 || text.data[0] != '0');
}

static enum trivet_status
append_segment(struct trivet_buffer *out,
    const struct trivet_template_part *part,
    const struct trivet_template_values *values)
{
    struct trivet_slice text = part->segment < values->num_segments
                                   ? values->segments[part->segment]
                                   : trivet_slice_text("");

    return is_number(text) ? trivet_buffer_append(out, text)
                           : append_text(out, part, text);
}

static enum trivet_status
append_part(struct trivet_buffer *out, const struct trivet_template_part *part,
    const struct trivet_template_values *values)
{
    char now[TRIVET_TIMESTAMP_SIZE];
    char id[24];

    switch (part->kind) {
    case TRIVET_TEMPLATE_TEXT:
        break;
    case TRIVET_TEMPLATE_ID:
        (void) snprintf(id, sizeof id, "%lld", (long long) values->id);
        return trivet_buffer_append(out, trivet_slice_text(id));
    case TRIVET_TEMPLATE_NOW:
        trivet_timestamp_format(values->now_us, now);
        return append_text(out, part, trivet_slice_text(now));
    case TRIVET_TEMPLATE_PATH:
        return append_segment(out, part, values);
    case TRIVET_TEMPLATE_BODY:
        return append_field(out, part, values->body);
    }

    return trivet_buffer_append(out, part->text);
}

enum trivet_status
trivet_template_render(const struct trivet_template *template,
    const struct trivet_template_values *values, struct trivet_buffer *out)
{
    for (size_t i = 0; i < template->num_parts; i++) {
        TRIVET_TRY(append_part(out, &template->parts[i], values));
    }

    return TRIVET_OK;
}
