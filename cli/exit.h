/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit.h - what trivet(1) exits with; stable, for scripts
 *
 * One number for one kind of error, whatever the command. The comments are the
 * text of trivet(1), word by word: tools/check-docs compares them.
 */
#ifndef TRIVET_CLI_EXIT_H
#define TRIVET_CLI_EXIT_H

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

#endif
