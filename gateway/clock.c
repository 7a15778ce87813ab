/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the machine's clocks */
#include "gateway/clock.h"

#include <time.h>

#include "authority/determinism.h"
#include "base/timestamp.h"


/* Pool threads ask too: nginx's cached time is the event loop's alone. */
int64_t
ngx_http_trivet_true_us(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    return (int64_t) now.tv_sec * TRIVET_US_PER_S + now.tv_nsec / 1000;
}


int64_t
ngx_http_trivet_now_us(void)
{
    return trivet_determinism_is_used() ? TRIVET_DETERMINISTIC_US
                                        : ngx_http_trivet_true_us();
}


int64_t
ngx_http_trivet_ticks_ns(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}
