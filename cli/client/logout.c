/* SPDX-License-Identifier: Apache-2.0 */
/* logout.c - trivet logout: end the session */
#include "cli/client/commands.h"
#include "cli/client/common.h"

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    (void) argument;

    if (key != ARGP_KEY_INIT) {
        return ARGP_ERR_UNKNOWN;
    }

    cli_client_start(state->input, state);
    return 0;
}

static const struct argp_child children[] = {
    {&cli_client_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
    .parser = parse,
    .doc = "End the session at the server and forget it."
           "\vInstallation and device stay for the next login.",
    .children = children,
};

int
cli_logout_main(int argc, char **argv)
{
    struct cli_client client = CLI_CLIENT_INIT;
    struct trivet_context *context;
    struct trivet_error err;
    int number;

    if (argp_parse(&argp, argc, argv, 0, NULL, &client) != 0) {
        return CLI_USAGE;
    }

    number = cli_client_open(&client, TRIVET_OPEN_OFFLINE, &context);
    if (number != CLI_OK) {
        return number;
    }

    if (trivet_context_logout(context, &err) != TRIVET_OK) {
        number = cli_fail(&err);
    } else if (!client.is_quiet) {
        (void) puts("logged out");
    }

    trivet_context_close(context);
    return number;
}
