/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - which of two texts is shown */
#include "cli/text.h"

#include <stddef.h>

const char *
cli_text_or(const char *text, const char *otherwise)
{
    return text == NULL || text[0] == '\0' ? otherwise : text;
}

const char *
cli_text_if(bool is_shown, const char *text)
{
    return is_shown ? text : "";
}

const char *
cli_text_of(bool is_so, const char *yes, const char *no)
{
    return is_so ? yes : no;
}
