/* SPDX-License-Identifier: Apache-2.0 */
/* json_tree.c - JSON trees that are whole or not there */
#include "core/json_tree.h"

#include <stdint.h>

#include "base/secret.h"

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
