/* SPDX-License-Identifier: Apache-2.0 */
/* callers.h - who may call, and what */
#ifndef TRIVET_SIDECAR_MODULE_CALLERS_H
#define TRIVET_SIDECAR_MODULE_CALLERS_H

#include "sidecar/module/conf.h"

#include "sidecar/failure.h"

/* Whether the request comes from a program on this machine; else
 * TRIVET_FAILURE_HOST or TRIVET_FAILURE_ORIGIN. */
enum trivet_failure ngx_http_trivet_proxy_judge_origin(ngx_http_request_t *r);

/* The same, and whether it has the token and may make that call. */
enum trivet_failure ngx_http_trivet_proxy_judge_caller(ngx_http_request_t *r);

#endif
