/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_rate.h - the rate limits of 2026: so many calls of a kind to a device
 *
 * The server's alone (--rate-limits 2026). They hold for each device, in a
 * window that moves with the clock; the classic ones are core/rate.h's.
 */
#ifndef TRIVET_CORE_DEVICE_RATE_H
#define TRIVET_CORE_DEVICE_RATE_H

#include "base/slice.h"

enum trivet_device_rate_kind {
    TRIVET_DEVICE_RATE_NONE = 0,  /* no limit                              */
    TRIVET_DEVICE_RATE_SETUP,     /* the calls that make an API context    */
    TRIVET_DEVICE_RATE_SENSITIVE, /* changes of permitted addresses        */
    TRIVET_DEVICE_RATE_CARD,      /* GET of cards                          */
    TRIVET_DEVICE_RATE_READ,      /* GET and HEAD of all else              */
    TRIVET_DEVICE_RATE_WRITE,     /* all other methods                     */

    TRIVET_NUM_DEVICE_RATE_KINDS
};

struct trivet_device_rate {
    const char *name;
    int max_calls;
    int per_s;
    bool is_of_address; /* no device is known yet: the caller's address is */
};

/* Static; NULL for TRIVET_DEVICE_RATE_NONE. */
const struct trivet_device_rate *trivet_device_rate(
    enum trivet_device_rate_kind kind);

/* Of a call. Path with "/v1/", without a query. */
enum trivet_device_rate_kind trivet_device_rate_classify(
    struct trivet_slice method, struct trivet_slice path);

#endif
