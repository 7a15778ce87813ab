/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options_file.h - the options of a command from a file, as a service has them
 *
 * A line is an option: its long name without the dashes and, behind blanks, its
 * value, which goes to the end of the line. Empty lines, and lines that begin
 * with #, say nothing. A value that begins with $CREDENTIALS_DIRECTORY/ is a
 * file that the service manager gives to this service alone.
 */
#ifndef TRIVET_CLI_OPTIONS_FILE_H
#define TRIVET_CLI_OPTIONS_FILE_H

#include <argp.h>

#include "cli/command.h"
#include "trivet/status.h"

/* For the shared options of a command (cli/command.h): --config FILE. Needs no
 * input. */
extern const struct argp cli_options_file_argp;

/*
 * Puts the options of the file that --config names in its place, in front of
 * all others: those of the command line come later, and win where one value is
 * wanted. Without --config nothing is changed. When *argv is another
 * one afterwards, it is the caller's to free; its words live as long as the
 * process. Once in a process.
 *
 * TRIVET_E_USAGE       it has a line that is none of command's options, or a
 *                      zero byte, or others may write it.
 * TRIVET_E_NOT_FOUND   there is none.
 * TRIVET_E_UNAVAILABLE it cannot be read.
 * TRIVET_E_LIMIT       it is too large: 64 KiB, or more than 256 options.
 * TRIVET_E_MEMORY      out of memory.
 */
TRIVET_MUST_USE enum trivet_status cli_options_file_expand(
    const struct cli_command *command, int *argc, char ***argv,
    struct trivet_error *err);

#endif
