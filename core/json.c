/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - reading JSON that somebody else wrote */
#include "core/json.h"

#include <stdio.h>
#include <string.h>

json_t *
trivet_json_load(
    struct trivet_slice text, size_t flags, json_error_t *out_error)
{
    if (text.len == 0 || memchr(text.data, '\0', text.len) != NULL) {
        if (out_error != NULL) {
            memset(out_error, 0, sizeof *out_error);
            (void) snprintf(out_error->text, sizeof out_error->text,
                text.len == 0 ? "nothing there" : "a byte NUL in it");
        }
        return NULL;
    }

    return json_loadb((const char *) text.data, text.len, flags, out_error);
}
