/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate.h - the rate limits: so many calls of a method to an endpoint
 *
 * bunq's classic limits, one table for both ends: the client waits rather than
 * break them, the gateway refuses with 429. They hold for each address (an
 * IPv6 /64 network counts as one) and endpoint. An endpoint is a path without
 * its query, every id in it replaced, so that it is the same for all ids.
 */
#ifndef TRIVET_CORE_RATE_H
#define TRIVET_CORE_RATE_H

#include <stdint.h>

#include "base/slice.h"

enum trivet_rate_class {
    TRIVET_RATE_NONE = 0, /* no limit: DELETE, and methods nobody uses */
    TRIVET_RATE_GET,      /* HEAD too */
    TRIVET_RATE_POST,
    TRIVET_RATE_PUT,
    TRIVET_RATE_SESSION, /* POST session-server */

    TRIVET_NUM_RATE_CLASSES
};

struct trivet_rate_limit {
    const char *name; /* for configurations: lower-case letters */
    const char *method;
    int max_calls;
    int per_s;
};

/* The limit of a class. Static; NULL for TRIVET_RATE_NONE. */
const struct trivet_rate_limit *trivet_rate_limit(enum trivet_rate_class kind);

/* A call as the limits see it. */
struct trivet_rate_call {
    enum trivet_rate_class kind;
    uint64_t endpoint; /* a hash of method and path; 0: no limit */
    int max_calls;
    int per_s;
};

/* What the table says of it. Path with or without "/v1/", with or without a
 * query. */
struct trivet_rate_call trivet_rate_classify(
    struct trivet_slice method, struct trivet_slice path);

/*
 * What calls are counted under, beside the caller's address. clock_offset_s is
 * how far the server's clock is set ahead of the true one: whoever counts does
 * so in true time, so a clock that is set by a window or more must lead to
 * another key, under which nothing was counted yet.
 */
uint64_t trivet_rate_key(
    const struct trivet_rate_call *call, int64_t clock_offset_s);

enum { TRIVET_RATE_TEXT_SIZE = 64 };

/* The limit as a 429 names it, such as "3 calls per 3 second"; call has one. */
void trivet_rate_format(
    const struct trivet_rate_call *call, char out[TRIVET_RATE_TEXT_SIZE]);

#endif
