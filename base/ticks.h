/* SPDX-License-Identifier: Apache-2.0 */
/* ticks.h - a clock to measure durations with. Threads: any */
#ifndef TRIVET_BASE_TICKS_H
#define TRIVET_BASE_TICKS_H

#include <stdint.h>

/* Milliseconds since some moment, the same for all processes. It never goes
 * back, nobody sets it, and it goes on while the machine is suspended. */
int64_t trivet_ticks_ms(void);

#endif
