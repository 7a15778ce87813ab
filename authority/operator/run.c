/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - checks what an operator's call is given by its table, and runs it */
#include <string.h>

#include "authority/operator/call.h"
#include "authority/operator/json.h"
#include "authority/operator/place.h"

const struct trivet_operator_call *
trivet_operator_call(const char *name)
{
    const struct trivet_operator_call *call = trivet_operator_calls;

    while (call->name != NULL && strcmp(call->name, name) != 0) {
        call++;
    }

    return call;
}

/* ---- checking ---------------------------------------------------------- */

static enum trivet_status
refuse(const struct trivet_operator_field *field, const char *what,
    struct trivet_error *err)
{
    return trivet_error_set(
        err, TRIVET_E_USAGE, "operator", "%s: %s", field->name, what);
}

static enum trivet_status
check_integer(const struct trivet_operator_field *field, const json_t *value,
    struct trivet_error *err)
{
    int64_t number = json_integer_value(value);

    if (!json_is_integer(value)) {
        return refuse(field, "a whole number, please", err);
    }
    if (number < field->min || number > field->max) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator",
            "%s: a number from %lld to %lld, please", field->name,
            (long long) field->min, (long long) field->max);
    }

    return TRIVET_OK;
}

static enum trivet_status
check_id(const struct trivet_operator_field *field, const json_t *value,
    struct trivet_error *err)
{
    return json_integer_value(value) > 0
               ? TRIVET_OK
               : refuse(field, "an id, please: a number above 0", err);
}

static enum trivet_status
check_text(const struct trivet_operator_field *field, const json_t *value,
    struct trivet_error *err)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value)) {
        return refuse(field, "a text, please", err);
    }
    if (len < (size_t) field->min || len > (size_t) field->max) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator",
            "%s: %lld to %lld bytes, please", field->name,
            (long long) field->min, (long long) field->max);
    }
    if (strlen(json_string_value(value)) != len) {
        return refuse(field, "no NUL, please", err);
    }

    return TRIVET_OK;
}

static enum trivet_status
check_word(const struct trivet_operator_field *field, const json_t *value,
    struct trivet_error *err)
{
    const char *text = json_string_value(value);

    for (size_t i = 0; text != NULL && field->words[i] != NULL; i++) {
        if (strcmp(field->words[i], text) == 0) {
            return TRIVET_OK;
        }
    }

    return refuse(field, "none of the words that it may be", err);
}

static enum trivet_status
check_flag(const struct trivet_operator_field *field, const json_t *value,
    struct trivet_error *err)
{
    return json_is_boolean(value) ? TRIVET_OK
                                  : refuse(field, "true or false?", err);
}

typedef enum trivet_status (*check_fn)(
    const struct trivet_operator_field *field, const json_t *value,
    struct trivet_error *err);

static enum trivet_status
check_field(const struct trivet_operator_field *field, const json_t *value,
    struct trivet_error *err)
{
    static const check_fn checks[TRIVET_NUM_TYPES] = {
        [TRIVET_TYPE_INTEGER] = check_integer,
        [TRIVET_TYPE_ID] = check_id,
        [TRIVET_TYPE_TEXT] = check_text,
        [TRIVET_TYPE_FLAG] = check_flag,
        [TRIVET_TYPE_WORD] = check_word,
    };

    if (value == NULL) {
        return field->is_optional ? TRIVET_OK
                                  : refuse(field, "is missing", err);
    }

    return checks[field->type](field, value, err);
}

static bool
has_field(const struct trivet_operator_field *fields, const char *name)
{
    for (; fields != NULL && fields->name != NULL; fields++) {
        if (strcmp(fields->name, name) == 0) {
            return true;
        }
    }

    return false;
}

static enum trivet_status
check(const struct trivet_operator_call *call, const json_t *given,
    struct trivet_error *err)
{
    const struct trivet_operator_field *field = call->given;
    void *at = json_object_iter((json_t *) (uintptr_t) given);

    for (; field != NULL && field->name != NULL; field++) {
        TRIVET_TRY(
            check_field(field, json_object_get(given, field->name), err));
    }

    while (at != NULL) {
        const char *name = json_object_iter_key(at);

        if (!has_field(call->given, name)) {
            return trivet_error_set(err, TRIVET_E_USAGE, "operator",
                "%.64s: %s has no such field", name, call->name);
        }
        at = json_object_iter_next((json_t *) (uintptr_t) given, at);
    }

    return TRIVET_OK;
}

/* ---- running ----------------------------------------------------------- */

enum trivet_status
trivet_operator_run(
    const struct trivet_operator_call *call, struct trivet_operation *operation)
{
    operation->is_lost = false;
    operation->is_short = false;
    operation->rows = NULL;
    if (operation->given == NULL) {
        return trivet_error_set(
            operation->err, TRIVET_E_MEMORY, "operator", "out of memory");
    }
    TRIVET_TRY(check(call, operation->given, operation->err));

    if (call->is_of_sandbox && operation->place->sandbox_path == NULL) {
        return trivet_error_set(operation->err, TRIVET_E_NOT_FOUND, "operator",
            "%s: this is no sandbox", call->name);
    }

    operation->rows = json_array();
    TRIVET_TRY(trivet_operation_check(operation, TRIVET_OK));

    return call->run(operation);
}
