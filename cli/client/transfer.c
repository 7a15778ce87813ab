/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - trivet import and export: files of bunq's SDKs */
#define _DEFAULT_SOURCE
#include <string.h>

#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/commands.h"
#include "cli/output.h"

struct transfer {
    struct cli_client client;
    struct cli_words words; /* the file */
};

enum { OPTION_ENV = 0x200, OPTION_URL };

static const struct argp_option import_options[] = {
    {"env", OPTION_ENV, "NAME", 0, "the context is for sandbox or production",
        0},
    {"url", OPTION_URL, "URL", 0, "the context is for the gateway at URL", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct transfer *transfer = state->input;

    switch (key) {
    case OPTION_ENV:
        cli_set_environment(&transfer->client.options, argument, state);
        break;
    case OPTION_URL:
        transfer->client.options.base_url = argument;
        break;
    case ARGP_KEY_END:
        cli_check_server(&transfer->client.options, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct transfer, client)}, {0}};

/* options: what the context made of it gets; NULL: what the file says. */
static int
copy(const struct transfer *transfer, const char *from, const char *to,
    const struct trivet_context_options *options)
{
    struct trivet_error err;

    if (trivet_context_import_with(from, to, options, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    if (!transfer->client.is_quiet) {
        cli_print("%s\n", to);
    }
    return CLI_OK;
}

static int
run_import(void *input)
{
    struct transfer *transfer = input;
    int number = cli_client_locate(&transfer->client, true);

    if (number != CLI_OK) {
        return number;
    }

    return copy(transfer, transfer->words.at[0], transfer->client.path,
        &transfer->client.options);
}

static int
run_export(void *input)
{
    struct transfer *transfer = input;
    int number = cli_client_find(&transfer->client);

    if (number != CLI_OK) {
        return number;
    }

    return copy(transfer, transfer->client.path, transfer->words.at[0], NULL);
}

const struct cli_command cli_import_command = {
    .name = "import",
    .summary = "make a context from a bunq.conf",
    .doc = "Make a context from FILE: a bunq.conf of the Python, PHP, Java or "
           "C# SDK, or of trivet.",
    .arguments = {"FILE", 1, 1, offsetof(struct transfer, words), NULL},
    .options = import_options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct transfer),
    .run = run_import,
};

const struct cli_command cli_export_command = {
    .name = "export",
    .summary = "write a context as a bunq.conf",
    .doc = "Write the context to FILE, in the form that bunq's Python, PHP, "
           "Java and C# SDKs read. It holds the API key and the private key: "
           "its mode is 0600.",
    .arguments = {"FILE", 1, 1, offsetof(struct transfer, words), NULL},
    .shared = shared,
    .input_size = sizeof(struct transfer),
    .run = run_export,
};
