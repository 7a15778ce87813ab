/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span.h - spans of time on the command line
 *
 *   span = seconds / duration   ; base/duration.h
 *   such as "90", "90s", "1h", "1d12h"
 *
 * Every option and word of trivet(1) that is a span is read and written here.
 */
#ifndef TRIVET_CLI_SPAN_H
#define TRIVET_CLI_SPAN_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

enum { CLI_SPAN_TEXT_SIZE = 32 };

/* False: not of that form, or more than max_s. */
bool cli_span_parse(const char *text, int64_t max_s, int64_t *out_s);

/* "0s", "90s", "1h30m", "7d": the form that is read. */
void cli_span_format(int64_t span_s, char out[CLI_SPAN_TEXT_SIZE]);

/* The span in an option's argument; else it is a wrong usage, which is said
 * with an example, and the program ends. */
int64_t cli_span_read(const char *text, int64_t min_s, int64_t max_s,
    const char *option, struct argp_state *state);

#endif
