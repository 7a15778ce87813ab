/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_file.h - a JSON file that a person wrote, and errors with their line
 *
 * A value is read together with its place, so that each error begins with
 * "FILE: line N:". For one thread.
 */
#ifndef TRIVET_CLI_JSON_FILE_H
#define TRIVET_CLI_JSON_FILE_H

#include <jansson.h>
#include <stdbool.h>

#include "trivet/status.h"

enum { CLI_MAX_JSON_FILE = 1 << 20 /* bytes, with a NUL */ };

/* Owned; cli_json_file_free wipes the text. */
struct cli_json_file {
    const char *path; /* borrowed */
    char *text;       /* CLI_MAX_JSON_FILE bytes, NUL-terminated */
    json_t *tree;
};

/* A value, and where it stands: under a name in the object parent, or as the
 * item of that index of the array parent. The root has no parent. */
struct cli_json_at {
    const struct cli_json_at *parent;
    const char *name; /* NULL: an item of an array */
    size_t index;
    json_t *value; /* NULL: it is not there */
};

/* Reads a file, whose root is an object. An object has each name once.
 * TRIVET_E_USAGE, TRIVET_E_NOT_FOUND, TRIVET_E_LIMIT: as err says. */
TRIVET_MUST_USE enum trivet_status cli_json_file_load(
    const char *path, struct cli_json_file *out, struct trivet_error *err);
void cli_json_file_free(struct cli_json_file *file);

struct cli_json_at cli_json_root(const struct cli_json_file *file);
struct cli_json_at cli_json_field(
    const struct cli_json_at *object, const char *name);
struct cli_json_at cli_json_item(const struct cli_json_at *array, size_t index);

/* TRIVET_E_USAGE with the file, the line of the value (or of what should have
 * it), the value's name, and the reason. The value itself is not shown. */
TRIVET_MUST_USE enum trivet_status cli_json_refuse(
    const struct cli_json_file *file, const struct cli_json_at *at,
    struct trivet_error *err, const char *format, ...) TRIVET_PRINTF(4, 5);

/* Whether it is an object whose names are all among names (up to NULL). */
TRIVET_MUST_USE enum trivet_status cli_json_check_object(
    const struct cli_json_file *file, const struct cli_json_at *at,
    const char *const *names, struct trivet_error *err);

/* The text of a field, of 1 to max bytes. *out is NULL when it is not there and
 * not required; it lives as long as the file. */
TRIVET_MUST_USE enum trivet_status cli_json_get_text(
    const struct cli_json_file *file, const struct cli_json_at *object,
    const char *name, size_t max, bool is_required, const char **out,
    struct trivet_error *err);

/* An array, which may be missing: then it has no items. */
TRIVET_MUST_USE enum trivet_status cli_json_get_array(
    const struct cli_json_file *file, const struct cli_json_at *object,
    const char *name, struct cli_json_at *out, size_t *out_num,
    struct trivet_error *err);

#endif
