/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - X-Bunq-Server-Signature */
#include "gateway/signature.h"

#include "core/field_names.h"
#include "gateway/answer_headers.h"
#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/request.h"
#include "gateway/signed_head.h"
#include "gateway/worker.h"

#include "crypto/digest.h"


ngx_int_t
ngx_http_trivet_add_signature(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    static const struct trivet_memos none;

    char *text;
    int64_t begin_ns;
    ngx_str_t value;
    const struct trivet_memos *memos;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    begin_ns = tmcf->metrics == NULL ? 0 : ngx_http_trivet_ticks_ns();

    text = ngx_pnalloc(r->pool, TRIVET_SIGNATURE_TEXT_LEN);
    if (text == NULL) {
        return NGX_ERROR;
    }

    /* What has a head in front, or is encrypted, was never seen before. */
    memos =
        ctx->request.profile->response_signing == TRIVET_RESPONSE_SIGNING_BODY
                && ctx->answer.client_key.der_len == 0
            ? &tmcf->memos
            : &none;

    if (trivet_sign_cached(memos, tmcf->server_keys[ctx->answer.server_key].tag,
            tmcf->worker->signers[ctx->answer.server_key], digest, text,
            &ctx->answer.measures.is_sign_cache_hit)
        != TRIVET_OK)
    {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
            "trivet: the answer could not be signed");
        return NGX_ERROR;
    }

    if (tmcf->metrics != NULL && !ctx->answer.measures.is_sign_cache_hit) {
        ctx->answer.measures.has_signed = true;
        ctx->answer.measures.signing_ns = ngx_http_trivet_ticks_ns() - begin_ns;
    }

    value.data = (u_char *) text;
    value.len = TRIVET_SIGNATURE_TEXT_LEN;

    return ngx_http_trivet_add_header(r, TRIVET_FIELD_SERVER_SIGNATURE, &value);
}


ngx_int_t
ngx_http_trivet_start_digest(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    struct trivet_digest *digest)
{
    struct trivet_slice head;

    if (ngx_http_trivet_make_response_head(r, ctx, &head) != NGX_OK) {
        return NGX_ERROR;
    }

    trivet_digest_start(digest);
    trivet_digest_add(digest, head);

    return NGX_OK;
}


/* The signature of an answer with these bytes, of which a HEAD sends none. */
ngx_int_t
ngx_http_trivet_sign_bytes(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const char *data, size_t len)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    if (ngx_http_trivet_start_digest(r, ctx, tmcf->worker->digest) != NGX_OK) {
        return NGX_ERROR;
    }

    if (r->method != NGX_HTTP_HEAD) {
        trivet_digest_add(tmcf->worker->digest, trivet_slice_make(data, len));
    }

    if (trivet_digest_finish(tmcf->worker->digest, digest) != TRIVET_OK) {
        return NGX_ERROR;
    }

    return ngx_http_trivet_add_signature(r, ctx, digest);
}
