/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracing.c - to which trace a request belongs (W3C Trace Context)
 *
 * The gateway makes no part of a trace of its own: what a caller sent goes on
 * to the API as it came, if it is in the right form, and is told in the log.
 */
#include "gateway/tracing.h"

#include "core/traceparent.h"
#include "gateway/original.h"
#include "gateway/slice.h"


ngx_uint_t
ngx_http_trivet_is_trace_field(ngx_table_elt_t *h)
{
    return ngx_http_trivet_is_header(h, "traceparent")
           || ngx_http_trivet_is_header(h, "tracestate");
}


ngx_uint_t
ngx_http_trivet_read_trace(ngx_http_trivet_ctx_t *ctx, ngx_str_t *trace_id)
{
    ngx_table_elt_t *h;
    struct trivet_slice found;

    if (ngx_http_trivet_find_field(ctx, "traceparent", &h) != 1
        || !trivet_traceparent_read(ngx_http_trivet_slice(h->value), &found))
    {
        return 0;
    }

    if (trace_id != NULL) {
        trace_id->data = (u_char *) found.data;
        trace_id->len = found.len;
    }

    return 1;
}


ngx_int_t
ngx_http_trivet_trace_id_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t trace_id;
    ngx_http_trivet_ctx_t *ctx;

    (void) data;

    ctx = ngx_http_trivet_get_ctx(r->main);
    if (ctx == NULL || !ngx_http_trivet_read_trace(ctx, &trace_id)) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = trace_id.data;
    v->len = (unsigned) trace_id.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
