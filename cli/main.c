/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - trivet(1): the command table */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cli/client_commands.h"
#include "cli/exit.h"

struct cli_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct cli_command commands[] = {
    {"login", "open a context: installation, device, session", cli_login_main},
    {"status", "who is logged in, and until when", cli_status_main},
    {"call", "make a signed call, print the verified answer", cli_call_main},
    {"logout", "end the session", cli_logout_main},
    {"ip", "the addresses that may use the API key", cli_ip_main},
    {"device", "the devices that the API key is registered with",
        cli_context_device_list},
    {"doctor", "look for what is wrong, and say what to do", cli_doctor_main},
    {"list", "the contexts", cli_list_main},
    {"use", "choose the context to use", cli_use_main},
    {"import", "make a context of a bunq.conf", cli_import_main},
    {"export", "write a context as a bunq.conf", cli_export_main},
    {"pins", "the server's key: learn it, check it", cli_pins_main},
    {"sign", "the signature of some bytes", cli_sign_main},
    {"verify", "whether a signature fits", cli_verify_main},
    {"explain", "why a signature does not fit", cli_explain_main},
    {"keygen", "make a key pair", cli_keygen_main},
};

static int
print_help(FILE *stream)
{
    (void) fputs("Usage: trivet COMMAND [OPTION...]\n\n", stream);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        (void) fprintf(
            stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    (void) fputs("\n`trivet COMMAND --help` tells more.\n", stream);

    return stream == stdout ? TRIVET_EXIT_OK : TRIVET_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    char name[64];

    argp_err_exit_status = TRIVET_EXIT_USAGE;
    if (argc < 2) {
        return print_help(stderr);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return print_help(stdout);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void) puts("trivet " TRIVET_VERSION);
        return TRIVET_EXIT_OK;
    }

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            (void) snprintf(name, sizeof name, "trivet %s", commands[i].name);
            argv[1] = name;
            return commands[i].run(argc - 1, argv + 1);
        }
    }

    (void) fprintf(stderr, "trivet: there is no command %s\n", argv[1]);
    return TRIVET_EXIT_USAGE;
}
