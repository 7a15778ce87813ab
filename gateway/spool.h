/* SPDX-License-Identifier: Apache-2.0 */
/* spool.h - temporary files: how much of a disk bodies and answers may take */
#ifndef TRIVET_GATEWAY_SPOOL_H
#define TRIVET_GATEWAY_SPOOL_H

#include "gateway/request.h"

/* A body of that many bytes may come before the token is looked up. */
enum { NGX_HTTP_TRIVET_FREE_BODY = 64 * 1024 };

/* Enters the filter of request bodies, when the configuration was read. */
void ngx_http_trivet_init_spool(void);
/* Whether the body, which is still to be read, may take more than that, or a
 * file. */
ngx_uint_t ngx_http_trivet_is_body_costly(ngx_http_request_t *r);
/* NONE, or why there is no room for a body of the length that its header
 * announces. */
enum trivet_reason ngx_http_trivet_expect_body(ngx_http_request_t *r);
/* Counts size bytes that are about to go into a temporary file, until the
 * request ends; NONE, or why they may not. */
enum trivet_reason ngx_http_trivet_reserve_room(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, off_t size);
/* Removes the name of a file that is there, so that it ends with the worker. */
void ngx_http_trivet_unname(ngx_temp_file_t *tf);

#endif
