/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duration.h - lengths of time as people write them
 *
 *   duration = 1*( number unit )
 *   unit     = "s" / "m" / "h" / "d" / "w"
 *
 * Such as 90d, 12h or 1d12h.
 */
#ifndef TRIVET_BASE_DURATION_H
#define TRIVET_BASE_DURATION_H

#include <stdint.h>

#include "base/slice.h"
#include "trivet/status.h"

/* Ten years of 365 days: the longest that anything here accepts. */
enum { TRIVET_MAX_DURATION_S = 315360000 };

/* In seconds. TRIVET_E_MALFORMED: no duration, or one above max_s. */
TRIVET_MUST_USE enum trivet_status trivet_duration_parse(
    struct trivet_slice text, int64_t max_s, int64_t *out);

#endif
