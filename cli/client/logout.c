/* SPDX-License-Identifier: Apache-2.0 */
/* logout.c - trivet logout: end the session */
#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/commands.h"

static const struct cli_shared_options shared[] = {{&cli_client_argp, 0}, {0}};

static int
run(void *input)
{
    struct cli_client *client = input;
    struct trivet_context *context;
    struct trivet_error err;
    int number = cli_client_open(client, TRIVET_OPEN_OFFLINE, &context);

    if (number != CLI_OK) {
        return number;
    }

    if (trivet_context_logout(context, &err) != TRIVET_OK) {
        number = cli_fail(&err);
    } else if (!client->is_quiet) {
        (void) puts("logged out");
    }

    trivet_context_close(context);
    return number;
}

const struct cli_command cli_logout_command = {
    .name = "logout",
    .summary = "end the session",
    .doc = "End the session at the server and forget it."
           "\vInstallation and device stay for the next login.",
    .shared = shared,
    .input_size = sizeof(struct cli_client),
    .run = run,
};
