/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - commands as rows of a table */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/hint.h"
#include "cli/nearest.h"
#include "cli/output.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WAY = 128, MAX_SAID = 16384 /* bytes: paths may be in it */ };

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

/* ---- a command that there is not --------------------------------------- */

enum { MAX_COMMANDS = 64 };

static const char *
find_nearest(
    const struct cli_command *commands, size_t num_commands, const char *word)
{
    const char *names[MAX_COMMANDS];
    size_t num = 0;

    while (num < num_commands && num < MAX_COMMANDS) {
        names[num] = commands[num].name;
        num++;
    }

    return cli_nearest(word, names, num);
}

static int
refuse(const struct cli_command *commands, size_t num_commands, const char *way,
    const char *word)
{
    const char *nearest = find_nearest(commands, num_commands, word);

    (void) cli_usage("no command \"%s\"", word);
    if (nearest != NULL) {
        cli_tell("Did you mean \"%s %s\"?\n", way, nearest);
    }
    cli_tell("\"%s --help\" lists the commands.\n", way);

    return CLI_USAGE;
}

/* ---- dispatch ---------------------------------------------------------- */

static bool
asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0
           || strcmp(word, "-?") == 0 || strcmp(word, "help") == 0;
}

int
cli_dispatch(const struct cli_command *commands, size_t num_commands, int argc,
    char **argv)
{
    static char help[] = "--help";
    char way[MAX_WAY];

    if (argc < 2) {
        print_table(stderr, argv[0], commands, num_commands);
        return CLI_USAGE;
    }

    if (asks_for_help(argv[1]) && (argc == 2 || argv[1][0] == '-')) {
        print_table(stdout, argv[0], commands, num_commands);
        return CLI_OK;
    }
    if (strcmp(argv[1], "help") == 0) {
        /* "help key create" is "key create --help". */
        for (int i = 1; i + 1 < argc; i++) {
            argv[i] = argv[i + 1];
        }
        argv[argc - 1] = help;
    }
    if (argc > 2 && strcmp(argv[2], "-h") == 0) {
        argv[2] = help;
    }

    for (size_t i = 0; i < num_commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            (void) snprintf(
                way, sizeof way, "%s %s", argv[0], commands[i].name);
            argv[1] = way;
            return commands[i].run(argc - 1, argv + 1);
        }
    }

    return refuse(commands, num_commands, argv[0], argv[1]);
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
    char shown[MAX_SAID] = "out of memory";
    char *text;

    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    if (text != NULL) {
        cli_hint_expand(text, shown, sizeof shown);
    }

    flockfile(stderr); /* threads do not mix their lines */
    (void) fputs("trivet: ", stderr);
    cli_put_text(stderr, shown);
    (void) fputc('\n', stderr);
    funlockfile(stderr);
    free(text);
}

int
cli_fail(const struct trivet_error *err)
{
    (void) cli_usage("%s", err->detail);
    if (err->status == TRIVET_E_THROTTLED
        && strcmp(err->where, "call.throttle") == 0)
    {
        (void) cli_usage("a longer --max-wait waits for it");
    }

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
