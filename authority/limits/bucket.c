/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.c - a burst at once, then one each step */
#include "authority/limits/bucket.h"

/* A leaking bucket in one number: the time at which it will be empty. */
bool
trivet_bucket_take(struct trivet_bucket *bucket, int64_t burst, int64_t step_us,
    int64_t now_us)
{
    int64_t room_us = burst * step_us;
    int64_t spent = atomic_load(&bucket->spent_until_us);
    int64_t from;

    do {
        from = spent > now_us ? spent : now_us;

        /* Farther ahead than it can get: the clock was put back. */
        if (from - now_us > 2 * room_us) {
            from = now_us;
        }

        if (from + step_us - now_us > room_us) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(
        &bucket->spent_until_us, &spent, from + step_us));

    return true;
}
