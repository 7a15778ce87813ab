/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - trivet import and export: files of bunq's SDKs */
#define _DEFAULT_SOURCE
#include <string.h>

#include "cli/client/commands.h"
#include "cli/client/common.h"
#include "cli/output.h"

struct transfer {
    struct cli_client client;
    const char *file;
};

enum { OPTION_ENV = 0x200, OPTION_URL };

static const struct argp_option import_options[] = {
    {"env", OPTION_ENV, "NAME", 0, "it is for sandbox or production", 0},
    {"url", OPTION_URL, "URL", 0, "it is for the gateway there", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct transfer *transfer = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        cli_client_start(&transfer->client, state);
        break;
    case OPTION_ENV:
        cli_set_environment(&transfer->client.options, argument, state);
        break;
    case OPTION_URL:
        transfer->client.options.base_url = argument;
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0) {
            argp_error(state, "too many arguments");
        }
        transfer->file = argument;
        break;
    case ARGP_KEY_END:
        if (transfer->file == NULL) {
            argp_error(state, "a file is needed");
        }
        if (transfer->client.options.base_url != NULL
            && transfer->client.options.environment != TRIVET_ENVIRONMENT_UNSET)
        {
            argp_error(state, "--env and --url exclude each other");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct argp_child children[] = {
    {&cli_client_argp, 0, NULL, 0}, {0}};

static const struct argp import_argp = {
    .options = import_options,
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Make a context of FILE: a bunq.conf of the Python, PHP, Java or "
           "C# SDK, or one of trivet's own.",
    .children = children,
};

static const struct argp export_argp = {
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Write the context to FILE, in the form that bunq's Python, PHP, "
           "Java and C# SDKs read. It holds the API key and the private key: "
           "its mode is 0600.",
    .children = children,
};

static int
run(int argc, char **argv, const struct argp *argp, bool is_import)
{
    struct transfer transfer = {.client = CLI_CLIENT_INIT};
    struct trivet_error err;
    int number;
    const char *from;
    const char *to;

    if (argp_parse(argp, argc, argv, 0, NULL, &transfer) != 0) {
        return CLI_USAGE;
    }

    number = is_import ? cli_client_locate(&transfer.client, true)
                       : cli_client_find(&transfer.client);
    if (number != CLI_OK) {
        return number;
    }

    from = is_import ? transfer.file : transfer.client.path;
    to = is_import ? transfer.client.path : transfer.file;
    if (trivet_context_import_with(
            from, to, is_import ? &transfer.client.options : NULL, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }

    if (!transfer.client.is_quiet) {
        cli_print("%s\n", to);
    }
    return CLI_OK;
}

int
cli_import_main(int argc, char **argv)
{
    return run(argc, argv, &import_argp, true);
}

int
cli_export_main(int argc, char **argv)
{
    return run(argc, argv, &export_argp, false);
}
