/* SPDX-License-Identifier: Apache-2.0 */
/* device_rates.c - how many calls devices made of late (--rate-limits 2026) */
#include "authority/limits/device_rates.h"

#include <string.h>

#include "authority/limits/shared_mutex.h"
#include "base/timestamp.h"
#include "crypto/token.h"

enum trivet_status
trivet_device_rates_init(struct trivet_device_rates *rates)
{
    TRIVET_TRY(trivet_random(rates->secret, sizeof rates->secret));

    return trivet_shared_mutex_init(&rates->mutex);
}

/* A part that is farther ahead than a window is of a clock that was put back
 * since. */
static bool
is_over(
    const struct trivet_device_rate_record *record, size_t part, int64_t now_us)
{
    int64_t last_us = record->last_us[part];

    return now_us - last_us >= record->window_us
           || last_us - now_us > record->window_us;
}

/* Parts that have left the window, from the oldest on. */
static void
drop_old(struct trivet_device_rate_record *record, int64_t now_us)
{
    size_t num_over = 0;
    size_t num;

    if (record->num_parts > TRIVET_DEVICE_RATE_PARTS) {
        record->num_parts = TRIVET_DEVICE_RATE_PARTS;
    }
    while (num_over < record->num_parts && is_over(record, num_over, now_us)) {
        num_over++;
    }

    num = record->num_parts - num_over;
    memmove(record->first_us, record->first_us + num_over,
        num * sizeof record->first_us[0]);
    memmove(record->last_us, record->last_us + num_over,
        num * sizeof record->last_us[0]);
    memmove(record->num_calls, record->num_calls + num_over,
        num * sizeof record->num_calls[0]);
    record->num_parts = (uint32_t) num;
}

static int64_t
count_calls(const struct trivet_device_rate_record *record)
{
    int64_t num = 0;

    for (size_t i = 0; i < record->num_parts; i++) {
        num += record->num_calls[i];
    }

    return num;
}

/* How long a part goes on taking calls. */
static int64_t
part_length(const struct trivet_device_rate *limit, int64_t window_us)
{
    return limit->max_calls <= TRIVET_DEVICE_RATE_PARTS
               ? 0
               : window_us / (TRIVET_DEVICE_RATE_PARTS - 1);
}

static void
add_call(struct trivet_device_rate_record *record,
    const struct trivet_device_rate *limit, int64_t now_us)
{
    size_t last = record->num_parts;
    int64_t length_us = part_length(limit, record->window_us);

    /* Parts that are full, or clocks of threads that differ a little. */
    if (last > 0
        && (last == TRIVET_DEVICE_RATE_PARTS
            || now_us - record->first_us[last - 1] < length_us))
    {
        last--;
        record->num_calls[last]++;
        if (record->last_us[last] < now_us) {
            record->last_us[last] = now_us;
        }
        return;
    }

    record->first_us[last] = now_us;
    record->last_us[last] = now_us;
    record->num_calls[last] = 1;
    record->num_parts++;
}

/* NULL: there is no room. Its own, or one that nobody needs. */
static struct trivet_device_rate_record *
find_record(struct trivet_device_rate_set *set, const uint64_t id[2],
    int64_t window_us, int64_t now_us)
{
    struct trivet_device_rate_record *unused = NULL;

    for (size_t i = 0; i < TRIVET_DEVICE_RATE_SET_SIZE; i++) {
        struct trivet_device_rate_record *record = &set->records[i];

        drop_old(record, now_us);
        if (memcmp(record->id, id, sizeof record->id) == 0) {
            return record;
        }
        if (record->num_parts == 0 && unused == NULL) {
            unused = record;
        }
    }

    if (unused != NULL) {
        memcpy(unused->id, id, sizeof unused->id);
        unused->window_us = window_us;
    }

    return unused;
}

enum trivet_status
trivet_device_rates_take(struct trivet_device_rates *rates,
    const struct trivet_device_rate *limit,
    const unsigned char digest[TRIVET_DIGEST_LEN], int64_t now_us,
    bool *out_is_within)
{
    struct trivet_device_rate_set *sets =
        limit->is_of_address ? rates->of_addresses : rates->of_devices;
    int64_t window_us = limit->per_s * TRIVET_US_PER_S;
    struct trivet_device_rate_record *record;
    uint64_t parts[3]; /* which set, and the record's id */

    memcpy(parts, digest, sizeof parts);

    if (!trivet_shared_mutex_lock(&rates->mutex)) {
        return TRIVET_E_UNAVAILABLE;
    }

    record = find_record(&sets[parts[0] % TRIVET_NUM_DEVICE_RATE_SETS],
        &parts[1], window_us, now_us);
    *out_is_within = record != NULL && count_calls(record) < limit->max_calls;
    if (*out_is_within) {
        add_call(record, limit, now_us);
    }

    trivet_shared_mutex_unlock(&rates->mutex);
    return record == NULL ? TRIVET_E_UNAVAILABLE : TRIVET_OK;
}
