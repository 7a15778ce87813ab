/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the time that the commands decide by */
#define _POSIX_C_SOURCE 200809L
#include "cli/clock.h"

#include <time.h>

#include "base/timestamp.h"

static int64_t offset_us;  /* of the sandbox's clock */
static int64_t stopped_us; /* where a clock stands; 0: it does not */
static int64_t latest_us;  /* the latest time that the store has seen */

void
cli_clock_set_offset(int64_t sandbox_offset_us)
{
    offset_us = sandbox_offset_us;
}

int64_t
cli_clock_offset_us(void)
{
    return offset_us;
}

void
cli_clock_stop(int64_t at_us)
{
    stopped_us = at_us;
}

void
cli_clock_set_latest(int64_t seen_us)
{
    latest_us = seen_us;
}

int64_t
cli_clock_us(void)
{
    struct timespec now;

    if (stopped_us != 0) {
        return stopped_us;
    }

    (void) clock_gettime(CLOCK_REALTIME, &now);

    return (int64_t) now.tv_sec * TRIVET_US_PER_S + now.tv_nsec / 1000;
}

int64_t
cli_now_us(void)
{
    int64_t clock_us = cli_clock_us();

    return (clock_us > latest_us ? clock_us : latest_us) + offset_us;
}
