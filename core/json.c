/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - reading JSON that somebody else wrote */
#include "core/json.h"

#include <stdio.h>
#include <string.h>

/* Why text is not even looked at; NULL when it is. */
static const char *
find_obstacle(struct trivet_slice text)
{
    if (text.len == 0) {
        return "nothing there";
    }

    return memchr(text.data, '\0', text.len) == NULL ? NULL
                                                     : "a byte NUL in it";
}

json_t *
trivet_json_load(
    struct trivet_slice text, size_t flags, json_error_t *out_error)
{
    const char *obstacle = find_obstacle(text);

    if (obstacle != NULL) {
        if (out_error != NULL) {
            memset(out_error, 0, sizeof *out_error);
            (void) snprintf(
                out_error->text, sizeof out_error->text, "%s", obstacle);
        }
        return NULL;
    }

    return json_loadb((const char *) text.data, text.len, flags, out_error);
}
