/* SPDX-License-Identifier: Apache-2.0 */
/* exit.h - how the commands end. Stable: scripts rely on the numbers */
#ifndef TRIVET_CLI_EXIT_H
#define TRIVET_CLI_EXIT_H

#include "trivet/status.h"

enum trivet_exit {
    TRIVET_EXIT_OK = 0,
    TRIVET_EXIT_FAILURE = 1,    /* anything without a number of its own     */
    TRIVET_EXIT_USAGE = 2,      /* wrong options or arguments               */
    TRIVET_EXIT_NO_SESSION = 3, /* not logged in, or the session has ended  */
    TRIVET_EXIT_REFUSED = 4,    /* the server said no (4xx)                 */
    TRIVET_EXIT_NETWORK = 5,    /* no connection, broken, too slow, 5xx     */
    TRIVET_EXIT_UNTRUSTED = 6,  /* signature, certificate or pin            */
    TRIVET_EXIT_THROTTLED = 7,  /* a rate limit (429)                       */
    TRIVET_EXIT_CONFLICT = 8    /* other API key or environment; it exists  */
};

/* The number for a failing call of the library. */
enum trivet_exit cli_exit_of_status(enum trivet_status status);

/* The number for a server's answer: OK for 2xx. */
enum trivet_exit cli_exit_of_answer(unsigned http_status);

#endif
