/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_json.h - JSON for people: indented, and coloured where that is shown
 *
 * Numbers and texts are those of the JSON, letter by letter: 12.50 stays 12.50.
 * What could control the terminal is escaped (cli/output.h).
 */
#ifndef TRIVET_CLI_CLIENT_SHOW_JSON_H
#define TRIVET_CLI_CLIENT_SHOW_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "base/slice.h"

/* Writes the text and a line end. False: it is no JSON, and nothing was
 * written. */
bool cli_show_json(FILE *to, struct trivet_slice text);

#endif
