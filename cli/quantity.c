/* SPDX-License-Identifier: Apache-2.0 */
/* quantity.c - sizes and times on the command line */
#include "cli/quantity.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/slice.h"

struct unit {
    const char *name;
    long long factor;
};

/* A number and one of the units. */
static bool
parse(const char *text, const struct unit *units, size_t num_units,
    long long *out)
{
    size_t len = strspn(text, "0123456789");
    long long number;

    if (!trivet_slice_to_id(trivet_slice_make(text, len), &number)) {
        return false;
    }

    for (size_t i = 0; i < num_units; i++) {
        if (strcasecmp(text + len, units[i].name) == 0) {
            if (number > LLONG_MAX / units[i].factor) {
                return false;
            }
            *out = number * units[i].factor;
            return true;
        }
    }

    return false;
}

bool
cli_quantity_size(const char *text, long long *out_bytes)
{
    static const struct unit units[] = {
        {"", 1}, {"k", 1024}, {"m", 1048576}, {"g", 1073741824}};

    return parse(text, units, sizeof units / sizeof units[0], out_bytes);
}

bool
cli_quantity_time(const char *text, long long *out_ms)
{
    static const struct unit units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

    return parse(text, units, sizeof units / sizeof units[0], out_ms);
}
