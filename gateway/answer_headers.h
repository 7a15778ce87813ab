/* SPDX-License-Identifier: Apache-2.0 */
/* answer_headers.h - header fields of answers */
#ifndef TRIVET_GATEWAY_ANSWER_HEADERS_H
#define TRIVET_GATEWAY_ANSWER_HEADERS_H

#include "gateway/request.h"

/* Appends a field; name must outlive the request. */
ngx_int_t ngx_http_trivet_add_header(
    ngx_http_request_t *r, const char *name, ngx_str_t *value);
/* Takes fields out of the API's answer that only the gateway may set. */
void ngx_http_trivet_drop_headers(ngx_http_request_t *r);
/* The answer's X-Bunq-* fields, but for the signature; Allow; X-Trivet-Reason
 * in the sandbox. */
ngx_int_t ngx_http_trivet_add_headers(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Content-Type, exactly application/json, and the length. */
void ngx_http_trivet_set_json(ngx_http_request_t *r, off_t len);
/* Whatever "gzip on" says: a compressed answer would not be the signed one. */
void ngx_http_trivet_no_gzip(ngx_http_request_t *r);

#endif
