/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - a list of rows, as an aligned table for people or as JSON
 *
 * Columns are declared once; a row is a JSON object with their keys.
 */
#ifndef TRIVET_CLI_TABLE_H
#define TRIVET_CLI_TABLE_H

#include <jansson.h>

struct cli_column {
    const char *key;   /* of the row's JSON object */
    const char *title; /* NULL: in JSON only       */
};

/* Prints rows (a JSON array, which it takes over) to stdout. What strangers
 * wrote (names, descriptions) cannot steer a terminal. */
void cli_table_print(const struct cli_column *columns, size_t num_columns,
    json_t *rows, int as_json);

/* Prints one object, which it takes over, as one line of JSON. */
void cli_json_print(json_t *object);

/* A timestamp; null for 0. */
json_t *cli_json_time(long long at_us);

#endif
