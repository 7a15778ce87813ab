/* SPDX-License-Identifier: Apache-2.0 */
/* chunks.h - memory of a worker for large answers */
#ifndef TRIVET_GATEWAY_CHUNKS_H
#define TRIVET_GATEWAY_CHUNKS_H

#include "gateway/request.h"

enum { NGX_HTTP_TRIVET_CHUNK_SIZE = 64 * 1024 };

/* An empty buffer of NGX_HTTP_TRIVET_CHUNK_SIZE bytes, given back when the
 * request ends. NULL: no memory, or trivet_answer_memory is in use. */
ngx_buf_t *ngx_http_trivet_take_chunk(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* When the worker ends. */
void ngx_http_trivet_free_chunks(ngx_http_trivet_main_conf_t *tmcf);

#endif
