/* SPDX-License-Identifier: Apache-2.0 */
/* duration.c - lengths of time as people write them */
#include "base/duration.h"

/* 0: no such unit. */
static int64_t
seconds_of(unsigned char unit)
{
    static const struct {
        unsigned char name;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].name == unit) {
            return units[i].seconds;
        }
    }

    return 0;
}

static size_t
count_digits(struct trivet_slice text)
{
    size_t len = 0;

    while (len < text.len && text.data[len] >= '0' && text.data[len] <= '9') {
        len++;
    }

    return len;
}

enum trivet_status
trivet_duration_parse(struct trivet_slice text, int64_t max_s, int64_t *out)
{
    int64_t seconds = 0;

    if (text.len == 0) {
        return TRIVET_E_MALFORMED;
    }

    while (text.len > 0) {
        size_t len = count_digits(text);
        int64_t unit = len < text.len ? seconds_of(text.data[len]) : 0;
        long long number;

        if (unit == 0
            || !trivet_slice_to_id(trivet_slice_make(text.data, len), &number)
            || number > (max_s - seconds) / unit)
        {
            return TRIVET_E_MALFORMED;
        }

        seconds += number * unit;
        text = trivet_slice_after(text, len + 1);
    }

    *out = seconds;
    return TRIVET_OK;
}
