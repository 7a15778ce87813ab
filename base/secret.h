/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret.h - bytes that must not be seen
 *
 * An API key or a token in clear lives in a struct trivet_secret from the
 * moment it is made or read until it is digested or shown once. There is no
 * formatter for it, so that it cannot be logged by accident.
 */
#ifndef TRIVET_BASE_SECRET_H
#define TRIVET_BASE_SECRET_H

#include "base/slice.h"

enum { TRIVET_MAX_SECRET = 512 /* bytes of the longest: an API key */ };

struct trivet_secret {
    unsigned char bytes[TRIVET_MAX_SECRET];
    size_t len;
};

/* Overwrites memory in a way that the compiler keeps. */
void trivet_wipe(void *memory, size_t len);

static inline void
trivet_secret_wipe(struct trivet_secret *secret)
{
    trivet_wipe(secret, sizeof *secret);
}

static inline struct trivet_slice
trivet_secret_slice(const struct trivet_secret *secret)
{
    return trivet_slice_make(secret->bytes, secret->len);
}

/* Time depends on len alone. */
bool trivet_ct_equal(const void *a, const void *b, size_t len);

#endif
