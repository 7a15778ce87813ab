/* SPDX-License-Identifier: Apache-2.0 */
/* json_tree.c - JSON trees that are whole or not there */
#include "core/json_tree.h"

#include "base/secret.h"
#include "base/timestamp.h"

json_t *
trivet_json_moment(int64_t at_us)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    if (at_us == 0) {
        return json_null();
    }

    trivet_timestamp_format(at_us, text);
    text[10] = 'T';
    return json_sprintf("%sZ", text);
}

void
trivet_json_wipe(json_t *tree)
{
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_string(tree)) {
        /* jansson hands its own memory out as const. */
        trivet_wipe((void *) (uintptr_t) json_string_value(tree),
            json_string_length(tree));
    }

    json_object_foreach(tree, key, child)
    {
        trivet_json_wipe(child);
    }
    json_array_foreach(tree, i, child)
    {
        trivet_json_wipe(child);
    }
}

struct trivet_buffer
trivet_json_write(const json_t *tree, size_t flags, size_t extra)
{
    size_t len = tree == NULL ? 0 : json_dumpb(tree, NULL, 0, flags);
    struct trivet_buffer text = trivet_buffer_make(len + extra);

    if (len == 0 || trivet_buffer_reserve(&text, len + extra) != TRIVET_OK) {
        return text;
    }

    if (json_dumpb(tree, text.data, len, flags) != len) {
        trivet_buffer_free(&text);
        return text;
    }

    text.len = len;
    text.data[len] = '\0';
    return text;
}

static void
drop_unless(int result, json_t **tree)
{
    if (result == 0) {
        return;
    }

    trivet_json_wipe(*tree);
    json_decref(*tree);
    *tree = NULL;
}

void
trivet_json_put(json_t **tree, const char *name, json_t *value)
{
    if (*tree == NULL) {
        json_decref(value);
        return;
    }

    drop_unless(json_object_set_new(*tree, name, value), tree);
}

void
trivet_json_append(json_t **tree, json_t *value)
{
    if (*tree == NULL) {
        json_decref(value);
        return;
    }

    drop_unless(json_array_append_new(*tree, value), tree);
}
