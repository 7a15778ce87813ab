/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the time that the commands decide by
 *
 * It is the machine's clock, but never earlier than the latest time that the
 * open store has seen, and as far ahead as the sandbox's clock is. All times
 * are microseconds since 1970. For one thread.
 */
#ifndef TRIVET_CLI_CLOCK_H
#define TRIVET_CLI_CLOCK_H

#include <stdint.h>

/* The machine's clock alone; or the one that stands. */
int64_t cli_clock_us(void);

/* The time to decide by. */
int64_t cli_now_us(void);

/* How far the sandbox's clock is ahead; 0 without a sandbox. */
int64_t cli_clock_offset_us(void);
void cli_clock_set_offset(int64_t sandbox_offset_us);

/* The clock of a deterministic sandbox, which stands there. */
void cli_clock_stop(int64_t at_us);

/* The latest time that the open store has seen. */
void cli_clock_set_latest(int64_t seen_us);

#endif
