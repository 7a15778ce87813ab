/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - a list of rows, as an aligned table for people or as JSON */
#define _DEFAULT_SOURCE
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "cli/output.h"
#include "cli/span.h"
#include "core/json_tree.h"

enum {
    MAX_WIDTH = 64,  /* columns of a cell that others follow */
    MAX_LAST = 1024, /* of one that none follow              */
    MAX_COLUMNS = 16,
    MOMENT_LEN = 19, /* "2018-08-29T13:48:17" */
    MAX_NUMBER = 32
};

json_t *
cli_json_moment(json_t *value)
{
    const char *text = json_string_value(value);
    int64_t at_us;

    if (text != NULL
        && trivet_timestamp_parse(trivet_slice_text(text), &at_us) == TRIVET_OK)
    {
        return trivet_json_moment(at_us);
    }

    return value == NULL ? json_null() : json_incref(value);
}

json_t *
cli_json_text(const char *text)
{
    json_t *value = json_string(text); /* refuses what is not UTF-8 */
    char *escaped = NULL;
    size_t len;
    FILE *to;

    if (value != NULL) {
        return value;
    }

    to = open_memstream(&escaped, &len);
    if (to != NULL) {
        cli_put_text(to, text);
        if (fclose(to) == 0) {
            value = json_string(escaped);
        }
    }

    free(escaped);
    return value;
}

void
cli_json_print(json_t *object)
{
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);

    if (text == NULL) {
        cli_output_fail();
    } else {
        cli_put_json(stdout, text);
    }

    (void) putchar('\n');
    free(text);
    json_decref(object);
}

/* One cell's text; out is used where it has to be made. */
static const char *
format_cell(const json_t *value, enum cli_cell cell, char out[MAX_NUMBER])
{
    const char *text = json_string_value(value);

    if (cell == CLI_CELL_MOMENT && text != NULL && strlen(text) > MOMENT_LEN) {
        (void) snprintf(out, MAX_NUMBER, "%.10s %.8s UTC", text, text + 11);
    } else if (cell == CLI_CELL_SPAN && json_is_integer(value)) {
        cli_span_format(json_integer_value(value), out);
    } else if (text != NULL) {
        return text;
    } else if (json_is_integer(value)) {
        (void) snprintf(out, MAX_NUMBER, "%" JSON_INTEGER_FORMAT,
            json_integer_value(value));
    } else if (json_is_boolean(value)) {
        return json_is_true(value) ? "yes" : "no";
    } else {
        return "-";
    }

    return out;
}

/* What is printed: the columns with titles. */
struct table {
    const struct cli_column *columns[MAX_COLUMNS];
    size_t widths[MAX_COLUMNS];
    size_t num;
};

static void
print_cell(const struct table *table, size_t c, const char *text)
{
    bool is_last = c + 1 == table->num;
    size_t width = cli_put_cell(stdout, text, is_last ? MAX_LAST : MAX_WIDTH);

    while (!is_last && width++ < table->widths[c] + 2) {
        (void) putchar(' ');
    }
    if (is_last) {
        (void) putchar('\n');
    }
}

static const char *
cell_of(const struct table *table, size_t c, const json_t *row,
    char out[MAX_NUMBER])
{
    return format_cell(json_object_get(row, table->columns[c]->key),
        table->columns[c]->cell, out);
}

static void
measure(struct table *table, const json_t *rows)
{
    char made[MAX_NUMBER];
    size_t i;
    const json_t *row;

    for (size_t c = 0; c < table->num; c++) {
        table->widths[c] = strlen(table->columns[c]->title);
    }

    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < table->num; c++) {
            size_t width =
                cli_put_cell(NULL, cell_of(table, c, row, made), MAX_WIDTH);

            if (width > table->widths[c]) {
                table->widths[c] = width;
            }
        }
    }
}

void
cli_table_print(const struct cli_column *columns, size_t num_columns,
    json_t *rows, int as_json)
{
    struct table table = {.num = 0};
    char made[MAX_NUMBER];
    size_t i;
    const json_t *row;

    if (as_json || rows == NULL) {
        cli_json_print(rows);
        return;
    }

    for (size_t c = 0; c < num_columns && table.num < MAX_COLUMNS; c++) {
        if (columns[c].title != NULL) {
            table.columns[table.num++] = &columns[c];
        }
    }
    measure(&table, rows);

    for (size_t c = 0; c < table.num; c++) {
        print_cell(&table, c, table.columns[c]->title);
    }
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < table.num; c++) {
            print_cell(&table, c, cell_of(&table, c, row, made));
        }
    }

    json_decref(rows);
}
