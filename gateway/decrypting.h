/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decrypting.h - a request's encrypted body, and the plain one that is made of
 * it
 *
 * What the caller sent is kept: whoever decides about the request once more
 * (after an internal redirect) verifies the signature over that.
 */
#ifndef TRIVET_GATEWAY_DECRYPTING_H
#define TRIVET_GATEWAY_DECRYPTING_H

#include "gateway/request.h"

/* Before the request goes to a pool thread, which may decrypt its body: makes
 * room for that. NONE, or why there is none. */
enum trivet_reason ngx_http_trivet_prepare_decrypting(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Of a request that was admitted: the plain body takes the place of the
 * encrypted one, for whoever reads it now. */
ngx_int_t ngx_http_trivet_use_plain_body(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

#endif
