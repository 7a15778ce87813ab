/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - the specification of a command: help, parsing, running */
#define _DEFAULT_SOURCE
#include "cli/command.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/nearest.h"
#include "cli/options_file.h"
#include "cli/output.h"

enum {
    MAX_WAY = 128,
    MAX_NAMES = 64,
    MAX_USAGE = 256,
    MAX_SHARED = 4,
    CHILD_OPTIONS = 0 /* which of argp's children a command's own options are */
};

static char help_option[] = "--help";

/* ---- the list of commands ---------------------------------------------- */

static void
print_children(FILE *to, const struct cli_command *command)
{
    (void) fputs("Commands:\n", to);
    for (size_t i = 0; command->children[i] != NULL; i++) {
        (void) fprintf(to, "  %-14s %s\n", command->children[i]->name,
            command->children[i]->summary);
    }
}

static void
print_list(FILE *to, const char *way, const struct cli_command *command)
{
    (void) fprintf(to, "Usage: %s COMMAND [OPTION...]\n\n", way);
    print_children(to, command);
    (void) fprintf(to, "\n\"%s COMMAND --help\" describes a command.\n", way);
}

/* ---- a command that does not exist ------------------------------------- */

/* The names of the children; with a runner also its own options. */
static size_t
collect_names(const struct cli_command *command, const char *names[MAX_NAMES],
    char options[MAX_NAMES][MAX_WAY])
{
    const struct argp_option *option = command->options;
    size_t num = 0;

    for (size_t i = 0; command->children[i] != NULL && num < MAX_NAMES; i++) {
        names[num++] = command->children[i]->name;
    }

    for (; option != NULL && option->name != NULL && num < MAX_NAMES; option++)
    {
        (void) snprintf(options[num], MAX_WAY, "--%s", option->name);
        names[num] = options[num];
        num++;
    }

    return num;
}

static int
refuse(const struct cli_command *command, const char *way, const char *word)
{
    char options[MAX_NAMES][MAX_WAY];
    const char *names[MAX_NAMES];
    size_t num = collect_names(command, names, options);
    const char *nearest = cli_nearest(word, names, num);

    (void) cli_usage("no command \"%s\"", word);
    if (nearest != NULL) {
        cli_tell("Did you mean \"%s %s\"?\n", way, nearest);
    }
    cli_tell("\"%s --help\" lists the commands.\n", way);

    return CLI_USAGE;
}

/* ---- parsing ----------------------------------------------------------- */

/* The input of the outermost argp parser. */
struct parsing {
    const struct cli_command *command;
    char *input;
};

static struct cli_words *
words_of(const struct parsing *parsing)
{
    return (struct cli_words *) (void *) (parsing->input
                                          + parsing->command->arguments.offset);
}

static void
take_choice(struct cli_words *words, const char *const *choices,
    const char *word, struct argp_state *state)
{
    size_t num = 0;

    for (; choices[num] != NULL; num++) {
        if (strcmp(choices[num], word) == 0) {
            words->choice = num;
            return;
        }
    }

    cli_refuse_word(state, word, choices, num);
}

static void
take_word(
    const struct parsing *parsing, const char *word, struct argp_state *state)
{
    const struct cli_arguments *arguments = &parsing->command->arguments;
    struct cli_words *words = words_of(parsing);

    if (words->num == arguments->most) {
        argp_error(state, "too many arguments: %s", word);
        return;
    }
    if (words->num == 0 && arguments->choices != NULL) {
        take_choice(words, arguments->choices, word, state);
    }

    words->at[words->num++] = word;
}

/* The usage in one line: its forms with "or" between them. */
static void
refuse_missing(const char *usage, struct argp_state *state)
{
    char line[MAX_USAGE] = "";
    size_t len = 0;

    for (; usage[0] != '\0' && len < sizeof line - sizeof " or "; usage++) {
        const char one[] = {usage[0], '\0'};
        const char *part = usage[0] == '\n' ? " or " : one;

        len += (size_t) snprintf(line + len, sizeof line - len, "%s", part);
    }

    argp_error(state, "missing argument: %s", line);
}

/* argp's parser of what all commands have: inputs and words. */
static error_t
parse(int key, char *arg, struct argp_state *state)
{
    const struct parsing *parsing = state->input;
    const struct cli_command *command = parsing->command;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[CHILD_OPTIONS] = parsing->input;
        for (size_t i = 0;
             command->shared != NULL && command->shared[i].argp != NULL; i++)
        {
            state->child_inputs[CHILD_OPTIONS + 1 + i] =
                parsing->input + command->shared[i].offset;
        }
        return 0;

    case ARGP_KEY_ARG:
        if (command->arguments.most == 0) {
            return ARGP_ERR_UNKNOWN; /* argp refuses it */
        }
        take_word(parsing, arg, state);
        return 0;

    case ARGP_KEY_END:
        if (command->arguments.least > 0
            && words_of(parsing)->num < command->arguments.least)
        {
            refuse_missing(command->arguments.usage, state);
        }
        return 0;

    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* text, which may be NULL, and the list of children under it; to be freed.
 * When memory runs out the text is left out. */
static char *
append_children(const struct cli_command *command, const char *text)
{
    char *help = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&help, &len);

    if (to == NULL) {
        return NULL;
    }

    if (text != NULL) {
        (void) fprintf(to, "%s\n\n", text);
    }
    print_children(to, command);

    return fclose(to) == 0 ? help : NULL;
}

