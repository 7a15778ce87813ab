/* SPDX-License-Identifier: Apache-2.0 */
/* slice.h - a string of nginx as the core takes it */
#ifndef TRIVET_GATEWAY_SLICE_H
#define TRIVET_GATEWAY_SLICE_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "base/slice.h"

/* Points at str's bytes; copies nothing. */
static ngx_inline struct trivet_slice
ngx_http_trivet_slice(ngx_str_t str)
{
    return trivet_slice_make(str.data, str.len);
}

#endif
