/* SPDX-License-Identifier: Apache-2.0 */
/* subrequest.h - what is different for subrequests */
#ifndef TRIVET_GATEWAY_SUBREQUEST_H
#define TRIVET_GATEWAY_SUBREQUEST_H

#include "gateway/request.h"

/* Whether what admitted the main request admits this subrequest of it, too;
 * then ctx has the main request's answer, and is in the last state. */
ngx_uint_t ngx_http_trivet_admit_with_main(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* The status of a refused subrequest: nginx's modules that wait for it
 * understand 401, 403 and 5xx; every other 4xx becomes 403. */
unsigned ngx_http_trivet_subrequest_status(unsigned status);

#endif
