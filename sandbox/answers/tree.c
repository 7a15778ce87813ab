/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - which file answers which path: folders in memory */
#include "sandbox/answers/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "/v1/"

enum { UUID_LEN = 36 };

static const char *const methods[TRIVET_NUM_ANSWER_METHODS] = {
    [TRIVET_ANSWER_GET] = "GET",
    [TRIVET_ANSWER_POST] = "POST",
    [TRIVET_ANSWER_PUT] = "PUT",
    [TRIVET_ANSWER_DELETE] = "DELETE",
};

const char *
trivet_answer_method_name(enum trivet_answer_method method)
{
    return methods[method];
}

bool
trivet_answer_method_find(
    struct trivet_slice name, enum trivet_answer_method *out)
{
    if (trivet_slice_is(name, "HEAD")) {
        *out = TRIVET_ANSWER_GET;
        return true;
    }

    for (int i = 0; i < TRIVET_NUM_ANSWER_METHODS; i++) {
        if (trivet_slice_is(name, methods[i])) {
            *out = (enum trivet_answer_method) i;
            return true;
        }
    }

    return false;
}

/* ---- paths ------------------------------------------------------------- */

static bool
is_hexadecimal(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
           || (c >= 'A' && c <= 'F');
}

static bool
is_uuid(struct trivet_slice text)
{
    if (text.len != UUID_LEN) {
        return false;
    }

    for (size_t i = 0; i < UUID_LEN; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash ? text.data[i] != '-' : !is_hexadecimal(text.data[i])) {
            return false;
        }
    }

    return true;
}

static bool
is_id(struct trivet_slice text)
{
    long long number;

    return trivet_slice_to_id(text, &number) || is_uuid(text);
}

bool
trivet_answer_is_segment(struct trivet_slice name)
{
    if (name.len == 0 || name.len > TRIVET_MAX_ANSWER_NAME
        || trivet_slice_is(name, ".") || trivet_slice_is(name, ".."))
    {
        return false;
    }

    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
        {
            return false;
        }
    }

    return true;
}

bool
trivet_answer_path_read(
    struct trivet_slice path, struct trivet_answer_path *out)
{
    if (!trivet_slice_starts_with(path, ROOT)) {
        return false;
    }

    out->num = 0;
    path = trivet_slice_after(path, sizeof ROOT - 1);

    while (path.len > 0) {
        struct trivet_slice segment = path;

        segment.len = 0;
        while (segment.len < path.len && path.data[segment.len] != '/') {
            segment.len++;
        }
        if (out->num == TRIVET_MAX_ANSWER_SEGMENTS
            || !trivet_answer_is_segment(segment))
        {
            return false;
        }

        out->segments[out->num++] = segment;
        path = trivet_slice_after(path, segment.len);
        if (path.len > 0) {
            path = trivet_slice_after(path, 1); /* the slash */
        }
    }

    return out->num > 0;
}

/* ---- folders ----------------------------------------------------------- */

/* A folder that only leads to others is no path of the API. */
static bool
answers_anything(const struct trivet_answer_folder *folder)
{
    for (int i = 0; i < TRIVET_NUM_ANSWER_METHODS; i++) {
        if (folder->answers[i] != NULL) {
            return true;
        }
    }

    return false;
}

static const struct trivet_answer_folder *
find_below(const struct trivet_answer_folder *folder,
    const struct trivet_slice *segments, size_t num)
{
    const struct trivet_answer_folder *any = NULL;

    if (num == 0) {
        return answers_anything(folder) ? folder : NULL;
    }

    for (const struct trivet_answer_folder *child = folder->child;
         child != NULL; child = child->next)
    {
        const struct trivet_answer_folder *found;

        if (strcmp(child->name, "_") == 0) {
            any = child;
            continue;
        }
        found = trivet_slice_is(segments[0], child->name)
                    ? find_below(child, segments + 1, num - 1)
                    : NULL;
        if (found != NULL) {
            return found;
        }
    }

    return any != NULL && is_id(segments[0])
               ? find_below(any, segments + 1, num - 1)
               : NULL;
}

const struct trivet_answer_folder *
trivet_answer_find(const struct trivet_answer_folder *root,
    const struct trivet_answer_path *path, size_t num)
{
    return find_below(root, path->segments, num);
}

struct trivet_answer_folder *
trivet_answer_child(struct trivet_answer_folder *folder, const char *name)
{
    struct trivet_answer_folder *child;

    for (child = folder->child; child != NULL; child = child->next) {
        if (strcmp(child->name, name) == 0) {
            return child;
        }
    }

    child = calloc(1, sizeof *child);
    if (child != NULL) {
        (void) snprintf(child->name, sizeof child->name, "%s", name);
        child->next = folder->child;
        folder->child = child;
    }

    return child;
}

void
trivet_answer_folder_release(struct trivet_answer_folder *folder)
{
    struct trivet_answer_folder *child = folder->child;

    while (child != NULL) {
        struct trivet_answer_folder *next = child->next;

        trivet_answer_folder_release(child); /* as deep as paths are */
        free(child);
        child = next;
    }

    for (int i = 0; i < TRIVET_NUM_ANSWER_METHODS; i++) {
        trivet_template_free(folder->answers[i]);
    }
    trivet_template_free(folder->object);
    memset(folder, 0, sizeof *folder);
}
