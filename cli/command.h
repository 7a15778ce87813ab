/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - commands as rows of a table
 *
 * Output goes to stdout, talk to stderr. Arguments are parsed with argp: each
 * command has one struct argp, from which its --help comes.
 */
#ifndef TRIVET_CLI_COMMAND_H
#define TRIVET_CLI_COMMAND_H

#include <stdarg.h>
#include <stddef.h>

#include "cli/exit.h"
#include "trivet/status.h"

struct cli_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0]: such as "trivet key" */
};

/* Runs the row that argv[1] names, with argv[0] telling the whole way there;
 * prints the table for --help, or for anything it does not know. */
int cli_dispatch(const struct cli_command *commands, size_t num_commands,
    int argc, char **argv);

/* The exit status for a failure. */
int cli_exit_of_status(enum trivet_status status);

/* "trivet: what: detail" on stderr; returns the exit status for it. */
int cli_fail(const struct trivet_error *err);
/* The same for a command that talks to no server: what is unavailable to it
 * is a file or the store, not the network. */
int cli_fail_here(const struct trivet_error *err);
int cli_usage(const char *format, ...) TRIVET_PRINTF(1, 2);
/* "trivet: ..." on stderr, in one line. */
void cli_complain_args(const char *format, va_list args) TRIVET_PRINTF(1, 0);

/* The commands, one file each. */
int cli_serve_main(int argc, char **argv);
int cli_key_main(int argc, char **argv);
int cli_user_main(int argc, char **argv);
int cli_device_main(int argc, char **argv);
int cli_session_main(int argc, char **argv);
int cli_prune_main(int argc, char **argv);
int cli_audit_main(int argc, char **argv);
int cli_server_key_main(int argc, char **argv);
int cli_clock_main(int argc, char **argv);
int cli_incident_main(int argc, char **argv);

#endif
