/* SPDX-License-Identifier: Apache-2.0 */
/* requests.h - from a request to a call */
#ifndef TRIVET_SIDECAR_MODULE_REQUESTS_H
#define TRIVET_SIDECAR_MODULE_REQUESTS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* The handler of a location with trivet_proxy_pass. */
ngx_int_t ngx_http_trivet_proxy_handler(ngx_http_request_t *r);

#endif
