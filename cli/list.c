/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - trivet list and trivet use: several contexts */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/client_commands.h"
#include "client/clock.h"

static const struct argp list_argp = {
    .doc = "List the contexts; * marks the one that is used by default.",
};

static error_t
parse_use(int key, char *argument, struct argp_state *state)
{
    const char **name = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num > 0) {
            argp_error(state, "too many arguments");
        }
        *name = argument;
        break;
    case ARGP_KEY_END:
        if (*name == NULL) {
            argp_error(state, "the name of a context is needed");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct argp use_argp = {
    .parser = parse_use,
    .args_doc = "NAME",
    .doc = "Use the context NAME wherever none is named.",
};

static int
is_context_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 5 && len < CLI_MAX_CONTEXT_NAME + 5 && entry->d_name[0] != '.'
           && strcmp(entry->d_name + len - 5, ".json") == 0;
}

static void
print_one(const char *name, bool is_current)
{
    struct cli_client client = CLI_CLIENT_INIT;
    struct trivet_context_info info;
    struct trivet_context *context;
    struct trivet_error err;
    char span[CLI_SPAN_SIZE];
    int64_t left_us;

    client.context = name;
    if (cli_client_locate(&client, false) != CLI_OK) {
        return;
    }

    client.options.flags = TRIVET_OPEN_OFFLINE;
    if (trivet_context_open(&client.options, &context, &err) != TRIVET_OK) {
        (void) printf(
            "%c %-16s %s\n", is_current ? '*' : ' ', name, err.detail);
        return;
    }

    trivet_context_describe(context, &info);
    trivet_context_close(context);
    left_us = info.session_expires_us - trivet_clock_now_us();
    cli_format_span(left_us, span);
    (void) printf("%c %-16s %-40s %s%s\n", is_current ? '*' : ' ', name,
        info.base_url,
        !info.has_session ? "no session"
        : left_us > 0     ? "alive for "
                          : "ended",
        info.has_session && left_us > 0 ? span : "");
}

int
cli_list_main(int argc, char **argv)
{
    char current[CLI_MAX_CONTEXT_NAME];
    char folder[CLI_MAX_CONTEXT_PATH];
    struct dirent **entries = NULL;
    struct trivet_error err;
    int num;

    if (argp_parse(&list_argp, argc, argv, 0, NULL, NULL) != 0) {
        return CLI_USAGE;
    }
    if (cli_context_folder(folder, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    cli_context_current(current);
    num = scandir(folder, &entries, is_context_file, alphasort);
    for (int i = 0; i < num; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - 5] = '\0';
        print_one(entries[i]->d_name, strcmp(entries[i]->d_name, current) == 0);
        free(entries[i]);
    }
    free(entries);

    return CLI_OK;
}

int
cli_use_main(int argc, char **argv)
{
    char path[CLI_MAX_CONTEXT_PATH];
    const char *name = NULL;
    struct trivet_error err;

    if (argp_parse(&use_argp, argc, argv, 0, NULL, &name) != 0) {
        return CLI_USAGE;
    }

    if (strchr(name, '/') == NULL
        && cli_context_path(name, false, path, &err) == TRIVET_OK
        && access(path, F_OK) != 0)
    {
        return cli_complain(CLI_NOT_LOGGED_IN,
            "there is no context %s: trivet login --context %s", name, name);
    }
    if (cli_context_use(name, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    return CLI_OK;
}
