/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - a list of rows, as an aligned table for people or as JSON
 *
 * Columns are declared once; a row is a JSON object with their keys. All
 * lists of trivet(1) are printed here, so they look alike: a line of titles,
 * moments to the second in UTC, spans as "7d"; in JSON moments in the form of
 * RFC 3339 and spans in seconds.
 */
#ifndef TRIVET_CLI_TABLE_H
#define TRIVET_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum cli_cell {
    CLI_CELL_VALUE = 0,
    CLI_CELL_MOMENT, /* a string of trivet_json_moment */
    CLI_CELL_SPAN    /* a number of seconds       */
};

struct cli_column {
    const char *key;   /* of the row's JSON object */
    const char *title; /* NULL: in JSON only       */
    enum cli_cell cell;
};

/* Prints rows (a JSON array, which it takes over) to stdout. What strangers
 * wrote (names, descriptions) is escaped (cli/output.h); for people it is cut
 * after 64 columns, but in the last column of the table. */
void cli_table_print(const struct cli_column *columns, size_t num_columns,
    json_t *rows, int as_json);

/* Prints one object, which it takes over, as one line of JSON. */
void cli_json_print(json_t *object);

/* As trivet_json_moment (core/json_tree.h), of a moment in the protocol's form,
 * as an answer has it; what is none is given as it is. value: borrowed, or
 * NULL. */
json_t *cli_json_moment(json_t *value);

/* A text that should be UTF-8; what is not is escaped. */
json_t *cli_json_text(const char *text);

#endif
