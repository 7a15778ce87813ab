/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - the context that a command works on */
#include "cli/client/context.h"

#include <unistd.h>

#include "base/file.h"
#include "cli/exit.h"
#include "cli/hint.h"
#include "cli/output.h"
#include "client/clock.h"
#include "client/pins.h"

int
cli_client_locate(struct cli_client *client, bool makes_folders)
{
    struct trivet_error err;

    if (cli_context_path(client->context, makes_folders, client->path, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }

    cli_hint_use(client->context);
    client->options.file = client->path;
    return CLI_OK;
}

int
cli_client_find(struct cli_client *client)
{
    int number = cli_client_locate(client, false);

    if (number == CLI_OK && trivet_file_is_missing(client->path)) {
        number = cli_complain(CLI_NOT_LOGGED_IN,
            "there is no context %s: log in first (trivet login)",
            client->path);
    }

    return number;
}

int
cli_client_open(
    struct cli_client *client, unsigned flags, struct trivet_context **out)
{
    struct trivet_error err;
    int number = cli_client_find(client);

    if (number != CLI_OK) {
        return number;
    }

    client->options.flags |= flags;
    if (trivet_context_open(&client->options, out, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    return CLI_OK;
}

size_t
cli_client_print_pins(struct trivet_context *context)
{
    int64_t now_us = trivet_clock_now_us();
    struct trivet_context_info info;
    size_t num_valid = 0;

    trivet_context_describe(context, &info);
    for (size_t i = 0; i < info.num_pins; i++) {
        char text[TRIVET_PIN_DATED_SIZE];
        int64_t expires_us = info.pins[i].expires_us;

        trivet_pin_format_dated(&info.pins[i], text);
        cli_print("%s\n", text);
        num_valid += expires_us == 0 || now_us < expires_us;
    }

    return num_valid;
}
