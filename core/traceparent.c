/* SPDX-License-Identifier: Apache-2.0 */
/* traceparent.c - W3C Trace Context: to which trace a request belongs */
#include "core/traceparent.h"

enum {
    VERSION_LEN = 2,
    TRACE_AT = 3,
    TRACE_LEN = 32,
    PARENT_AT = 36,
    PARENT_LEN = 16,
    FLAGS_AT = 53,
    FLAGS_LEN = 2,
    LEN = 55 /* of version 00; later ones may be longer, behind a hyphen */
};

/* Lower-case digits only. */
static bool
is_hex(struct trivet_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = text.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }

    return true;
}

static bool
is_zero(struct trivet_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '0') {
            return false;
        }
    }

    return true;
}

static struct trivet_slice
part(struct trivet_slice value, size_t at, size_t len)
{
    return trivet_slice_make(value.data + at, len);
}

static bool
is_end_right(struct trivet_slice value)
{
    return value.len == LEN
           || (!trivet_slice_is(part(value, 0, VERSION_LEN), "00")
               && value.data[LEN] == '-');
}

bool
trivet_traceparent_read(
    struct trivet_slice value, struct trivet_slice *out_trace_id)
{
    struct trivet_slice trace, parent;

    if (value.len < LEN || !is_end_right(value)
        || value.data[TRACE_AT - 1] != '-' || value.data[PARENT_AT - 1] != '-'
        || value.data[FLAGS_AT - 1] != '-')
    {
        return false;
    }

    trace = part(value, TRACE_AT, TRACE_LEN);
    parent = part(value, PARENT_AT, PARENT_LEN);
    if (!is_hex(part(value, 0, VERSION_LEN))
        || trivet_slice_is(part(value, 0, VERSION_LEN), "ff") || !is_hex(trace)
        || is_zero(trace) || !is_hex(parent) || is_zero(parent)
        || !is_hex(part(value, FLAGS_AT, FLAGS_LEN)))
    {
        return false;
    }

    *out_trace_id = trace;
    return true;
}
