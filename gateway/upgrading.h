/* SPDX-License-Identifier: Apache-2.0 */
/* upgrading.h - other protocols on the same connection (WebSocket) */
#ifndef TRIVET_GATEWAY_UPGRADING_H
#define TRIVET_GATEWAY_UPGRADING_H

#include "gateway/request.h"

/* The directive trivet_upgrade. */
char *ngx_http_trivet_upgrade(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* What the caller asks for and tlcf allows; empty: nothing. */
ngx_str_t ngx_http_trivet_asked_upgrade(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
/* Whether the API's 101 is one to that. */
ngx_uint_t ngx_http_trivet_is_upgraded(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

#endif
