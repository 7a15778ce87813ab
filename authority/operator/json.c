/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - values of an operator's rows, and what was given */
#include "authority/operator/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *
trivet_operator_json_id(int64_t id)
{
    return id == 0 ? json_null() : json_integer(id);
}

json_t *
trivet_operator_json_text(const char *text)
{
    json_t *value = json_string(text); /* refuses what is not UTF-8 */
    size_t cap = 4 * strlen(text) + 1;
    size_t len = 0;
    char *escaped;

    if (value != NULL) {
        return value;
    }

    escaped = malloc(cap);
    if (escaped == NULL) {
        return NULL;
    }

    for (const char *c = text; *c != '\0'; c++) {
        unsigned byte = (unsigned char) *c;

        if (byte < 0x80) {
            escaped[len++] = *c;
            escaped[len] = '\0';
        } else {
            len += (size_t) snprintf(escaped + len, cap - len, "\\x%02x", byte);
        }
    }
    value = json_string(escaped);
    free(escaped);

    return value;
}

json_t *
trivet_operator_json_text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : trivet_operator_json_text(text);
}

json_t *
trivet_operator_json_address(const struct trivet_address *address)
{
    char text[TRIVET_MAX_ADDRESS_TEXT];

    trivet_address_format(address, text);
    return json_string(text);
}

/* ---- rows -------------------------------------------------------------- */

void
trivet_operation_push_to(
    struct trivet_operation *operation, json_t *list, json_t *item)
{
    if (json_array_append_new(list, item) != 0) {
        operation->is_short = true;
    }
}

void
trivet_operation_push(struct trivet_operation *operation, json_t *row)
{
    trivet_operation_push_to(operation, operation->rows, row);
}

enum trivet_status
trivet_operation_check(
    const struct trivet_operation *operation, enum trivet_status status)
{
    if (status == TRIVET_OK && (operation->rows == NULL || operation->is_short))
    {
        return trivet_error_set(
            operation->err, TRIVET_E_MEMORY, "operator", "out of memory");
    }

    return status;
}

enum trivet_status
trivet_operation_add(struct trivet_operation *operation, json_t *row)
{
    trivet_operation_push(operation, row);

    return trivet_operation_check(operation, TRIVET_OK);
}

/* ---- what was given ---------------------------------------------------- */

int64_t
trivet_operation_integer(
    const struct trivet_operation *operation, const char *name)
{
    return json_integer_value(json_object_get(operation->given, name));
}

const char *
trivet_operation_text(
    const struct trivet_operation *operation, const char *name)
{
    const char *text =
        json_string_value(json_object_get(operation->given, name));

    return text == NULL ? "" : text;
}

bool
trivet_operation_flag(
    const struct trivet_operation *operation, const char *name)
{
    return json_is_true(json_object_get(operation->given, name));
}

bool
trivet_operation_has(const struct trivet_operation *operation, const char *name)
{
    return json_object_get(operation->given, name) != NULL;
}
