/* SPDX-License-Identifier: Apache-2.0 */
/* body.h - the body of a request, in one piece */
#ifndef TRIVET_SIDECAR_MODULE_BODY_H
#define TRIVET_SIDECAR_MODULE_BODY_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "base/buffer.h"

/*
 * On a pool thread. *out is the whole body; it points into the request when it
 * is in one piece there, else into copy, which the caller made with its maximum
 * and frees.
 *
 * Errors: those of trivet_buffer_append; TRIVET_E_INTERNAL: nginx's temporary
 * file cannot be read.
 */
TRIVET_MUST_USE enum trivet_status ngx_http_trivet_proxy_join_body(
    ngx_chain_t *body, struct trivet_buffer *copy, struct trivet_slice *out);

#endif
