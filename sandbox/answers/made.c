/* SPDX-License-Identifier: Apache-2.0 */
/* made.c - what POSTs made: objects that the sandbox keeps in memory */
#include "sandbox/answers/made.h"

#include <string.h>

struct object {
    int64_t user_id; /* 0: the place is free */
    int64_t id;
    uint32_t path_len;
    uint32_t text_len;
    unsigned char path[TRIVET_MAX_MADE_PATH];
    unsigned char text[TRIVET_MAX_MADE_TEXT];
};

struct trivet_made {
    int64_t next_id;
    uint64_t num_kept; /* ever: the next one goes to this place, modulo */
    struct object objects[TRIVET_MAX_MADE];
};

size_t
trivet_made_size(void)
{
    return sizeof(struct trivet_made);
}

void
trivet_made_init(struct trivet_made *made)
{
    made->next_id = TRIVET_FIRST_MADE_ID;
    made->num_kept = 0;
}

int64_t
trivet_made_next_id(struct trivet_made *made)
{
    return made->next_id++;
}

bool
trivet_made_keep(struct trivet_made *made, int64_t user_id,
    struct trivet_slice path, int64_t id, struct trivet_slice text)
{
    struct object *object = &made->objects[made->num_kept % TRIVET_MAX_MADE];

    if (path.len > TRIVET_MAX_MADE_PATH || text.len > TRIVET_MAX_MADE_TEXT
        || path.len == 0 || text.len == 0)
    {
        return false;
    }

    object->user_id = user_id;
    object->id = id;
    object->path_len = (uint32_t) path.len;
    object->text_len = (uint32_t) text.len;
    memcpy(object->path, path.data, path.len);
    memcpy(object->text, text.data, text.len);
    made->num_kept++;
    return true;
}

static bool
is_of(const struct object *object, int64_t user_id, struct trivet_slice path)
{
    return object->path_len > 0 && object->path_len == path.len
           && object->user_id == user_id
           && memcmp(object->path, path.data, path.len) == 0;
}

bool
trivet_made_find(const struct trivet_made *made, int64_t user_id,
    struct trivet_slice path, int64_t id, struct trivet_slice *out_text)
{
    for (size_t i = 0; i < TRIVET_MAX_MADE; i++) {
        const struct object *object = &made->objects[i];

        if (object->id == id && is_of(object, user_id, path)) {
            *out_text = trivet_slice_make(object->text, object->text_len);
            return true;
        }
    }

    return false;
}

size_t
trivet_made_list(const struct trivet_made *made, int64_t user_id,
    struct trivet_slice path, int64_t out_ids[TRIVET_MAX_MADE])
{
    size_t num = 0;

    for (size_t i = 0; i < TRIVET_MAX_MADE; i++) {
        if (is_of(&made->objects[i], user_id, path)) {
            out_ids[num++] = made->objects[i].id;
        }
    }

    return num;
}
