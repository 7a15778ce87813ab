/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - the specification of a command, one form for all of them
 *
 * A command of trivet(1) is one struct cli_command: its children, options,
 * arguments, help text and runner. The list of commands, "trivet help NAME",
 * --help, the nearest word and the parsing follow from it; the completion
 * scripts read --help, and tools/check-docs compares it with the man page.
 * argp parses the options.
 */
#ifndef TRIVET_CLI_COMMAND_H
#define TRIVET_CLI_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/exit.h"

enum { CLI_MAX_WORDS = 4 };

/* The arguments that are not options, as they were given. */
struct cli_words {
    size_t num;
    const char *at[CLI_MAX_WORDS];
    size_t choice; /* which of the choices the first one is */
};

struct cli_arguments {
    const char *usage; /* such as "ID TIME"; a line for each form */
    size_t least;      /* how many words; CLI_MAX_WORDS at most   */
    size_t most;
    size_t offset; /* of the struct cli_words in the command's input */
    const char *const *choices; /* what the first word may be, up to NULL;
                                   NULL: anything */
};

/* Options that several commands have: their argp gets the part of the
 * command's input at offset as its input. */
struct cli_shared_options {
    const struct argp *argp;
    size_t offset;
};

/* Texts are for people. A field that is NULL or 0 says: none. */
struct cli_command {
    const char *name;
    const char *summary; /* in the list of commands                       */
    const char *doc;     /* above the options; behind "\v": below them    */
    struct cli_arguments arguments;
    const struct argp_option *options;       /* its own, up to {0}        */
    const struct cli_shared_options *shared; /* up to {0}                 */

    /* Reads an option of its own into state->input, the command's input, with
     * the conventions of argp. */
    error_t (*parse)(int key, char *arg, struct argp_state *state);

    /* Changes a text of --help, with the conventions of argp. */
    char *(*filter_help)(int key, const char *text, void *input);

    size_t input_size;    /* of what the options and words are read into  */
    const void *defaults; /* what it holds before; NULL: zeros            */

    /* Does it; returns the exit status. The input is wiped afterwards. */
    int (*run)(void *input);

    /* With a runner as well, "trivet NAME" runs it and "trivet NAME CHILD" the
     * child. Up to NULL. */
    const struct cli_command *const *children;

    /* Another command that these arguments mean; NULL: this one. */
    const struct cli_command *(*choose)(int argc, char **argv);
};

/* Runs the command or the child of it that the arguments name. argv[0] is how
 * people call the command, such as "trivet key". Returns the exit status;
 * wrong usage ends the program with CLI_USAGE. */
int cli_command_run(const struct cli_command *command, int argc, char **argv);

#endif
