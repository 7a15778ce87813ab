/* SPDX-License-Identifier: Apache-2.0 */
/* rates.h - rate limits: what nginx counts, what a 429 says */
#ifndef TRIVET_GATEWAY_RATES_H
#define TRIVET_GATEWAY_RATES_H

#include "core/rate.h"
#include "gateway/request.h"

/* $trivet_rate_...: data is the enum trivet_rate_class. */
ngx_int_t ngx_http_trivet_rate_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
/* What limit a 429 names, into out: then ctx->reason is the one that has it,
 * and the result is out; NULL where the answer is another, or no limit is
 * known. */
const char *ngx_http_trivet_name_limit(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, char out[TRIVET_RATE_TEXT_SIZE]);

#endif
