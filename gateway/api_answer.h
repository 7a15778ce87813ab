/* SPDX-License-Identifier: Apache-2.0 */
/* api_answer.h - which answers of the API cannot be given to the caller */
#ifndef TRIVET_GATEWAY_API_ANSWER_H
#define TRIVET_GATEWAY_API_ANSWER_H

#include "gateway/request.h"

/* Whether the answer has no body, whatever its header says. */
ngx_uint_t ngx_http_trivet_is_bodiless(ngx_http_request_t *r);
/* NONE, or why the answer cannot be given. */
enum trivet_reason ngx_http_trivet_check_answer(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
/* Whether the answer has a type that does not end: it cannot be signed. */
ngx_uint_t ngx_http_trivet_is_endless(ngx_http_request_t *r);

#endif
