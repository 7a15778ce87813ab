/* SPDX-License-Identifier: Apache-2.0 */
/* expiry.c - how long a session lives */
#include "core/expiry.h"

#include "base/timestamp.h"

enum { MAX_STEP_S = 60, STEPS_IN_A_LIFE = 60 };

int64_t
trivet_expiry_end_us(const struct trivet_expiry *expiry)
{
    return expiry->anchored_us + expiry->timeout_s * TRIVET_US_PER_S;
}

bool
trivet_expiry_is_over(const struct trivet_expiry *expiry, int64_t now_us)
{
    return now_us >= trivet_expiry_end_us(expiry);
}

bool
trivet_expiry_is_extended(const struct trivet_expiry *expiry,
    const struct trivet_extension *extension, int64_t now_us,
    int64_t *out_anchored_us)
{
    int64_t left_us = trivet_expiry_end_us(expiry) - now_us;
    int64_t life_s = expiry->timeout_s;
    int64_t step_us;

    if (extension->cap_s > 0 && extension->cap_s < life_s) {
        life_s = extension->cap_s;
    }

    step_us = life_s * TRIVET_US_PER_S / STEPS_IN_A_LIFE;
    if (step_us > MAX_STEP_S * TRIVET_US_PER_S) {
        step_us = MAX_STEP_S * TRIVET_US_PER_S;
    }

    *out_anchored_us = now_us + (life_s - expiry->timeout_s) * TRIVET_US_PER_S;

    return left_us > 0 && left_us <= extension->window_s * TRIVET_US_PER_S
           && *out_anchored_us - expiry->anchored_us > step_us;
}
