/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - the path of a call against its pattern in the table of calls */
#include "authority/path.h"

#include <stdio.h>

/* Cuts the part up to the next slash off the front of *path. */
static struct trivet_slice
take_part(struct trivet_slice *path)
{
    size_t len = 0;
    struct trivet_slice part;

    while (len < path->len && path->data[len] != '/') {
        len++;
    }

    part = trivet_slice_make(path->data, len);
    *path = trivet_slice_after(*path, len < path->len ? len + 1 : len);

    return part;
}

/* What stands for an id in a pattern, if it does. */
static bool
is_id_pattern(struct trivet_slice wanted)
{
    return trivet_slice_is(wanted, "{id}") || trivet_slice_is(wanted, "{mine}");
}

static bool
read_id(struct trivet_slice wanted, struct trivet_slice part, long long *out)
{
    if (trivet_slice_is(wanted, "{mine}") && trivet_slice_is(part, "_")) {
        *out = TRIVET_PATH_ID_MINE;
        return true;
    }

    return trivet_slice_to_id(part, out);
}

/* Most rows of the table differ from a path in a byte before the first id. */
static bool
has_other_beginning(struct trivet_slice path, const char *pattern)
{
    size_t i = 0;

    while (i < path.len && pattern[i] == path.data[i]) {
        i++;
    }

    return i < path.len && pattern[i] != '\0' && pattern[i] != '{';
}

bool
trivet_path_matches(struct trivet_slice path, const char *pattern_text,
    long long ids[TRIVET_MAX_PATH_IDS])
{
    struct trivet_slice pattern = trivet_slice_text(pattern_text);
    size_t num_ids = 0;

    /* An empty last part is no part to take_part: "/v1/user//" is no call. */
    if (path.len > 0 && path.data[path.len - 1] == '/') {
        return false;
    }

    if (has_other_beginning(path, pattern_text)) {
        return false;
    }

    while (pattern.len > 0 && path.len > 0) {
        struct trivet_slice wanted = take_part(&pattern);
        struct trivet_slice part = take_part(&path);

        if (is_id_pattern(wanted)) {
            if (!read_id(wanted, part, &ids[num_ids++])) {
                return false;
            }
        } else if (!trivet_slice_equal(wanted, part)) {
            return false;
        }
    }

    return pattern.len == 0 && path.len == 0;
}

void
trivet_path_write(const char *pattern_text,
    const long long ids[TRIVET_MAX_PATH_IDS], char out[TRIVET_MAX_CALL_PATH])
{
    struct trivet_slice pattern = trivet_slice_text(pattern_text);
    size_t num_ids = 0;
    size_t len = 0;

    (void) take_part(&pattern); /* what is before the first slash: nothing */
    out[0] = '\0';

    while (pattern.len > 0 && len < TRIVET_MAX_CALL_PATH) {
        struct trivet_slice part = take_part(&pattern);
        char id[24] = "_";

        if (is_id_pattern(part)) {
            if (ids[num_ids] != TRIVET_PATH_ID_MINE) {
                (void) snprintf(id, sizeof id, "%lld", ids[num_ids]);
            }
            num_ids++;
            part = trivet_slice_text(id);
        }

        len += (size_t) snprintf(out + len, TRIVET_MAX_CALL_PATH - len, "/%.*s",
            (int) part.len, (const char *) part.data);
    }
}
