/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traceparent.h - W3C Trace Context: to which trace a request belongs
 *
 *   00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *   version, trace id, id of the caller's part of it, flags
 */
#ifndef TRIVET_CORE_TRACEPARENT_H
#define TRIVET_CORE_TRACEPARENT_H

#include <stdbool.h>

#include "base/slice.h"

/* The trace id of the value of a field traceparent: 32 hexadecimal digits that
 * lie in value. False: the value is not as the recommendation has it, so its
 * reader must act as if there was none. */
bool trivet_traceparent_read(
    struct trivet_slice value, struct trivet_slice *out_trace_id);

#endif
