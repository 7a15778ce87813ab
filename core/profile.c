/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - the switches of the protocol, and their named presets */
#include "core/profile.h"

static const struct trivet_profile presets[] = {
    {
        .name = "strict",
        .request_scheme = TRIVET_SCHEME_BODY,
        .response_scheme = TRIVET_SCHEME_BODY,
        .requires_all_signatures = true,
        .extend_window_s = 1800,
    },
    {
        .name = "current",
        .request_scheme = TRIVET_SCHEME_BODY,
        .response_scheme = TRIVET_SCHEME_BODY,
        .requires_all_signatures = false,
        .extend_window_s = 1800,
    },
    {
        .name = "classic",
        .request_scheme = TRIVET_SCHEME_FULL,
        .response_scheme = TRIVET_SCHEME_FULL,
        .requires_all_signatures = true,
        .extend_window_s = 1800,
    },
};

const struct trivet_profile *
trivet_profile_find(struct trivet_slice name)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (trivet_slice_is(name, presets[i].name)) {
            return &presets[i];
        }
    }

    return NULL;
}
