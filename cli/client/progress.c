/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - what a command on a context shows while it works */
#define _DEFAULT_SOURCE
#include "cli/client/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/client/context.h"
#include "cli/output.h"

enum { MIN_COUNTDOWN_S = 3 };

/* Waits, and shows how many seconds are left. The library's own wait follows;
 * little of it is left by then. */
static void
count_down(const struct trivet_event *event)
{
    const struct timespec second = {1, 0};
    bool is_session = strstr(event->text, "session-server") != NULL;

    if (is_session) {
        (void) fputs("(calls in the session that is open need no wait; "
                     "--max-wait 0: fail instead)\n",
            stderr);
    } else {
        (void) fputs("(--no-throttle: let the server count; --max-wait 0: fail "
                     "instead)\n",
            stderr);
    }
    for (int left = (int) event->seconds; left > 0; left--) {
        (void) fprintf(stderr, "\r%d s ", left);
        (void) fflush(stderr);
        (void) nanosleep(&second, NULL);
    }
    (void) fputs("\r         \r", stderr);
    (void) fflush(stderr);
}

void
cli_progress_show(void *arg, const struct trivet_event *event)
{
    const struct cli_client *client = arg;
    bool is_watched =
        isatty(STDERR_FILENO) != 0 || client->is_verbose || client->tells_steps;
    const char *mark = "";

    switch (event->kind) {
    case TRIVET_EVENT_STEP:
        if (client->is_quiet || !is_watched) {
            return;
        }
        break;
    case TRIVET_EVENT_WAIT:
        if (client->is_quiet || !is_watched
            || (event->seconds < 1 && !client->is_verbose))
        {
            return;
        }
        break;
    case TRIVET_EVENT_SENT:
    case TRIVET_EVENT_RECEIVED:
        if (!client->is_verbose) {
            return;
        }
        mark = event->kind == TRIVET_EVENT_SENT ? "> " : "< ";
        break;
    case TRIVET_EVENT_PIN:
    case TRIVET_EVENT_WARNING:
        mark = "warning: ";
        break;
    }

    flockfile(stderr); /* threads do not mix their lines */
    (void) fputs(mark, stderr);
    cli_put_text(stderr, event->text);
    (void) fputc('\n', stderr);
    funlockfile(stderr);

    if (event->kind == TRIVET_EVENT_WAIT
        && event->seconds >= (double) MIN_COUNTDOWN_S
        && isatty(STDERR_FILENO) != 0)
    {
        count_down(event);
    }
}
