/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.c - what the sandbox explains a refused signature by
 *
 * Asked for on the pool thread, and only after a refusal: an admitted request
 * pays for setting a few pointers. The thread reads the request's header and
 * body in place, as the event loop leaves them alone meanwhile, takes no memory
 * of the request's pool, and writes nothing but the thread's own buffer.
 */
#include "gateway/evidence.h"

#include "gateway/body.h"
#include "gateway/fill.h"
#include "gateway/slice.h"
static size_t
ngx_http_trivet_read_fields(void *data, struct trivet_field *out, size_t cap)
{
    ngx_http_trivet_evidence_t *given = data;

    size_t n = 0;
    ngx_uint_t i;
    ngx_list_part_t *part;
    ngx_table_elt_t *h;

    part = &given->ctx->original.fields;

    for (/* void */; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts && n < cap; i++) {
            if (h[i].hash == 0) {
                continue;
            }

            out[n].name = ngx_http_trivet_slice(h[i].key);
            out[n].value = ngx_http_trivet_slice(h[i].value);
            n++;
        }
    }

    return n;
}


static bool
ngx_http_trivet_read_joined(
    void *data, struct trivet_slice *out, size_t *out_len)
{
    ngx_http_trivet_evidence_t *given = data;

    off_t len = 0;
    ngx_chain_t *cl;

    for (cl = given->body; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    *out_len = (size_t) len;

    if (given->joined.data != NULL) {
        *out = given->joined;
        return true;
    }

    if (len > NGX_HTTP_TRIVET_EVIDENCE_SIZE) {
        return false;
    }

    given->used = (size_t) len;

    return ngx_http_trivet_join_body(
               given->buffer, NGX_HTTP_TRIVET_EVIDENCE_SIZE, given->body, out)
           == TRIVET_OK;
}


void
ngx_http_trivet_give_evidence(ngx_http_trivet_evidence_t *given)
{
    given->evidence = (struct trivet_evidence){
        .data = given,
        .method = ngx_http_trivet_slice(given->ctx->original.method),
        .target = ngx_http_trivet_slice(given->ctx->original.target),
        .read_fields = ngx_http_trivet_read_fields,
        .read_body = ngx_http_trivet_read_joined,
    };
    given->joined = given->ctx->request.body;
    ngx_http_trivet_fill_evidence(given->ctx, &given->evidence);
}


void
ngx_http_trivet_drop_evidence(ngx_http_trivet_evidence_t *given)
{
    ngx_http_trivet_fill_evidence(given->ctx, NULL);

    if (given->used > 0) {
        trivet_wipe(given->buffer, given->used);
    }
}
