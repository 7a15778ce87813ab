/* SPDX-License-Identifier: Apache-2.0 */
/* original.h - the request's header as its caller sent it */
#ifndef TRIVET_GATEWAY_ORIGINAL_H
#define TRIVET_GATEWAY_ORIGINAL_H

#include "gateway/request.h"

/* Fills out from r, a main request whose header nobody has changed yet. Points
 * into the request's pool. */
void ngx_http_trivet_remember_original(
    ngx_http_request_t *r, ngx_http_trivet_original_t *out);
/* Whether the field has that name, in whatever case. */
ngx_uint_t ngx_http_trivet_is_header(ngx_table_elt_t *h, const char *name);
/* How many fields of that name, in whatever case, the caller sent; *out (may be
 * NULL) is the last one, NULL when there is none. */
ngx_uint_t ngx_http_trivet_find_field(
    ngx_http_trivet_ctx_t *ctx, const char *name, ngx_table_elt_t **out);

#endif
