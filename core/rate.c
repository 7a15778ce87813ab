/* SPDX-License-Identifier: Apache-2.0 */
/* rate.c - the rate limits: so many calls of a method to an endpoint */
#include "core/rate.h"

#include <stdio.h>

#include "base/hash.h"

#define SESSION_SERVER "session-server"

static const struct trivet_rate_limit limits[TRIVET_NUM_RATE_CLASSES] = {
    [TRIVET_RATE_GET] = {"get", "GET", 3, 3},
    [TRIVET_RATE_POST] = {"post", "POST", 5, 3},
    [TRIVET_RATE_PUT] = {"put", "PUT", 2, 3},
    [TRIVET_RATE_SESSION] = {"session", "POST", 1, 30},
};

const struct trivet_rate_limit *
trivet_rate_limit(enum trivet_rate_class kind)
{
    if (kind == TRIVET_RATE_NONE || (unsigned) kind >= TRIVET_NUM_RATE_CLASSES)
    {
        return NULL;
    }

    return &limits[kind];
}

/* A number, or "_", which stands for one's own. */
static bool
is_id(struct trivet_slice part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (part.data[i] < '0' || part.data[i] > '9') {
            return trivet_slice_is(part, "_");
        }
    }

    return part.len > 0;
}

/* Of the method and the path with every id in it as one "#"; parts that are
 * empty do not count. Who finds two endpoints with one hash shares a limit
 * between them. */
static uint64_t
hash_endpoint(const char *method, struct trivet_slice path)
{
    uint64_t hash =
        trivet_hash_add(TRIVET_HASH_START, trivet_slice_text(method));

    while (path.len > 0) {
        const unsigned char *slash = memchr(path.data, '/', path.len);
        size_t len = slash == NULL ? path.len : (size_t) (slash - path.data);
        struct trivet_slice part = trivet_slice_make(path.data, len);

        if (is_id(part)) {
            part = trivet_slice_text("#");
        }
        if (len > 0) {
            hash = trivet_hash_add(hash, trivet_slice_text("/"));
            hash = trivet_hash_add(hash, part);
        }
        path = trivet_slice_after(path, slash == NULL ? len : len + 1);
    }

    return hash == 0 ? 1 : hash;
}

/* Without the version in front, the query, and one slash at the end. */
static struct trivet_slice
normalise(struct trivet_slice path)
{
    static const char version[] = "/v1/";
    const unsigned char *query =
        path.len == 0 ? NULL : memchr(path.data, '?', path.len);

    if (query != NULL) {
        path.len = (size_t) (query - path.data);
    }
    if (trivet_slice_starts_with(path, version)) {
        path = trivet_slice_after(path, sizeof version - 1);
    }
    if (path.len > 0 && path.data[path.len - 1] == '/') {
        path.len--;
    }

    return path;
}

static enum trivet_rate_class
classify(struct trivet_slice method, struct trivet_slice path)
{
    if (trivet_slice_is(method, "GET") || trivet_slice_is(method, "HEAD")) {
        return TRIVET_RATE_GET;
    }
    if (trivet_slice_is(method, "POST")) {
        return trivet_slice_is(path, SESSION_SERVER) ? TRIVET_RATE_SESSION
                                                     : TRIVET_RATE_POST;
    }

    return trivet_slice_is(method, "PUT") ? TRIVET_RATE_PUT : TRIVET_RATE_NONE;
}

struct trivet_rate_call
trivet_rate_classify(struct trivet_slice method, struct trivet_slice path)
{
    struct trivet_slice bare = normalise(path);
    enum trivet_rate_class kind = classify(method, bare);
    const struct trivet_rate_limit *limit = trivet_rate_limit(kind);

    if (limit == NULL) {
        return (struct trivet_rate_call){.kind = TRIVET_RATE_NONE};
    }

    return (struct trivet_rate_call){.kind = kind,
        .endpoint = hash_endpoint(limit->method, bare),
        .max_calls = limit->max_calls,
        .per_s = limit->per_s};
}

uint64_t
trivet_rate_key(const struct trivet_rate_call *call, int64_t clock_offset_s)
{
    int64_t epoch = call->per_s == 0 ? 0 : clock_offset_s / call->per_s;

    /* Rounded down, on both sides of zero: else the two windows around it
     * would have one number. */
    if (epoch * call->per_s > clock_offset_s) {
        epoch--;
    }

    return epoch == 0 ? call->endpoint
                      : trivet_hash_add(call->endpoint,
                          trivet_slice_make(&epoch, sizeof epoch));
}

void
trivet_rate_format(
    const struct trivet_rate_call *call, char out[TRIVET_RATE_TEXT_SIZE])
{
    /* "second" has no plural in the text that clients know. */
    (void) snprintf(out, TRIVET_RATE_TEXT_SIZE, "%d calls per %d second",
        call->max_calls, call->per_s);
}
