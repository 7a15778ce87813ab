/* SPDX-License-Identifier: Apache-2.0 */
/* span.c - spans of time on the command line */
#include "cli/span.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/slice.h"

/* Weeks are read but not written: 7d is what people write. */
static const struct {
    char name;
    int64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

bool
cli_span_parse(const char *text, int64_t max_s, int64_t *out_s)
{
    struct trivet_slice span = trivet_slice_text(text);
    long long seconds;

    if (trivet_slice_to_id(span, &seconds)) {
        *out_s = seconds;
        return seconds <= max_s;
    }

    return trivet_duration_parse(span, max_s, out_s) == TRIVET_OK;
}

void
cli_span_format(int64_t span_s, char out[CLI_SPAN_TEXT_SIZE])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        int64_t number = span_s / units[i].seconds;

        if (number != 0 && len < CLI_SPAN_TEXT_SIZE) {
            len += (size_t) snprintf(out + len, CLI_SPAN_TEXT_SIZE - len,
                "%lld%c", (long long) number, units[i].name);
        }
        span_s %= units[i].seconds;
    }

    if (out[0] == '\0') {
        (void) snprintf(out, CLI_SPAN_TEXT_SIZE, "0s");
    }
}

int64_t
cli_span_read(const char *text, int64_t min_s, int64_t max_s,
    const char *option, struct argp_state *state)
{
    char least[CLI_SPAN_TEXT_SIZE];
    char most[CLI_SPAN_TEXT_SIZE];
    int64_t seconds = 0;

    if (!cli_span_parse(text, max_s, &seconds) || seconds < min_s) {
        cli_span_format(min_s, least);
        cli_span_format(max_s, most);
        argp_error(state, "%s: a time from %s to %s, such as 90s, 1h or 1h30m",
            option, least, most);
    }

    return seconds;
}
