/* SPDX-License-Identifier: Apache-2.0 */
/* prune_ages.c - how long things are kept after their end */
#include "core/prune_ages.h"

#include <stddef.h>

#include "base/duration.h"

enum { DAY_S = 86400 };

const struct trivet_prune_ages trivet_prune_ages_default = {
    .installations_s = 7 * DAY_S,
    .sessions_s = 90 * DAY_S,
    .api_keys_s = 7 * DAY_S,
};

const struct trivet_prune_ages trivet_prune_ages_never = {-1, -1, -1};

enum trivet_status
trivet_prune_age_parse(struct trivet_slice text, int64_t *out)
{
    if (trivet_slice_is(text, "off")) {
        *out = -1;
        return TRIVET_OK;
    }

    return trivet_duration_parse(text, TRIVET_MAX_DURATION_S, out);
}

enum trivet_status
trivet_prune_ages_set(
    struct trivet_prune_ages *ages, struct trivet_slice setting)
{
    const struct {
        const char *prefix;
        int64_t *age;
    } names[] = {
        {"installations=", &ages->installations_s},
        {"sessions=", &ages->sessions_s},
        {"api-keys=", &ages->api_keys_s},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (trivet_slice_starts_with(setting, names[i].prefix)) {
            return trivet_prune_age_parse(
                trivet_slice_after(
                    setting, trivet_slice_text(names[i].prefix).len),
                names[i].age);
        }
    }

    return TRIVET_E_NOT_FOUND;
}
