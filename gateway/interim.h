/* SPDX-License-Identifier: Apache-2.0 */
/* interim.h - interim answers of the API (100, 102, 103) are passed over */
#ifndef TRIVET_GATEWAY_INTERIM_H
#define TRIVET_GATEWAY_INTERIM_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* Before the request leaves for the API. */
void ngx_http_trivet_watch_interims(ngx_http_request_t *r);

#endif
