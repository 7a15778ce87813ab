/* SPDX-License-Identifier: Apache-2.0 */
/* signed_head.c - what the full scheme signs in front of a body */
#include "gateway/signed_head.h"

#include "gateway/fill.h"
#include "gateway/request.h"
#include "gateway/slice.h"
/* The fields of a list; the core passes over those that are not signed. NULL
 * when memory ran out. */
static struct trivet_field *
ngx_http_trivet_collect_fields(
    ngx_http_request_t *r, ngx_list_part_t *part, size_t *out_num)
{
    ngx_uint_t i;
    ngx_array_t fields;
    ngx_table_elt_t *h;
    struct trivet_field *field;

    if (ngx_array_init(&fields, r->pool, 16, sizeof(struct trivet_field))
        != NGX_OK) {
        return NULL;
    }

    for (/* void */; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash == 0) {
                continue;
            }

            field = ngx_array_push(&fields);
            if (field == NULL) {
                return NULL;
            }

            field->name = ngx_http_trivet_slice(h[i].key);
            field->value = ngx_http_trivet_slice(h[i].value);
        }
    }

    *out_num = fields.nelts;

    return fields.elts;
}


/* Room for a head: all fields, and what is written around them. */
static struct trivet_writer
ngx_http_trivet_head_writer(ngx_http_request_t *r,
    const struct trivet_field *fields, size_t num_fields, size_t more)
{
    size_t i, size = more + 64;

    for (i = 0; i < num_fields; i++) {
        size += fields[i].name.len + fields[i].value.len + 4;
    }

    return trivet_writer_make(ngx_palloc(r->pool, size), size);
}


ngx_int_t
ngx_http_trivet_make_request_head(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    size_t num;
    struct trivet_field *fields;
    struct trivet_writer writer;
    const struct trivet_request *request = &ctx->request;

    ctx->head = trivet_slice_make(NULL, 0);

    if (request->profile->signing == TRIVET_SIGNING_BODY
        || request->signature_header != TRIVET_SIGNATURE_HEADER_ONE
        || request->signature.len == 0
        || !trivet_decide_needs_signature(&request->rule, request->profile))
    {
        return NGX_OK; /* nobody will look at it */
    }

    fields = ngx_http_trivet_collect_fields(r, &ctx->original.fields, &num);
    if (fields == NULL) {
        return NGX_ERROR;
    }

    writer = ngx_http_trivet_head_writer(
        r, fields, num, ctx->original.method.len + ctx->original.target.len);
    if (writer.data == NULL) {
        return NGX_ERROR;
    }

    if (trivet_canonical_request_head(TRIVET_SCHEME_FULL,
            ngx_http_trivet_slice(ctx->original.method),
            ngx_http_trivet_slice(ctx->original.target), fields, num, &writer)
        != TRIVET_OK)
    {
        /* More fields than any client signs: no full signature can fit. */
        if (request->profile->signing == TRIVET_SIGNING_FULL) {
            ngx_http_trivet_fill_too_many_fields(ctx);
        }
        return NGX_OK;
    }

    ctx->head = trivet_writer_slice(&writer);

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_make_response_head(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, struct trivet_slice *out)
{
    size_t num;
    struct trivet_field *fields;
    struct trivet_writer writer;
    const struct trivet_profile *profile = ctx->request.profile;

    *out = trivet_slice_make(NULL, 0);

    if (profile == NULL
        || profile->response_signing == TRIVET_RESPONSE_SIGNING_BODY)
    {
        return NGX_OK;
    }

    fields =
        ngx_http_trivet_collect_fields(r, &r->headers_out.headers.part, &num);
    if (fields == NULL) {
        return NGX_ERROR;
    }

    writer = ngx_http_trivet_head_writer(r, fields, num, 0);
    if (writer.data == NULL
        || trivet_canonical_response_head(TRIVET_SCHEME_FULL,
               (unsigned) r->headers_out.status, fields, num, &writer)
               != TRIVET_OK)
    {
        return NGX_ERROR;
    }

    *out = trivet_writer_slice(&writer);

    return NGX_OK;
}
