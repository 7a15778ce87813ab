/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - trivet(1): the table of commands */
#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/client/commands.h"
#include "cli/command.h"
#include "cli/output.h"
#include "build.h"

static const struct cli_command commands[] = {
    {"login", "open a context: installation, device, session", cli_login_main},
    {"status", "who is logged in, and until when", cli_status_main},
    {"call", "make a signed call, print the verified answer", cli_call_main},
    {"logout", "end the session", cli_logout_main},
    {"ip", "the addresses that may use the API key", cli_ip_main},
    {"doctor", "look for what is wrong, and say what to do", cli_doctor_main},
    {"list", "the contexts", cli_list_main},
    {"use", "choose the context to use", cli_use_main},
    {"forget", "remove a context from this machine", cli_forget_main},
    {"import", "make a context of a bunq.conf", cli_import_main},
    {"export", "write a context as a bunq.conf", cli_export_main},
    {"pins", "the server's key: learn it, check it", cli_pins_main},
    {"sign", "the signature of some bytes", cli_sign_main},
    {"verify", "whether a signature fits", cli_verify_main},
    {"explain", "why a signature does not fit", cli_explain_main},
    {"keygen", "make a key pair", cli_keygen_main},
    {"serve", "run the gateway, or the sandbox, in the foreground",
        cli_serve_main},
    {"key", "API keys: create, list, revoke, allow-all-ips", cli_key_main},
    {"user", "users: create, list, auto-logout", cli_user_main},
    {"device", "devices: list", cli_device_main},
    {"session", "sessions: list, end", cli_session_main},
    {"prune", "remove what nobody uses any more", cli_prune_main},
    {"audit", "what happened: show, follow, verify", cli_audit_main},
    {"server-key", "the server's keys: rotate, list, retire",
        cli_server_key_main},
    {"clock", "the sandbox's time: put it on, reset it", cli_clock_main},
    {"incident", "the sandbox's failures on purpose: on, off",
        cli_incident_main},
};

int
main(int argc, char **argv)
{
    cli_output_start();
    (void) setlocale(LC_CTYPE, "");
    argp_err_exit_status = CLI_USAGE;
    argp_program_version = "trivet " TRIVET_VERSION;

    if (argc == 2
        && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
    {
        (void) puts(argp_program_version);
        return CLI_OK;
    }

    if (argc > 0) {
        argv[0] = (char *) (size_t) "trivet";
    }

    return cli_dispatch(
        commands, sizeof commands / sizeof commands[0], argc, argv);
}
