/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h - what the sandbox explains a refused signature by */
#ifndef TRIVET_GATEWAY_EVIDENCE_H
#define TRIVET_GATEWAY_EVIDENCE_H

#include "gateway/request.h"

enum { NGX_HTTP_TRIVET_EVIDENCE_SIZE = TRIVET_MAX_EXPLAINED_BODY };

typedef struct {
    struct trivet_evidence evidence;
    ngx_http_trivet_ctx_t *ctx;
    ngx_chain_t *body;
    struct trivet_slice joined; /* the same in one piece, when it already is */
    u_char *buffer;             /* NGX_HTTP_TRIVET_EVIDENCE_SIZE bytes */
    size_t used;                /* of the buffer */
} ngx_http_trivet_evidence_t;

/* For the pool thread, between filling the request and asking the authority. It
 * must end with dropping what it gave, which wipes the buffer. */
void ngx_http_trivet_give_evidence(ngx_http_trivet_evidence_t *given);
void ngx_http_trivet_drop_evidence(ngx_http_trivet_evidence_t *given);

#endif
