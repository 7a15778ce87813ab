/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c - a borrowed run of bytes */
#include "base/slice.h"

#include <limits.h>

enum { MAX_ID_DIGITS = 19 };

static unsigned char
lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char) (c | 0x20) : c;
}

static bool
is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
trivet_slice_starts_with(struct trivet_slice slice, const char *prefix)
{
    size_t len = strlen(prefix);

    return slice.len >= len && memcmp(slice.data, prefix, len) == 0;
}

bool
trivet_slice_equal_nocase(struct trivet_slice a, struct trivet_slice b)
{
    if (a.len != b.len) {
        return false;
    }

    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }

    return true;
}

bool
trivet_slice_is_among(
    struct trivet_slice slice, const char *const *names, size_t num_names)
{
    for (size_t i = 0; i < num_names; i++) {
        if (trivet_slice_equal_nocase(slice, trivet_slice_text(names[i]))) {
            return true;
        }
    }

    return false;
}

struct trivet_slice
trivet_slice_trim(struct trivet_slice slice)
{
    while (slice.len > 0 && is_blank(slice.data[0])) {
        slice = trivet_slice_after(slice, 1);
    }

    while (slice.len > 0 && is_blank(slice.data[slice.len - 1])) {
        slice.len--;
    }

    return slice;
}

bool
trivet_slice_to_id(struct trivet_slice slice, long long *out)
{
    long long value = 0;

    if (slice.len == 0 || slice.len > MAX_ID_DIGITS) {
        return false;
    }

    for (size_t i = 0; i < slice.len; i++) {
        int digit = slice.data[i] - '0';

        if (digit < 0 || digit > 9 || value > (LLONG_MAX - digit) / 10) {
            return false;
        }

        value = value * 10 + digit;
    }

    *out = value;
    return true;
}
