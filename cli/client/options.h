/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the options that all commands on a context have */
#ifndef TRIVET_CLI_CLIENT_OPTIONS_H
#define TRIVET_CLI_CLIENT_OPTIONS_H

#include <argp.h>

#include "cli/client/context.h"

/* Reads them into a struct cli_client, which it first sets to the defaults. */
extern const struct argp cli_client_argp;

/* What --env names: sandbox or production. */
void cli_set_environment(struct trivet_context_options *to, const char *name,
    struct argp_state *state);

/* Refuses --env together with --url. */
void cli_check_server(
    const struct trivet_context_options *given, struct argp_state *state);

/* A number between min and max; else it is a wrong usage of `option`. */
long long cli_read_number(const char *text, long long min, long long max,
    const char *option, struct argp_state *state);

#endif
