/* SPDX-License-Identifier: Apache-2.0 */
/* exit.c - exit statuses, and the message on standard error beside one */
#define _GNU_SOURCE
#include "cli/exit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hint.h"
#include "cli/output.h"

enum { MAX_SAID = 16384 /* bytes: paths may be in it */ };

int
cli_exit_of_status(enum trivet_status status)
{
    static const enum cli_exit exits[] = {
        [TRIVET_OK] = CLI_OK,
        [TRIVET_E_LIMIT] = CLI_FAILURE,
        [TRIVET_E_MALFORMED] = CLI_FAILURE,
        [TRIVET_E_NOT_FOUND] = CLI_NOT_FOUND,
        [TRIVET_E_CONFLICT] = CLI_CONFLICT,
        [TRIVET_E_UNAVAILABLE] = CLI_NETWORK,
        [TRIVET_E_MEMORY] = CLI_FAILURE,
        [TRIVET_E_CRYPTO] = CLI_FAILURE,
        [TRIVET_E_USAGE] = CLI_USAGE,
        [TRIVET_E_INTERNAL] = CLI_FAILURE,
        [TRIVET_E_REFUSED] = CLI_REFUSED,
        [TRIVET_E_UNTRUSTED] = CLI_UNTRUSTED,
        [TRIVET_E_THROTTLED] = CLI_THROTTLED,
        [TRIVET_E_NO_SESSION] = CLI_NOT_LOGGED_IN,
        [TRIVET_E_OUTCOME_UNKNOWN] = CLI_OUTCOME_UNKNOWN,
        [TRIVET_E_AGAIN] = CLI_NETWORK,
    };

    return (size_t) status < sizeof exits / sizeof exits[0]
               ? (int) exits[status]
               : CLI_FAILURE;
}

TRIVET_PRINTF(1, 0)
static void
complain(const char *format, va_list args)
{
    char shown[MAX_SAID] = "out of memory";
    char *text;

    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    if (text != NULL) {
        cli_hint_expand(text, shown, sizeof shown);
    }

    flockfile(stderr); /* threads do not mix their lines */
    (void) fputs("trivet: ", stderr);
    cli_put_text(stderr, shown);
    (void) fputc('\n', stderr);
    funlockfile(stderr);
    free(text);
}

int
cli_fail(const struct trivet_error *err)
{
    (void) cli_usage("%s", err->detail);
    if (err->status == TRIVET_E_THROTTLED
        && strcmp(err->where, "call.throttle") == 0)
    {
        (void) cli_usage("use a longer --max-wait to wait for it");
    }

    return cli_exit_of_status(err->status);
}

int
cli_fail_here(const struct trivet_error *err)
{
    int status = cli_fail(err);

    return status == CLI_NETWORK ? CLI_FAILURE : status;
}

int
cli_finish_here(enum trivet_status status, struct trivet_error *err)
{
    if (status == TRIVET_OK) {
        return CLI_OK;
    }

    err->status = status;
    return cli_fail_here(err);
}

int
cli_usage(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(format, args);
    va_end(args);

    return CLI_USAGE;
}

int
cli_complain(int number, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(format, args);
    va_end(args);

    return number;
}
