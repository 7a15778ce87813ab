/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h - all that trivet(1) writes to standard output and standard error
 *
 * Names, descriptions, error texts and headers are written by strangers. They
 * must not control the terminal that shows them, and must not look like
 * something else. So every text goes through the functions here, which write
 * an escape instead of each character that is not shown as itself:
 *
 *   \n \r \t        line end, carriage return, tab
 *   \u009b          other control characters (C0, DEL, C1), characters that
 *                   change the direction of writing, invisible ones (zero
 *                   width, tags, byte order marks), line and paragraph
 *                   separators, private and unassigned ones
 *   \U000e0041      the same above U+FFFF
 *   \xff            a byte that is not part of UTF-8
 *
 * Letters of all scripts, accents and emoji are written as they are. A
 * backslash is, too: the escapes are for reading, not for decoding.
 *
 * The body of an answer that goes to a file or a pipe is the one exception: it
 * is written byte for byte (call.c).
 */
#ifndef TRIVET_CLI_OUTPUT_H
#define TRIVET_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "trivet/base.h"

/*
 * For main, first of all. From here on the end of the program, wherever it
 * is, checks that standard output was written whole: else it says so on
 * standard error, and exit status 0 becomes CLI_FAILURE. Descriptors 0 to 2
 * that were closed are opened, so that no file of ours takes their place.
 */
void cli_output_start(void);

/* The end of the program will report that output is missing. */
void cli_output_fail(void);

/* Formatted text for standard output, and for standard error. Line ends and
 * tabs are kept: a stranger's text that may hold some goes to cli_put_text. */
void cli_print(const char *format, ...) TRIVET_PRINTF(1, 2);
void cli_tell(const char *format, ...) TRIVET_PRINTF(1, 2);

/* One stranger's text, in one line: line ends and tabs are escaped. */
void cli_put_text(FILE *to, const char *text);

/* The same, cut after max_width columns (with "..."); returns the columns. to
 * may be NULL: it is only measured. */
size_t cli_put_cell(FILE *to, const char *text, size_t max_width);

/* A text of several lines: line ends and tabs are kept. */
void cli_put_block(FILE *to, const char *text, size_t len);

/* JSON: what is escaped becomes \uXXXX, which is the same JSON. */
void cli_put_json(FILE *to, const char *text);

/* Whether colours may be used there: a terminal, and neither NO_COLOR nor a
 * TERM of "dumb". */
bool cli_has_colour(FILE *stream);

/* A sequence of ours for the terminal, such as a colour. */
void cli_put_sequence(FILE *to, const char *sequence);

/*
 * Waits until a line for standard output can be written without a pause, such
 * as when somebody has stopped the terminal. For those who hold a lock while
 * they write.
 */
void cli_output_wait(void);

/* Hands on what was written so far; false: that fails, and will be reported. */
bool cli_output_flush(void);

/* Whether all that was written to standard output so far has arrived; to a
 * file, on its disk. */
bool cli_output_is_whole(void);

#endif
