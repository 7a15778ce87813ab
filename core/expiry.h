/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expiry.h - how long a session lives
 *
 * A session is anchored at the moment that its present life began: when it was
 * opened, or last extended. It ends the user's auto-logout time after that, so
 * that a changed auto-logout time holds for all of the user's sessions at once.
 */
#ifndef TRIVET_CORE_EXPIRY_H
#define TRIVET_CORE_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

/* timeout_s is at most TRIVET_MAX_SESSION_TIMEOUT_S, the anchor a moment that
 * base/timestamp.h can show: nothing overflows. */
struct trivet_expiry {
    int64_t anchored_us;
    int64_t timeout_s;
};

int64_t trivet_expiry_end_us(const struct trivet_expiry *expiry);

/* A session is dead from its last microsecond on. */
bool trivet_expiry_is_over(const struct trivet_expiry *expiry, int64_t now_us);

/* How requests extend a session. */
struct trivet_extension {
    int64_t window_s; /* only those this near its end; 0: none does */
    int64_t cap_s;    /* it then lives so long at most; 0: no cap   */
};

/*
 * Whether a request at now_us moves the anchor, and to where: so that the
 * session lives for its timeout from then, or for the cap where that is less.
 * Never backwards, and not for a step so small (1/60 of what is added, a minute
 * at most) that writing it down would cost more than it gives.
 */
bool trivet_expiry_is_extended(const struct trivet_expiry *expiry,
    const struct trivet_extension *extension, int64_t now_us,
    int64_t *out_anchored_us);

#endif
