/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - trivet(1): the table of commands */
#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct cli_command commands[] = {
    {"serve", "run the gateway, or the sandbox, in the foreground",
        cli_serve_main},
    {"key", "API keys: create, list, revoke, allow-all-ips", cli_key_main},
    {"user", "users: create, list, auto-logout", cli_user_main},
    {"device", "devices: list", cli_device_main},
    {"session", "sessions: list, end", cli_session_main},
};

int
main(int argc, char **argv)
{
    (void) setlocale(LC_CTYPE, "");
    argp_err_exit_status = CLI_USAGE;
    argp_program_version = "trivet " TRIVET_VERSION;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void) puts(argp_program_version);
        return CLI_OK;
    }

    if (argc > 0) {
        argv[0] = (char *) (size_t) "trivet";
    }

    return cli_dispatch(
        commands, sizeof commands / sizeof commands[0], argc, argv);
}
