/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json_tree.h"

#include "core/message/answers.h"

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
