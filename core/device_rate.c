/* SPDX-License-Identifier: Apache-2.0 */
/* device_rate.c - the rate limits of 2026: so many calls of a kind to a device
 */
#include "core/device_rate.h"

#include <string.h>

/* bunq tells ranges: 70 to 140 in 30 s for data, about 10 a day for set-up.
 * Reading has the upper end, writing the lower one. */
static const struct trivet_device_rate limits[TRIVET_NUM_DEVICE_RATE_KINDS] = {
    [TRIVET_DEVICE_RATE_SETUP] = {"set-up", 10, 86400, true},
    [TRIVET_DEVICE_RATE_SENSITIVE] = {"sensitive", 3, 60, false},
    [TRIVET_DEVICE_RATE_CARD] = {"card", 1000, 1, false},
    [TRIVET_DEVICE_RATE_READ] = {"read", 140, 30, false},
    [TRIVET_DEVICE_RATE_WRITE] = {"write", 70, 30, false},
};

const struct trivet_device_rate *
trivet_device_rate(enum trivet_device_rate_kind kind)
{
    if (kind == TRIVET_DEVICE_RATE_NONE
        || (unsigned) kind >= TRIVET_NUM_DEVICE_RATE_KINDS)
    {
        return NULL;
    }

    return &limits[kind];
}

/* The next part of a path that is not empty; an empty one at its end. */
static struct trivet_slice
take_part(struct trivet_slice *path)
{
    struct trivet_slice part = {.len = 0};

    while (path->len > 0 && part.len == 0) {
        const unsigned char *slash = memchr(path->data, '/', path->len);
        size_t len = slash == NULL ? path->len : (size_t) (slash - path->data);

        part = trivet_slice_make(path->data, len);
        *path = trivet_slice_after(*path, slash == NULL ? len : len + 1);
    }

    return part;
}

static bool
is_setup(struct trivet_slice noun, struct trivet_slice behind)
{
    static const char *const nouns[] = {"installation", "device-server",
        "session-server", "payment-service-provider-credential"};

    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
        if (trivet_slice_is(noun, nouns[i])) {
            return behind.len == 0;
        }
    }

    return false;
}

/* "card", and what has a name of its own, such as "card-debit". */
static bool
is_card(struct trivet_slice noun)
{
    return trivet_slice_is(noun, "card")
           || trivet_slice_starts_with(noun, "card-");
}

enum trivet_device_rate_kind
trivet_device_rate_classify(
    struct trivet_slice method, struct trivet_slice path)
{
    bool is_read =
        trivet_slice_is(method, "GET") || trivet_slice_is(method, "HEAD");
    struct trivet_slice noun;
    struct trivet_slice behind;

    (void) take_part(&path); /* the version */
    noun = take_part(&path);
    behind = take_part(&path);

    if (trivet_slice_is(method, "POST") && is_setup(noun, behind)) {
        return TRIVET_DEVICE_RATE_SETUP;
    }
    if (trivet_slice_is(noun, "user") && behind.len > 0) {
        noun = take_part(&path);
    }
    if (is_read) {
        return is_card(noun) ? TRIVET_DEVICE_RATE_CARD
                             : TRIVET_DEVICE_RATE_READ;
    }

    return trivet_slice_is(noun, "credential-password-ip")
               ? TRIVET_DEVICE_RATE_SENSITIVE
               : TRIVET_DEVICE_RATE_WRITE;
}
