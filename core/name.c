/* SPDX-License-Identifier: Apache-2.0 */
/* name.c - names that are shown to people */
#include "core/name.h"

#include <jansson.h>
#include <string.h>

#include "core/limits.h"

bool
trivet_name_is_valid(const char *text)
{
    size_t len = strlen(text);
    json_t *string = json_string(text); /* refuses what is not UTF-8 */
    bool is_valid = string != NULL && len < TRIVET_MAX_NAME;

    json_decref(string);

    for (size_t i = 0; is_valid && i < len; i++) {
        is_valid = (unsigned char) text[i] >= 0x20 && text[i] != 0x7f;
    }

    return is_valid;
}
