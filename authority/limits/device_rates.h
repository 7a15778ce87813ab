/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_rates.h - how many calls devices made of late (--rate-limits 2026)
 *
 * A table of fixed size in memory that processes share. Records are in sets of
 * eight; a record without a call in its window is free. When all eight of a set
 * are in use, one more device of that set is refused: who was counted is never
 * forgotten for the sake of another.
 *
 * A record is exact up to 16 calls a window. Above that the window has 15
 * parts, and the calls of a part leave it together, with its last one: never
 * more calls than the limit are within any window, and a call may have to wait
 * for a fifteenth of the window longer.
 *
 * May be used from any thread of any process.
 */
#ifndef TRIVET_AUTHORITY_LIMITS_DEVICE_RATES_H
#define TRIVET_AUTHORITY_LIMITS_DEVICE_RATES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/device_rate.h"
#include "crypto/digest.h"
#include "trivet/status.h"

enum {
    TRIVET_NUM_DEVICE_RATE_SETS = 4096,
    TRIVET_DEVICE_RATE_SET_SIZE = 8,
    TRIVET_DEVICE_RATE_PARTS = 16,
    TRIVET_DEVICE_RATE_SECRET_LEN = 32
};

struct trivet_device_rate_record {
    uint64_t id[2]; /* of a digest; zeroes: never used */
    int64_t window_us;
    /* The parts of the window that have calls, the oldest first. */
    int64_t first_us[TRIVET_DEVICE_RATE_PARTS];
    int64_t last_us[TRIVET_DEVICE_RATE_PARTS];
    uint32_t num_calls[TRIVET_DEVICE_RATE_PARTS];
    uint32_t num_parts;
};

struct trivet_device_rate_set {
    struct trivet_device_rate_record records[TRIVET_DEVICE_RATE_SET_SIZE];
};

/* About 24 megabytes, of which only what is used takes memory. Addresses have
 * sets of their own: strangers cannot crowd out devices. */
struct trivet_device_rates {
    pthread_mutex_t mutex;
    unsigned char secret[TRIVET_DEVICE_RATE_SECRET_LEN]; /* read alone */
    struct trivet_device_rate_set of_addresses[TRIVET_NUM_DEVICE_RATE_SETS];
    struct trivet_device_rate_set of_devices[TRIVET_NUM_DEVICE_RATE_SETS];
};

/* Of memory that is zero; by one process, before others know of it.
 * TRIVET_E_INTERNAL: the system has no such mutexes; or as of trivet_random. */
TRIVET_MUST_USE enum trivet_status trivet_device_rates_init(
    struct trivet_device_rates *rates);

/*
 * Whether one more call is within the limit at now_us; if so it is counted.
 * digest says whose it is, and of which kind: of the secret too, so that nobody
 * can choose a set.
 *
 * TRIVET_E_UNAVAILABLE  that is not known: there is no room for one more, or
 *                       another process has held the mutex for a second.
 */
TRIVET_MUST_USE enum trivet_status trivet_device_rates_take(
    struct trivet_device_rates *rates, const struct trivet_device_rate *limit,
    const unsigned char digest[TRIVET_DIGEST_LEN], int64_t now_us,
    bool *out_is_within);

#endif
