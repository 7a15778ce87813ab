/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_file.c - a JSON file that a person wrote, and errors with their line
 *
 * jansson keeps no lines. They are found when there is an error: the text is
 * read again, value by value, up to the place. Each value is read by jansson;
 * only what is between two of them is passed over here.
 */
#include "cli/json_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/data_dir.h"
#include "cli/text.h"
#include "core/json.h"

enum { MAX_SAID = 160 /* bytes of a reason, with the NUL */ };

enum trivet_status
cli_json_file_load(
    const char *path, struct cli_json_file *out, struct trivet_error *err)
{
    json_error_t error;
    enum trivet_status status;
    int line;

    *out = (struct cli_json_file){
        .path = path, .text = calloc(1, CLI_MAX_JSON_FILE)};
    if (out->text == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "json", "out of memory");
    }

    status = cli_read_file(path, out->text, CLI_MAX_JSON_FILE, err);
    if (status != TRIVET_OK) {
        cli_json_file_free(out);
        return status;
    }

    /* What is behind a NUL is not JSON: jansson is given no more. */
    out->tree = trivet_json_load(
        trivet_slice_text(out->text), JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(out->tree)) {
        return TRIVET_OK;
    }

    line = error.line > 0 ? error.line : 1;
    status = trivet_error_set(err, TRIVET_E_USAGE, "json",
        "%.100s: line %d: %s", path, line,
        cli_text_of(out->tree == NULL, error.text, "not an object"));
    cli_json_file_free(out);
    return status;
}

void
cli_json_file_free(struct cli_json_file *file)
{
    if (file->text != NULL) {
        trivet_wipe(file->text, CLI_MAX_JSON_FILE);
    }

    free(file->text);
    json_decref(file->tree);
    *file = (struct cli_json_file){0};
}

/* ---- places ------------------------------------------------------------ */

struct cli_json_at
cli_json_root(const struct cli_json_file *file)
{
    return (struct cli_json_at){.value = file->tree};
}

struct cli_json_at
cli_json_field(const struct cli_json_at *object, const char *name)
{
    return (struct cli_json_at){.parent = object,
        .name = name,
        .value = json_object_get(object->value, name)};
}

struct cli_json_at
cli_json_item(const struct cli_json_at *array, size_t index)
{
    return (struct cli_json_at){.parent = array,
        .index = index,
        .value = json_array_get(array->value, index)};
}

/* What is between two values is passed over. */
static const char *
skip(const char *text)
{
    return text + strspn(text, " \t\r\n,:");
}

/* The value that text begins with, or NULL; *out_end is behind it. */
static json_t *
read_value(const char *text, const char **out_end)
{
    json_error_t error;
    json_t *value =
        json_loads(text, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);

    *out_end = value == NULL ? text + strlen(text) : text + error.position;
    return value;
}

static const char *
behind(const char *text)
{
    const char *end;

    json_decref(read_value(text, &end));
    return end;
}

/* text: an array. */
static const char *
find_item(const char *text, size_t index)
{
    const char *at = skip(text + 1);

    for (size_t i = 0; i < index && *at != '\0'; i++) {
        at = skip(behind(at));
    }

    return at;
}

/* text: an object. What does not have the field is its place. */
static const char *
find_field(const char *text, const char *name)
{
    const char *at = skip(text + 1);

    while (*at == '"') {
        const char *end;
        json_t *key = read_value(at, &end);
        bool is_it =
            json_is_string(key) && strcmp(json_string_value(key), name) == 0;

        json_decref(key);
        if (is_it) {
            return skip(end);
        }

        at = skip(behind(skip(end)));
    }

    return text;
}

static const char *
find(const char *text, const struct cli_json_at *at)
{
    const char *found = skip(text);
    const struct cli_json_at *path[16];
    size_t depth = 0;

    for (; at->parent != NULL && depth < 16; at = at->parent) {
        path[depth++] = at;
    }

    while (depth > 0) {
        at = path[--depth];
        found = at->name == NULL ? find_item(found, at->index)
                                 : find_field(found, at->name);
    }

    return found;
}

static unsigned
line_of(const struct cli_json_file *file, const struct cli_json_at *at)
{
    const char *end = find(file->text, at);
    unsigned line = 1;

    for (const char *p = file->text; p < end; p++) {
        line += *p == '\n';
    }

    return line;
}

/* The name of a value: an item has that of its array. */
static const char *
name_of(const struct cli_json_at *at)
{
    while (at->name == NULL && at->parent != NULL) {
        at = at->parent;
    }

    return at->name == NULL ? "the file" : at->name;
}

enum trivet_status
cli_json_refuse(const struct cli_json_file *file, const struct cli_json_at *at,
    struct trivet_error *err, const char *format, ...)
{
    char said[MAX_SAID];
    va_list args;

    va_start(args, format);
    (void) vsnprintf(said, sizeof said, format, args);
    va_end(args);

    return trivet_error_set(err, TRIVET_E_USAGE, "json",
        "%.100s: line %u: %.60s: %s", file->path, line_of(file, at),
        name_of(at), said);
}

/* ---- values ------------------------------------------------------------ */

enum trivet_status
cli_json_check_object(const struct cli_json_file *file,
    const struct cli_json_at *at, const char *const *names,
    struct trivet_error *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(at->value)) {
        return cli_json_refuse(file, at, err, "not an object");
    }

    json_object_foreach(at->value, name, value)
    {
        const struct cli_json_at field = cli_json_field(at, name);
        size_t i = 0;

        while (names[i] != NULL && strcmp(names[i], name) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            return cli_json_refuse(file, &field, err, "no such field here");
        }
    }

    return TRIVET_OK;
}

enum trivet_status
cli_json_get_text(const struct cli_json_file *file,
    const struct cli_json_at *object, const char *name, size_t max,
    bool is_required, const char **out, struct trivet_error *err)
{
    const struct cli_json_at field = cli_json_field(object, name);

    *out = NULL;
    if (field.value == NULL) {
        return is_required ? cli_json_refuse(file, &field, err, "missing")
                           : TRIVET_OK;
    }
    if (!json_is_string(field.value)) {
        return cli_json_refuse(file, &field, err, "not a text");
    }
    if (json_string_length(field.value) == 0
        || json_string_length(field.value) > max)
    {
        return cli_json_refuse(
            file, &field, err, "a text of 1 to %zu bytes", max);
    }

    *out = json_string_value(field.value);
    return TRIVET_OK;
}

enum trivet_status
cli_json_get_array(const struct cli_json_file *file,
    const struct cli_json_at *object, const char *name, struct cli_json_at *out,
    size_t *out_num, struct trivet_error *err)
{
    *out = cli_json_field(object, name);
    *out_num = json_array_size(out->value);

    if (out->value != NULL && !json_is_array(out->value)) {
        return cli_json_refuse(file, out, err, "not an array");
    }

    return TRIVET_OK;
}
