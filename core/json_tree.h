/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_tree.h - JSON trees that are whole or not there
 *
 * jansson's json_object_set_new fails when memory runs out or a text is not
 * UTF-8, and leaves the object without the field. These leave no object: a
 * message without one of its fields would mean something else.
 */
#ifndef TRIVET_CORE_JSON_TREE_H
#define TRIVET_CORE_JSON_TREE_H

#include <jansson.h>
#include <stdint.h>

#include "base/buffer.h"

/* Puts value (taken over) into *tree under name. When that fails, or value is
 * NULL, *tree is wiped, freed and NULL; nothing is done when it is NULL. */
void trivet_json_put(json_t **tree, const char *name, json_t *value);

/* The same for the end of an array. */
void trivet_json_append(json_t **tree, json_t *value);

/* A moment (microseconds since 1970) as RFC 3339 has it, in UTC; null for 0.
 * NULL: out of memory. */
json_t *trivet_json_moment(int64_t at_us);

/* Overwrites every string of a tree (NULL: none) that is freed next: jansson
 * does not wipe. */
void trivet_json_wipe(json_t *tree);

/*
 * The text of a tree (NULL: none), into memory of its exact size and extra
 * bytes; flags are jansson's. An empty buffer when memory ran out.
 *
 * Not json_dumps: that one grows its buffer as it goes (and frees what it
 * leaves without wiping it), and where memory runs out for the name of a field
 * it leaves the name out and calls it a success.
 */
struct trivet_buffer trivet_json_write(
    const json_t *tree, size_t flags, size_t extra);

#endif
