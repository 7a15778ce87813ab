/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - a list of rows, as an aligned table for people or as JSON */
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

#include "core/timestamp.h"

enum { MAX_CELL = 64, MAX_COLUMNS = 16 };

json_t *
cli_json_time(long long at_us)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    if (at_us == 0) {
        return json_null();
    }

    trivet_timestamp_format(at_us, text);
    return json_string(text);
}

void
cli_json_print(json_t *object)
{
    if (object == NULL || json_dumpf(object, stdout, JSON_COMPACT) != 0) {
        (void) fputs("trivet: out of memory\n", stderr);
    }

    (void) putchar('\n');
    json_decref(object);
}

static void
format_cell(const json_t *value, char out[MAX_CELL])
{
    if (json_is_string(value)) {
        (void) snprintf(out, MAX_CELL, "%s", json_string_value(value));
    } else if (json_is_integer(value)) {
        (void) snprintf(
            out, MAX_CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_boolean(value)) {
        (void) snprintf(out, MAX_CELL, json_is_true(value) ? "yes" : "no");
    } else {
        (void) snprintf(out, MAX_CELL, "-");
    }

    for (unsigned char *p = (unsigned char *) out; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }
}

/* The width in characters of UTF-8 text, one column each. */
static size_t
width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char) *text & 0xc0) != 0x80;
    }

    return width;
}

static void
print_cell(const char *text, size_t width, int is_last)
{
    (void) fputs(text, stdout);

    for (size_t i = width_of(text); !is_last && i < width + 2; i++) {
        (void) putchar(' ');
    }
}

static void
print_rows(const struct cli_column *columns, size_t num_columns,
    const json_t *rows, const size_t *widths)
{
    char cell[MAX_CELL];
    size_t i;
    const json_t *row;

    for (size_t c = 0; c < num_columns; c++) {
        print_cell(columns[c].title, widths[c], c + 1 == num_columns);
    }
    (void) putchar('\n');

    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < num_columns; c++) {
            format_cell(json_object_get(row, columns[c].key), cell);
            print_cell(cell, widths[c], c + 1 == num_columns);
        }
        (void) putchar('\n');
    }
}

void
cli_table_print(const struct cli_column *columns, size_t num_columns,
    json_t *rows, int as_json)
{
    size_t widths[MAX_COLUMNS] = {0};
    char cell[MAX_CELL];
    size_t num_shown = 0;
    size_t i;
    const json_t *row;

    if (as_json || rows == NULL) {
        cli_json_print(rows);
        return;
    }

    while (num_shown < num_columns && num_shown < MAX_COLUMNS
           && columns[num_shown].title != NULL)
    {
        widths[num_shown] = width_of(columns[num_shown].title);
        num_shown++;
    }

    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < num_shown; c++) {
            size_t width;

            format_cell(json_object_get(row, columns[c].key), cell);
            width = width_of(cell);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }

    print_rows(columns, num_shown, rows, widths);
    json_decref(rows);
}
