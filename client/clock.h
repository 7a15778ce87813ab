/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the present time, and waiting. Threads: any */
#ifndef TRIVET_CLIENT_CLOCK_H
#define TRIVET_CLIENT_CLOCK_H

#include <stdint.h>

/* The wall clock. Blocks: no. */
int64_t trivet_clock_now_us(void);

/* Blocks: yes. Returns at once when the moment has passed. */
void trivet_clock_wait_until(int64_t at_us);

#endif
