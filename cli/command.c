/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - commands as rows of a table */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WAY = 128 };

static void
print_table(FILE *to, const char *way, const struct cli_command *commands,
    size_t num_commands)
{
    (void) fprintf(to, "Usage: %s COMMAND [OPTION...]\n\nCommands:\n", way);

    for (size_t i = 0; i < num_commands; i++) {
        (void) fprintf(
            to, "  %-14s %s\n", commands[i].name, commands[i].summary);
    }

    (void) fprintf(to, "\n\"%s COMMAND --help\" tells more of each.\n", way);
}

int
cli_dispatch(const struct cli_command *commands, size_t num_commands, int argc,
    char **argv)
{
    char way[MAX_WAY];

    if (argc < 2) {
        print_table(stderr, argv[0], commands, num_commands);
        return CLI_USAGE;
    }

    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_table(stdout, argv[0], commands, num_commands);
        return CLI_OK;
    }

    for (size_t i = 0; i < num_commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            (void) snprintf(
                way, sizeof way, "%s %s", argv[0], commands[i].name);
            argv[1] = way;
            return commands[i].run(argc - 1, argv + 1);
        }
    }

    cli_tell("trivet: no command \"%s\"\n\n", argv[1]);
    print_table(stderr, argv[0], commands, num_commands);
    return CLI_USAGE;
}

int
cli_exit_of_status(enum trivet_status status)
{
    static const enum cli_exit exits[] = {
        [TRIVET_OK] = CLI_OK,
        [TRIVET_E_LIMIT] = CLI_FAILURE,
        [TRIVET_E_MALFORMED] = CLI_FAILURE,
        [TRIVET_E_NOT_FOUND] = CLI_NOT_FOUND,
        [TRIVET_E_CONFLICT] = CLI_CONFLICT,
        [TRIVET_E_UNAVAILABLE] = CLI_NETWORK,
        [TRIVET_E_MEMORY] = CLI_FAILURE,
        [TRIVET_E_CRYPTO] = CLI_FAILURE,
        [TRIVET_E_USAGE] = CLI_USAGE,
        [TRIVET_E_INTERNAL] = CLI_FAILURE,
        [TRIVET_E_REFUSED] = CLI_REFUSED,
        [TRIVET_E_UNTRUSTED] = CLI_UNTRUSTED,
        [TRIVET_E_THROTTLED] = CLI_THROTTLED,
        [TRIVET_E_NO_SESSION] = CLI_NOT_LOGGED_IN,
        [TRIVET_E_OUTCOME_UNKNOWN] = CLI_OUTCOME_UNKNOWN,
    };

    return (size_t) status < sizeof exits / sizeof exits[0]
               ? (int) exits[status]
               : CLI_FAILURE;
}

void
cli_complain_args(const char *format, va_list args)
{
    char *text;

    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }

    flockfile(stderr); /* threads do not mix their lines */
    (void) fputs("trivet: ", stderr);
    cli_put_text(stderr, text == NULL ? "out of memory" : text);
    (void) fputc('\n', stderr);
    funlockfile(stderr);
    free(text);
}

int
cli_fail(const struct trivet_error *err)
{
    (void) cli_usage("%s", err->detail);

    return cli_exit_of_status(err->status);
}

int
cli_fail_here(const struct trivet_error *err)
{
    int status = cli_fail(err);

    return status == CLI_NETWORK ? CLI_FAILURE : status;
}

int
cli_usage(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cli_complain_args(format, args);
    va_end(args);

    return CLI_USAGE;
}
