/* SPDX-License-Identifier: Apache-2.0 */
/* moment.h - a moment and its distance from now, for people */
#ifndef TRIVET_CLI_MOMENT_H
#define TRIVET_CLI_MOMENT_H

#include <stdint.h>

enum { CLI_MOMENT_SIZE = 32, CLI_DISTANCE_SIZE = 32 };

/* "2026-01-31 12:00:00 UTC", of microseconds since 1970. */
void cli_format_moment(int64_t at_us, char out[CLI_MOMENT_SIZE]);

/* "6 d 23 h", "5 h", "4 min" or "12 s", of a positive or negative number of
 * microseconds. */
void cli_format_distance(int64_t distance_us, char out[CLI_DISTANCE_SIZE]);

#endif
