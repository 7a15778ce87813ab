/* SPDX-License-Identifier: Apache-2.0 */
/* ticks.c - a clock to measure durations with */
#define _POSIX_C_SOURCE 200809L
#include "base/ticks.h"

#include <time.h>

int64_t
trivet_ticks_ms(void)
{
    struct timespec now = {0};

    (void) clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
