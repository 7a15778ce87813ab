/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit.h - what trivet(1) exits with; stable, for scripts
 *
 * One number for one kind of error, whatever the command. The comments are the
 * text of trivet(1), word by word: tools/check-docs compares them.
 */
#ifndef TRIVET_CLI_EXIT_H
#define TRIVET_CLI_EXIT_H

#include "trivet/status.h"

enum cli_exit {
    CLI_OK = 0, /* done */
    /* it failed on this side: files, store, memory, output that could not be
     * written */
    CLI_FAILURE = 1,
    /* the command line is wrong, or a file is open to others */
    CLI_USAGE = 2,
    /* there is no such context, or no session in it (401, 403) */
    CLI_NOT_LOGGED_IN = 3,
    /* the server refused (another 4xx) */
    CLI_REFUSED = 4,
    /* no connection, broken off, too slow, or the server is down (5xx) */
    CLI_NETWORK = 5,
    /* a certificate, a pin or a signature does not fit */
    CLI_UNTRUSTED = 6,
    /* a rate limit stands in the way (429) */
    CLI_THROTTLED = 7,
    /* the thing or file named does not exist */
    CLI_NOT_FOUND = 8,
    /* it exists already, or belongs to another API key or environment */
    CLI_CONFLICT = 9,
    /* a call other than GET was sent and no answer came: the server may have
     * acted */
    CLI_OUTCOME_UNKNOWN = 10
};

/* The exit status for a failure. */
int cli_exit_of_status(enum trivet_status status);

/* "trivet: DETAIL" on standard error; returns the exit status for it. */
int cli_fail(const struct trivet_error *err);
/* The same for a command that calls no server: what is unavailable to it is a
 * file or the store, not the network. */
int cli_fail_here(const struct trivet_error *err);
/* CLI_OK for TRIVET_OK; else cli_fail_here for that status and err's detail. */
int cli_finish_here(enum trivet_status status, struct trivet_error *err);

/* "trivet: ..." on standard error, in one line; returns number, and CLI_USAGE.
 */
int cli_complain(int number, const char *format, ...) TRIVET_PRINTF(2, 3);
int cli_usage(const char *format, ...) TRIVET_PRINTF(1, 2);

#endif
