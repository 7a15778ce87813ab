/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bucket.h - a burst at once, then one each step
 *
 * Shared by the threads of a process without locks: one atomic. Zeroed memory
 * is ready for use.
 */
#ifndef TRIVET_AUTHORITY_LIMITS_BUCKET_H
#define TRIVET_AUTHORITY_LIMITS_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct trivet_bucket {
    _Atomic int64_t spent_until_us; /* when the whole burst is free again */
};

/* Whether one more may be had now. */
bool trivet_bucket_take(struct trivet_bucket *bucket, int64_t burst,
    int64_t step_us, int64_t now_us);

#endif
