/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the machine's clocks. Any thread may ask: nginx's cached time is
 * for the event loop only.
 */
#ifndef TRIVET_GATEWAY_CLOCK_H
#define TRIVET_GATEWAY_CLOCK_H

#include <stdint.h>

/* The time since 1970, in microseconds. It may go back. In a deterministic
 * sandbox it stands. */
int64_t ngx_http_trivet_now_us(void);
/* The same, but the machine's in any case. */
int64_t ngx_http_trivet_true_us(void);
/* A clock to measure durations with, in nanoseconds. It never goes back. */
int64_t ngx_http_trivet_ticks_ns(void);

#endif
