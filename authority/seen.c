/* SPDX-License-Identifier: Apache-2.0 */
/* seen.c - the latest time that this process has seen */
#include "authority/seen.h"
#include "store/noun/clock.h"

static int64_t
later(int64_t a_us, int64_t b_us)
{
    return a_us > b_us ? a_us : b_us;
}

enum trivet_status
trivet_seen_init(struct trivet_seen *seen)
{
    *seen = (struct trivet_seen){.epoch = 0};

    return pthread_mutex_init(&seen->lock, NULL) == 0 ? TRIVET_OK
                                                      : TRIVET_E_MEMORY;
}

void
trivet_seen_destroy(struct trivet_seen *seen)
{
    (void) pthread_mutex_destroy(&seen->lock);
}

void
trivet_seen_learn(
    struct trivet_seen *seen, const struct trivet_store_clock *stored)
{
    (void) pthread_mutex_lock(&seen->lock);

    if (stored->epoch != seen->epoch) {
        seen->epoch = stored->epoch;
        seen->latest_us = stored->latest_us;
        seen->noted_us = stored->latest_us;
    }

    seen->latest_us = later(seen->latest_us, stored->latest_us);
    seen->noted_us = stored->latest_us;

    (void) pthread_mutex_unlock(&seen->lock);
}

/* A time of an epoch that is over says nothing about the present one. */
int64_t
trivet_seen_decide(struct trivet_seen *seen,
    const struct trivet_store_clock *stored, int64_t clock_us)
{
    int64_t latest_us = later(stored->latest_us, clock_us);

    (void) pthread_mutex_lock(&seen->lock);

    if (stored->epoch == seen->epoch) {
        latest_us = later(latest_us, seen->latest_us);
        seen->latest_us = latest_us;
    }

    (void) pthread_mutex_unlock(&seen->lock);
    return latest_us;
}

void
trivet_seen_noted(struct trivet_seen *seen, int64_t epoch, int64_t at_us)
{
    (void) pthread_mutex_lock(&seen->lock);

    if (epoch == seen->epoch) {
        seen->noted_us = later(seen->noted_us, at_us);
    }

    (void) pthread_mutex_unlock(&seen->lock);
}

bool
trivet_seen_is_due(struct trivet_seen *seen, int64_t age_us)
{
    bool is_due;

    (void) pthread_mutex_lock(&seen->lock);
    is_due = seen->latest_us - seen->noted_us >= age_us;
    (void) pthread_mutex_unlock(&seen->lock);

    return is_due;
}

int64_t
trivet_seen_behind_us(struct trivet_seen *seen, int64_t clock_us)
{
    int64_t behind_us;

    (void) pthread_mutex_lock(&seen->lock);
    behind_us = seen->latest_us - clock_us;
    (void) pthread_mutex_unlock(&seen->lock);

    return behind_us > 0 ? behind_us : 0;
}
