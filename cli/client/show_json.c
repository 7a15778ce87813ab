/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_json.c - JSON for people
 *
 * jansson says whether it is JSON. Its tree has no longer the numbers as they
 * were written, so what is shown is the text, piece by piece; all that has to
 * be known of JSON for that is where a string ends.
 */
#define _DEFAULT_SOURCE
#include "cli/client/show_json.h"

#include <string.h>

#include "base/buffer.h"
#include "cli/output.h"
#include "core/json.h"

enum { INDENT = 2 };

static const char colour_name[] = "\033[34;1m";
static const char colour_text[] = "\033[32m";
static const char colour_other[] = "\033[36m"; /* numbers, true, null */
static const char colour_none[] = "\033[0m";

struct showing {
    FILE *to;
    struct trivet_slice rest;
    int depth;
    bool has_colour;
    bool has_failed; /* memory ran out */
};

static void
skip_blanks(struct showing *showing)
{
    while (showing->rest.len > 0
           && strchr(" \t\r\n", showing->rest.data[0]) != NULL)
    {
        showing->rest = trivet_slice_after(showing->rest, 1);
    }
}

/* How long the piece at the beginning is: a string with its quotes, a mark, or
 * a number or word up to the next mark. */
static size_t
piece_len(struct trivet_slice rest)
{
    size_t len = 1;

    if (rest.data[0] == '"') {
        while (rest.data[len] != '"') {
            len += rest.data[len] == '\\' ? 2 : 1;
        }
        return len + 1;
    }
    if (strchr("{}[],:", rest.data[0]) != NULL) {
        return 1;
    }
    while (len < rest.len && strchr(",]} \t\r\n", rest.data[len]) == NULL) {
        len++;
    }

    return len;
}

/* A string, number or word. */
static void
put_value(struct showing *showing, struct trivet_slice piece)
{
    struct trivet_buffer text = trivet_buffer_make(piece.len);
    struct trivet_slice behind = trivet_slice_after(showing->rest, piece.len);
    const char *colour = colour_other;

    while (behind.len > 0 && strchr(" \t\r\n", behind.data[0]) != NULL) {
        behind = trivet_slice_after(behind, 1);
    }
    if (piece.data[0] == '"') {
        bool is_name = behind.len > 0 && behind.data[0] == ':';

        colour = is_name ? colour_name : colour_text;
    }

    if (trivet_buffer_append(&text, piece) != TRIVET_OK) {
        showing->has_failed = true;
        return;
    }
    if (showing->has_colour) {
        cli_put_sequence(showing->to, colour);
    }
    cli_put_json(showing->to, text.data);
    if (showing->has_colour) {
        cli_put_sequence(showing->to, colour_none);
    }
    trivet_buffer_free(&text);
}

static void
put_line_end(struct showing *showing)
{
    (void) fprintf(showing->to, "\n%*s", showing->depth * INDENT, "");
}

/* What comes behind an opening bracket; an empty list stays on its line. */
static void
open_bracket(struct showing *showing, char mark)
{
    (void) fputc(mark, showing->to);
    showing->rest = trivet_slice_after(showing->rest, 1);
    skip_blanks(showing);
    if (strchr("]}", showing->rest.data[0]) != NULL) {
        (void) fputc(showing->rest.data[0], showing->to);
        showing->rest = trivet_slice_after(showing->rest, 1);
        return;
    }

    showing->depth++;
    put_line_end(showing);
}

static void
put_piece(struct showing *showing)
{
    char first = (char) showing->rest.data[0];
    size_t len = piece_len(showing->rest);

    switch (first) {
    case '{':
    case '[':
        open_bracket(showing, first);
        return;
    case '}':
    case ']':
        showing->depth--;
        put_line_end(showing);
        (void) fputc(first, showing->to);
        break;
    case ',':
        (void) fputc(first, showing->to);
        put_line_end(showing);
        break;
    case ':':
        (void) fputs(": ", showing->to);
        break;
    default:
        put_value(showing, trivet_slice_make(showing->rest.data, len));
    }

    showing->rest = trivet_slice_after(showing->rest, len);
}

bool
cli_show_json(FILE *to, struct trivet_slice text)
{
    struct showing showing = {
        .to = to, .rest = text, .has_colour = cli_has_colour(to)};
    json_t *root = trivet_json_load(text, JSON_DECODE_ANY, NULL);

    if (root == NULL) {
        return false;
    }

    json_decref(root);
    skip_blanks(&showing);
    while (showing.rest.len > 0) {
        put_piece(&showing);
        skip_blanks(&showing);
    }
    if (showing.has_failed) {
        cli_output_fail();
    }
    (void) fputc('\n', to);

    return true;
}
