/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice.h - a borrowed run of bytes
 *
 * Lives as long as what it points into. Not NUL-terminated. `data` may be NULL
 * when `len` is 0.
 */
#ifndef TRIVET_BASE_SLICE_H
#define TRIVET_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct trivet_slice {
    const unsigned char *data;
    size_t len;
};

static inline struct trivet_slice
trivet_slice_make(const void *data, size_t len)
{
    return (struct trivet_slice){data, len};
}

static inline struct trivet_slice
trivet_slice_text(const char *text)
{
    return trivet_slice_make(text, strlen(text));
}

static inline bool
trivet_slice_equal(struct trivet_slice a, struct trivet_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
trivet_slice_is(struct trivet_slice slice, const char *text)
{
    return trivet_slice_equal(slice, trivet_slice_text(text));
}

/* The rest of slice after its first num_bytes (num_bytes <= slice.len). */
static inline struct trivet_slice
trivet_slice_after(struct trivet_slice slice, size_t num_bytes)
{
    return trivet_slice_make(slice.data + num_bytes, slice.len - num_bytes);
}

bool trivet_slice_starts_with(struct trivet_slice slice, const char *prefix);

/* ASCII letters compare without case. */
bool trivet_slice_equal_nocase(struct trivet_slice a, struct trivet_slice b);

/* Whether it is one of the names, likewise. */
bool trivet_slice_is_among(
    struct trivet_slice slice, const char *const *names, size_t num_names);

/* Without blanks, tabs and line ends at both ends. */
struct trivet_slice trivet_slice_trim(struct trivet_slice slice);

/* Decimal digits only, no sign, at most 19 digits; false when it is not that.
 */
bool trivet_slice_to_id(struct trivet_slice slice, long long *out);

#endif