static char *
filter_help(int key, const char *text, void *input)
{
    const struct parsing *parsing = input;
    const struct cli_command *command = parsing->command;

    if (command->filter_help != NULL) {
        return command->filter_help(key, text, parsing->input);
    }
    if (key == ARGP_KEY_HELP_POST_DOC && command->children != NULL) {
        return append_children(command, text);
    }

    return (char *) (uintptr_t) text; /* argp neither writes nor frees it */
}

static error_t
parse_all(const struct cli_command *command, char *input, int argc, char **argv)
{
    struct parsing parsing = {command, input};
    const struct argp own = {
        .options = command->options, .parser = command->parse};
    struct argp_child children[MAX_SHARED + 2] = {{&own, 0, NULL, 0}};
    const struct argp argp = {
        .parser = parse,
        .args_doc = command->arguments.usage,
        .doc = command->doc,
        .children = children,
        .help_filter = filter_help,
    };

    for (size_t i = 0; command->shared != NULL && i < MAX_SHARED
                       && command->shared[i].argp != NULL;
         i++)
    {
        children[CHILD_OPTIONS + 1 + i].argp = command->shared[i].argp;
    }

    return argp_parse(&argp, argc, argv, 0, NULL, &parsing);
}

/* ---- running ----------------------------------------------------------- */

static bool
takes_options_file(const struct cli_command *command)
{
    const struct cli_shared_options *shared = command->shared;

    for (; shared != NULL && shared->argp != NULL; shared++) {
        if (shared->argp == &cli_options_file_argp) {
            return true;
        }
    }

    return false;
}

static int
run_own(const struct cli_command *command, int argc, char **argv)
{
    char **const given = argv;
    struct trivet_error err;
    char *input;
    int number = CLI_USAGE;

    if (takes_options_file(command)
        && cli_options_file_expand(command, &argc, &argv, &err) != TRIVET_OK)
    {
        return cli_complain(CLI_USAGE, "--config: %s", err.detail);
    }

    input = calloc(1, command->input_size);
    if (input == NULL) {
        return cli_complain(CLI_FAILURE, "out of memory");
    }
    if (command->defaults != NULL) {
        memcpy(input, command->defaults, command->input_size);
    }

    if (parse_all(command, input, argc, argv) == 0) {
        number = command->run(input);
    }

    trivet_wipe(input, command->input_size);
    free(input);
    if (argv != given) {
        free(argv);
    }
    return number;
}

static bool
asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0
           || strcmp(word, "-?") == 0 || strcmp(word, "help") == 0;
}

/* "help key create" becomes "key create --help". */
static void
move_help_last(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        argv[i] = argv[i + 1];
    }
    argv[argc - 1] = help_option;
}

static const struct cli_command *
find_child(const struct cli_command *command, const char *word)
{
    for (size_t i = 0; command->children[i] != NULL; i++) {
        if (strcmp(command->children[i]->name, word) == 0) {
            return command->children[i];
        }
    }

    return NULL;
}

/* Without a runner: the list of commands is its help. */
static int
run_list(const struct cli_command *command, int argc, char **argv)
{
    if (argc < 2) {
        print_list(stderr, argv[0], command);
        return CLI_USAGE;
    }
    if (asks_for_help(argv[1])) {
        print_list(stdout, argv[0], command);
        return CLI_OK;
    }

    return refuse(command, argv[0], argv[1]);
}

int
cli_command_run(const struct cli_command *command, int argc, char **argv)
{
    const struct cli_command *child = NULL;
    char way[MAX_WAY];

    if (command->choose != NULL) {
        const struct cli_command *chosen = command->choose(argc, argv);

        command = chosen == NULL ? command : chosen;
    }
    if (command->children != NULL && argc > 2 && strcmp(argv[1], "help") == 0) {
        move_help_last(argc, argv);
    }

    if (command->children != NULL && argc > 1) {
        child = find_child(command, argv[1]);
    }
    if (child != NULL) {
        (void) snprintf(way, sizeof way, "%s %s", argv[0], child->name);
        argv[1] = way;
        return cli_command_run(child, argc - 1, argv + 1);
    }

    if (command->run == NULL) {
        return run_list(command, argc, argv);
    }
    if (command->children != NULL && argc > 1 && argv[1][0] != '-') {
        return refuse(command, argv[0], argv[1]);
    }
    if (argc > 1 && strcmp(argv[1], "-h") == 0) {
        argv[1] = help_option;
    }

    return run_own(command, argc, argv);
}
