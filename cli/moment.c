/* SPDX-License-Identifier: Apache-2.0 */
/* moment.c - a moment and its distance from now, for people */
#include "cli/moment.h"

#include <stdio.h>

#include "base/timestamp.h"

void
cli_format_moment(int64_t at_us, char out[CLI_MOMENT_SIZE])
{
    char text[TRIVET_TIMESTAMP_SIZE];

    trivet_timestamp_format(at_us, text);
    (void) snprintf(out, CLI_MOMENT_SIZE, "%.19s UTC", text);
}

void
cli_format_distance(int64_t distance_us, char out[CLI_DISTANCE_SIZE])
{
    int64_t seconds =
        (distance_us < 0 ? -distance_us : distance_us) / TRIVET_US_PER_S;

    if (seconds < 120) {
        (void) snprintf(out, CLI_DISTANCE_SIZE, "%d s", (int) seconds);
    } else if (seconds < 7200) {
        (void) snprintf(out, CLI_DISTANCE_SIZE, "%d min", (int) (seconds / 60));
    } else if (seconds < 172800) {
        (void) snprintf(out, CLI_DISTANCE_SIZE, "%d h", (int) (seconds / 3600));
    } else {
        (void) snprintf(out, CLI_DISTANCE_SIZE, "%d d %d h",
            (int) (seconds / 86400 % 1000000), (int) (seconds / 3600 % 24));
    }
}
