/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.c - the description of the console's API, made from its table */
#include "cli/operator/openapi.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/operator/call.h"
#include "cli/output.h"
#include "core/json.h"

typedef const struct trivet_operator_field field_t;

/* ---- schemas ----------------------------------------------------------- */

static json_t *schema_of_fields(field_t *fields, bool is_shown);

static json_t *
integer_schema(field_t *field)
{
    bool is_id = field->type == TRIVET_TYPE_ID;
    json_int_t min = is_id ? 1 : field->min;
    json_int_t max = is_id ? INT64_MAX : field->max;

    return json_pack("{s:s, s:s, s:I, s:I}", "type", "integer", "format",
        "int64", "minimum", min, "maximum", max);
}

/* Lengths are in bytes in the table, and in characters here. */
static json_t *
text_schema(field_t *field)
{
    return json_pack("{s:s, s:I, s:I}", "type", "string", "minLength",
        (json_int_t) (field->min > 0), "maxLength", (json_int_t) field->max);
}

static json_t *
flag_schema(field_t *field)
{
    (void) field;
    return json_pack("{s:s}", "type", "boolean");
}

static json_t *
word_schema(field_t *field)
{
    json_t *words = json_array();

    for (size_t i = 0; field->words[i] != NULL; i++) {
        (void) json_array_append_new(words, json_string(field->words[i]));
    }

    return json_pack("{s:s, s:o}", "type", "string", "enum", words);
}

static json_t *
moment_schema(field_t *field)
{
    (void) field;
    return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
}

static json_t *
list_schema(field_t *field)
{
    json_t *items = field->items == NULL ? json_pack("{s:s}", "type", "string")
                                         : schema_of_fields(field->items, true);

    return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *
schema_of(field_t *field, bool is_shown)
{
    static json_t *(*const makers[TRIVET_NUM_TYPES])(field_t *) = {
        [TRIVET_TYPE_INTEGER] = integer_schema,
        [TRIVET_TYPE_ID] = integer_schema,
        [TRIVET_TYPE_TEXT] = text_schema,
        [TRIVET_TYPE_FLAG] = flag_schema,
        [TRIVET_TYPE_WORD] = word_schema,
        [TRIVET_TYPE_MOMENT] = moment_schema,
        [TRIVET_TYPE_LIST] = list_schema,
    };
    json_t *schema = makers[field->type](field);

    if (is_shown && field->is_optional) {
        json_t *type = json_incref(json_object_get(schema, "type"));

        (void) json_object_set_new(
            schema, "type", json_pack("[o, s]", type, "null"));
    }
    if (field->meaning != NULL) {
        (void) json_object_set_new(
            schema, "description", json_string(field->meaning));
    }

    return schema;
}

/* What is shown has all its fields; of what is given some may be left out. */
static json_t *
schema_of_fields(field_t *fields, bool is_shown)
{
    json_t *properties = json_object();
    json_t *required = json_array();

    for (; fields->name != NULL; fields++) {
        (void) json_object_set_new(
            properties, fields->name, schema_of(fields, is_shown));
        if (is_shown || !fields->is_optional) {
            (void) json_array_append_new(required, json_string(fields->name));
        }
    }

    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties",
        properties, "required", required, "additionalProperties", 0);
}

/* ---- calls ------------------------------------------------------------- */

static bool
is_in_path(const struct trivet_operator_call *call, field_t *field)
{
    char part[64];

    (void) snprintf(part, sizeof part, "{%s}", field->name);
    return strstr(call->path, part) != NULL;
}

static json_t *
parameter(const char *name, const char *in, json_t *schema, bool is_required)
{
    return json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", in, "required",
        (int) is_required, "schema", schema);
}

static json_t *
edge_schema(int64_t max)
{
    return json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0,
        "maximum", (json_int_t) max);
}

static json_t *
parameters_of(const struct trivet_operator_call *call)
{
    bool is_get = strcmp(call->method, "GET") == 0;
    json_t *list = json_array();

    for (field_t *field = call->given; field->name != NULL; field++) {
        bool is_path = is_in_path(call, field);
        const char *in = is_path ? "path" : "query";

        if (is_path || is_get) {
            (void) json_array_append_new(
                list, parameter(field->name, in, schema_of(field, false),
                          !field->is_optional));
        }
    }
    if (call->is_paged) {
        (void) json_array_append_new(
            list, parameter("count", "query", edge_schema(200), false));
        (void) json_array_append_new(list,
            parameter("older_id", "query", edge_schema(INT64_MAX), false));
        (void) json_array_append_new(list,
            parameter("newer_id", "query", edge_schema(INT64_MAX), false));
    }
    if (call->role != TRIVET_ROLE_NONE) {
        (void) json_array_append_new(
            list, parameter("X-Trivet-Console-Key", "header",
                      json_pack("{s:s}", "type", "string"), true));
    }
    if (!is_get) {
        (void) json_array_append_new(
            list, parameter("X-Trivet-Console", "header",
                      json_pack("{s:s}", "const", "1"), true));
    }

    return list;
}

