/* SPDX-License-Identifier: Apache-2.0 */
/* exit.h - what trivet(1) exits with; stable, for scripts */
#ifndef TRIVET_CLI_EXIT_H
#define TRIVET_CLI_EXIT_H

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILURE = 1,       /* something on this side: files, store, memory   */
    CLI_USAGE = 2,         /* the command line is wrong                      */
    CLI_NOT_LOGGED_IN = 3, /* no context, or no live session                 */
    CLI_REFUSED = 4,       /* the server answered, with an error             */
    CLI_NETWORK = 5,       /* the server could not be reached                */
    CLI_UNTRUSTED = 6,     /* certificate, pin or signature do not fit       */
    CLI_THROTTLED = 7,     /* a rate limit stands in the way                 */
    CLI_NOT_FOUND = 8,     /* the thing named does not exist                 */
    CLI_CONFLICT = 9, /* it exists already, or belongs to something else     */
    CLI_OUTCOME_UNKNOWN = 10 /* sent, no answer: the server may have acted   */
};

#endif
