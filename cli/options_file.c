/* SPDX-License-Identifier: Apache-2.0 */
/* options_file.c - the options of a command from a file */
#define _GNU_SOURCE
#include "cli/options_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/data_dir.h"

enum { OPTION_CONFIG = 0x280, MAX_TEXT = 65536, MAX_OPTIONS = 256 };

static const struct argp_option options_table[] = {
    {"config", OPTION_CONFIG, "FILE", 0,
        "more options, a line each: a name, and a value behind a blank", 0},
    {0},
};

/* cli_options_file_expand has taken the one that it knows. */
static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    if (key != OPTION_CONFIG) {
        return ARGP_ERR_UNKNOWN;
    }

    argp_error(
        state, "--config %.200s: in full and once, and not in a file", arg);
    return 0;
}

const struct argp cli_options_file_argp = {
    .options = options_table,
    .parser = parse_option,
};

/* ---- the file ----------------------------------------------------------- */

static char *
trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char) end[-1])) {
        *--end = '\0';
    }

    return text + strspn(text, " \t");
}

/* "--NAME" or "--NAME=VALUE", to be freed; NULL: out of memory. */
static char *
make_word(const char *name, const char *value)
{
    static const char credentials[] = "$CREDENTIALS_DIRECTORY/";
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char *word = NULL;
    int len;

    if (value[0] == '\0') {
        len = asprintf(&word, "--%s", name);
    } else if (dir != NULL
               && strncmp(value, credentials, sizeof credentials - 1) == 0)
    {
        len = asprintf(
            &word, "--%s=%s/%s", name, dir, value + sizeof credentials - 1);
    } else {
        len = asprintf(&word, "--%s=%s", name, value);
    }

    return len < 0 ? NULL : word;
}

static const struct argp_option *
find_in(const struct argp_option *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }

    return NULL;
}

static const struct argp_option *
find_option(const struct cli_command *command, const char *name)
{
    const struct cli_shared_options *shared = command->shared;
    const struct argp_option *option = find_in(command->options, name);

    for (; option == NULL && shared->argp != NULL; shared++) {
        option = find_in(shared->argp->options, name);
    }

    return option;
}

/* argp would take the next line for a value that is missing. */
static enum trivet_status
check_option(const struct cli_command *command, const char *name,
    const char *value, struct trivet_error *err)
{
    const struct argp_option *option = find_option(command, name);

    if (option == NULL || option->key == OPTION_CONFIG) {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "config", "no option \"%.60s\"", name);
    }
    if (option->arg == NULL && value[0] != '\0') {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "config", "%s has no value", name);
    }
    if (option->arg != NULL && value[0] == '\0'
        && (option->flags & OPTION_ARG_OPTIONAL) == 0)
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "config", "%s needs a value", name);
    }

    return TRIVET_OK;
}

static enum trivet_status
add_line(const struct cli_command *command, char *line, char **words,
    size_t *num, struct trivet_error *err)
{
    char *value;
    char *end;

    line = trim(line);
    if (line[0] == '\0' || line[0] == '#') {
        return TRIVET_OK;
    }

    end = line + strcspn(line, " \t");
    value = end + strspn(end, " \t");
    *end = '\0';
    TRIVET_TRY(check_option(command, line, value, err));

    if (*num == MAX_OPTIONS) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "config", "more than %d options", MAX_OPTIONS);
    }

    words[*num] = make_word(line, value);
    if (words[*num] == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "config", "out of memory");
    }

    (*num)++;
    return TRIVET_OK;
}

/* Whoever writes the file says what the gateway admits. In a container root's
 * files may be nobody's: any owner is. */
static const struct trivet_file_rule rule = {
    .owner = TRIVET_FILE_ANY_OWNER,
    .forbidden_mode = 002,
    .accepts_read_only_mount = true,
    .accepts_any_kind = true,
    .content = "the options",
};

static enum trivet_status
read_words(const struct cli_command *command, const char *path, char **words,
    size_t *num, struct trivet_error *err)
{
    static char text[MAX_TEXT]; /* large */
    struct trivet_error why;
    char *line = text;
    int number = 0;

    TRIVET_TRY(trivet_file_check_name(path, &rule, err));
    TRIVET_TRY(cli_read_file(path, text, sizeof text, err));

    while (line != NULL) {
        char *next = strchr(line, '\n');
        enum trivet_status status;

        number++;
        if (next != NULL) {
            *next++ = '\0';
        }
        status = add_line(command, line, words, num, &why);
        if (status != TRIVET_OK) {
            return trivet_error_set(err, status, "config", "%.200s:%d: %s",
                path, number, why.detail);
        }
        line = next;
    }

    return TRIVET_OK;
}

/* ---- the command line --------------------------------------------------- */

/* Which word names the file, how many words that takes, and the file. NULL:
 * there is no such word. */
static const char *
find_file(int argc, char **argv, int *out_at, int *out_num)
{
    static const char name[] = "--config";
    const size_t len = sizeof name - 1;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        *out_at = i;
        *out_num = 1;
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=') {
            return argv[i] + len + 1;
        }
        *out_num = 2;
        if (strcmp(argv[i], name) == 0 && i + 1 < argc) {
            return argv[i + 1];
        }
    }

    return NULL;
}

enum trivet_status
cli_options_file_expand(const struct cli_command *command, int *argc,
    char ***argv, struct trivet_error *err)
{
    static char *words[MAX_OPTIONS]; /* live until the process ends */
    size_t num = 0;
    int at;
    int taken;
    const char *path = find_file(*argc, *argv, &at, &taken);
    char **all;
    int n = 1;

    if (path == NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(read_words(command, path, words, &num, err));

    all = calloc((size_t) *argc + num + 1, sizeof *all);
    if (all == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "config", "out of memory");
    }

    all[0] = (*argv)[0];
    for (size_t i = 0; i < num; i++) {
        all[n++] = words[i];
    }
    for (int i = 1; i < *argc; i++) {
        if (i < at || i >= at + taken) {
            all[n++] = (*argv)[i];
        }
    }

    *argc = n;
    *argv = all;
    return TRIVET_OK;
}