/* NULL: there is none. */
static json_t *
body_of(const struct trivet_operator_call *call)
{
    json_t *schema = schema_of_fields(call->given, false);
    json_t *properties = json_object_get(schema, "properties");
    json_t *required = json_object_get(schema, "required");
    bool is_required;

    for (field_t *field = call->given; field->name != NULL; field++) {
        size_t i;
        json_t *name;

        if (!is_in_path(call, field)) {
            continue;
        }
        (void) json_object_del(properties, field->name);
        json_array_foreach(required, i, name)
        {
            if (strcmp(json_string_value(name), field->name) == 0) {
                (void) json_array_remove(required, i);
                break;
            }
        }
    }
    if (strcmp(call->method, "GET") == 0 || json_object_size(properties) == 0) {
        json_decref(schema);
        return NULL;
    }

    is_required = json_array_size(required) > 0;
    return json_pack("{s:b, s:{s:{s:o}}}", "required", (int) is_required,
        "content", "application/json", "schema", schema);
}

static json_t *
answer_of(const struct trivet_operator_call *call)
{
    json_t *item = json_pack("{s:s, s:{s:o}, s:[s], s:b}", "type", "object",
        "properties", call->noun, schema_of_fields(call->shown, true),
        "required", call->noun, "additionalProperties", 0);
    json_t *schema = json_pack("{s:s, s:{s:{s:s, s:o}}, s:[s], s:b}", "type",
        "object", "properties", "Response", "type", "array", "items", item,
        "required", "Response", "additionalProperties", 0);

    if (call->is_paged) {
        (void) json_object_set_new(json_object_get(schema, "properties"),
            "Pagination",
            json_pack("{s:s}", "$ref", "#/components/schemas/Pagination"));
    }

    return json_pack("{s:s, s:{s:{s:o}}}", "description", "done", "content",
        "application/json", "schema", schema);
}

static json_t *
operation_of(const struct trivet_operator_call *call)
{
    static const char *const roles[] = {"anybody with a token",
        "view: whoever may look", "operate: whoever may change"};
    json_t *operation = json_pack("{s:s, s:s, s:s, s:o, s:{s:o, s:{s:s}}}",
        "operationId", call->name, "summary", call->summary, "description",
        roles[call->role], "parameters", parameters_of(call), "responses",
        "200", answer_of(call), "default", "$ref",
        "#/components/responses/Error");
    json_t *body = body_of(call);

    if (body != NULL) {
        (void) json_object_set_new(operation, "requestBody", body);
    }

    return operation;
}

static json_t *
paths(void)
{
    json_t *paths = json_object();

    for (const struct trivet_operator_call *call = trivet_operator_calls;
         call->name != NULL; call++)
    {
        json_t *path = json_object_get(paths, call->path);
        char method[16] = "";

        if (path == NULL) {
            path = json_object();
            (void) json_object_set_new(paths, call->path, path);
        }
        for (size_t i = 0; call->method[i] != '\0' && i < 15; i++) {
            method[i] = (char) (call->method[i] | 0x20); /* in small letters */
        }
        (void) json_object_set_new(path, method, operation_of(call));
    }

    return paths;
}

/* ---- the whole --------------------------------------------------------- */

static const char components[] =
    "{\"schemas\":{\"Pagination\":{\"type\":\"object\",\"properties\":{"
    "\"future_url\":{\"type\":[\"string\",\"null\"]},"
    "\"newer_url\":{\"type\":[\"string\",\"null\"]},"
    "\"older_url\":{\"type\":[\"string\",\"null\"]}},"
    "\"required\":[\"future_url\",\"newer_url\",\"older_url\"],"
    "\"additionalProperties\":false}},"
    "\"responses\":{\"Error\":{\"description\":\"it was not done\","
    "\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
    "\"properties\":{\"Error\":{\"type\":\"array\",\"items\":{"
    "\"type\":\"object\",\"properties\":{"
    "\"error_description\":{\"type\":\"string\"},"
    "\"error_description_translated\":{\"type\":\"string\"},"
    "\"error_additional_parameter\":{\"type\":\"array\"}},"
    "\"required\":[\"error_description\"]}}},"
    "\"required\":[\"Error\"],\"additionalProperties\":false}}}}},"
    "\"securitySchemes\":{\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\","
    "\"name\":\"__Host-trivet-PORT\","
    "\"description\":\"PORT: of the URL. POST /api/login gives it.\"}}}";

void
cli_openapi_print(void)
{
    json_t *root = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:[]}], s:o, s:o}",
        "openapi", "3.1.0", "info", "title", "trivet's console", "version", "1",
        "description",
        "What an operator can do with a gateway. Made by \"trivet console "
        "--openapi\".",
        "security", "cookie", "paths", paths(), "components",
        trivet_json_load(trivet_slice_text(components), 0, NULL));
    char *text = json_dumps(root, JSON_INDENT(1));

    if (text == NULL) {
        cli_output_fail();
    } else {
        (void) puts(text);
    }

    free(text);
    json_decref(root);
}
