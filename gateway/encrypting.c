/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encrypting.c - answers that only the caller's installation can read
 *
 * On the event loop, as signing is: some 20 us for the key, and a millisecond
 * for each megabyte.
 */
#include "gateway/encrypting.h"

#include "gateway/answer_headers.h"
#include "gateway/conf.h"
#include "gateway/slice.h"
enum { NGX_HTTP_TRIVET_PIECE = 16 * 1024 };


ngx_uint_t
ngx_http_trivet_is_encrypting(ngx_http_trivet_ctx_t *ctx)
{
    return ctx->answer.client_key.der_len > 0;
}


static struct trivet_slice
ngx_http_trivet_client_key(ngx_http_trivet_ctx_t *ctx)
{
    const struct trivet_public_key *key = &ctx->answer.client_key;

    return trivet_slice_make(key->der, key->der_len);
}


static ngx_int_t
ngx_http_trivet_add_encryption_headers(
    ngx_http_request_t *r, struct trivet_encryption_fields *fields)
{
    ngx_str_t key, iv, hmac;

    key.data = (u_char *) fields->key;
    key.len = sizeof(fields->key);
    iv.data = (u_char *) fields->iv;
    iv.len = sizeof(fields->iv);
    hmac.data = (u_char *) fields->hmac;
    hmac.len = sizeof(fields->hmac);

    if (ngx_http_trivet_add_header(r, "X-Bunq-Server-Encryption-Key", &key)
            != NGX_OK
        || ngx_http_trivet_add_header(r, "X-Bunq-Server-Encryption-Iv", &iv)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_trivet_add_header(
        r, "X-Bunq-Server-Encryption-Hmac", &hmac);
}


ngx_int_t
ngx_http_trivet_encrypt_settled(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    size_t len;
    struct trivet_buffer out;
    struct trivet_slice plain;
    struct trivet_encryption_fields *fields;

    if (!ngx_http_trivet_is_encrypting(ctx) || r->method == NGX_HTTP_HEAD) {
        return NGX_OK;
    }

    plain = trivet_buffer_slice(ctx->sending.whole);
    len = TRIVET_CIPHERTEXT_LEN(plain.len);
    out = trivet_buffer_make(len);
    fields = ngx_palloc(r->pool, sizeof(struct trivet_encryption_fields));

    if (fields == NULL || trivet_buffer_reserve(&out, len) != TRIVET_OK
        || trivet_encrypt(ngx_http_trivet_client_key(ctx), plain,
               (unsigned char *) out.data, fields)
               != TRIVET_OK)
    {
        trivet_buffer_free(&out);
        return NGX_ERROR;
    }

    out.len = len;
    trivet_buffer_free(&ctx->sending.page);
    ctx->sending.page = out;
    ctx->sending.whole = &ctx->sending.page;
    r->headers_out.content_length_n = (off_t) len;

    return ngx_http_trivet_add_encryption_headers(r, fields);
}


ngx_int_t
ngx_http_trivet_start_encrypting(ngx_http_trivet_ctx_t *ctx)
{
    trivet_encryption_free(ctx->sending.encryption);
    ctx->sending.encryption = NULL;

    if (!ngx_http_trivet_is_encrypting(ctx)) {
        return NGX_OK;
    }

    ctx->sending.fields =
        ngx_palloc(ctx->owner->pool, sizeof(struct trivet_encryption_fields));

    return ctx->sending.fields != NULL
                   && trivet_encryption_start(ngx_http_trivet_client_key(ctx),
                          ctx->sending.fields, &ctx->sending.encryption)
                          == TRIVET_OK
               ? NGX_OK
               : NGX_ERROR;
}


enum trivet_reason
ngx_http_trivet_encrypt_part(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf, u_char *data, size_t len,
    ngx_http_trivet_keep_pt keep)
{
    u_char out[NGX_HTTP_TRIVET_PIECE + TRIVET_AES_BLOCK_LEN];
    size_t size, out_len;
    enum trivet_reason reason;

    for (/* void */; len > 0; data += size, len -= size) {
        size = ngx_min(len, (size_t) NGX_HTTP_TRIVET_PIECE);

        if (trivet_encryption_add(ctx->sending.encryption,
                trivet_slice_make(data, size), out, &out_len)
            != TRIVET_OK)
        {
            return TRIVET_REASON_INTERNAL;
        }

        reason = keep(r, ctx, tlcf, out, out_len);
        if (reason != TRIVET_REASON_NONE) {
            return reason;
        }
    }

    return TRIVET_REASON_NONE;
}


enum trivet_reason
ngx_http_trivet_finish_encrypting(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf,
    ngx_http_trivet_keep_pt keep)
{
    u_char out[TRIVET_AES_BLOCK_LEN];
    size_t len;
    enum trivet_reason reason;

    if (trivet_encryption_finish(
            ctx->sending.encryption, out, &len, ctx->sending.fields)
        != TRIVET_OK)
    {
        return TRIVET_REASON_INTERNAL;
    }

    reason = keep(r, ctx, tlcf, out, len);
    if (reason != TRIVET_REASON_NONE) {
        return reason;
    }

    return ngx_http_trivet_add_encryption_headers(r, ctx->sending.fields)
                   == NGX_OK
               ? TRIVET_REASON_NONE
               : TRIVET_REASON_INTERNAL;
}
