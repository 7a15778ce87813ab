/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - what time it is, and waiting */
#define _POSIX_C_SOURCE 200809L
#include "client/clock.h"

#include <time.h>

int64_t
trivet_clock_now_us(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
trivet_clock_wait_until(int64_t at_us)
{
    int64_t left_us = at_us - trivet_clock_now_us();

    /* In short pieces: a clock that is set back must not hold us for long. */
    while (left_us > 0) {
        int64_t piece_us = left_us < 500000 ? left_us : 500000;
        struct timespec pause = {
            piece_us / 1000000, (long) (piece_us % 1000000) * 1000};

        (void) nanosleep(&pause, NULL);
        left_us -= piece_us;
    }
}
