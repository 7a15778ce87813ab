/* SPDX-License-Identifier: Apache-2.0 */
/* tracing.h - to which trace a request belongs (W3C Trace Context) */
#ifndef TRIVET_GATEWAY_TRACING_H
#define TRIVET_GATEWAY_TRACING_H

#include "gateway/request.h"

/* Whether it is a field of a trace: traceparent, tracestate. */
ngx_uint_t ngx_http_trivet_is_trace_field(ngx_table_elt_t *h);
/* Whether the caller named a trace in the right form. trace_id: of the
 * request's own memory; NULL: not asked for. */
ngx_uint_t ngx_http_trivet_read_trace(
    ngx_http_trivet_ctx_t *ctx, ngx_str_t *trace_id);
ngx_int_t ngx_http_trivet_trace_id_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);

#endif
