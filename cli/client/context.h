/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - the context that a command works on */
#ifndef TRIVET_CLI_CLIENT_CONTEXT_H
#define TRIVET_CLI_CLIENT_CONTEXT_H

#include <stdbool.h>

#include "cli/contexts.h"
#include "trivet/client.h"

/* What the options of cli_client_argp (cli/client/options.h) say. */
struct cli_client {
    struct trivet_context_options options;
    const char *context;
    struct trivet_pin pins[TRIVET_MAX_PINS];
    bool is_quiet;
    bool is_verbose;
    bool tells_steps; /* a login: also when standard error is no terminal */
    char path[CLI_MAX_CONTEXT_PATH];
};

/* Each function gives CLI_OK or, with the reason on standard error, an exit
 * status. */

/* Finds out client->path and options.file. */
int cli_client_locate(struct cli_client *client, bool makes_folders);

/* The same for a context that must exist: else CLI_NOT_LOGGED_IN. */
int cli_client_find(struct cli_client *client);

/* Opens the context with its options and also flags; *out is to be closed. */
int cli_client_open(
    struct cli_client *client, unsigned flags, struct trivet_context **out);

/* Prints the context's pins, with their expiry, a line each. Returns how many
 * of them are valid. */
size_t cli_client_print_pins(struct trivet_context *context);

#endif
