/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - X-Bunq-Server-Signature */
#include "gateway/signature.h"

#include "core/field_names.h"
#include "gateway/answer_headers.h"
#include "gateway/api_answer.h"
#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/request.h"
#include "gateway/signed_head.h"
#include "gateway/worker.h"

#include "crypto/digest.h"


/* What has a head in front, or is encrypted, was never seen before. */
static const struct trivet_memos *
ngx_http_trivet_memos_of(
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_trivet_ctx_t *ctx)
{
    static const struct trivet_memos none;

    return ctx->request.profile->response_signing
                       == TRIVET_RESPONSE_SIGNING_BODY
                   && ctx->answer.client_key.der_len == 0
               ? &tmcf->memos
               : &none;
}


static ngx_int_t
ngx_http_trivet_add_text(ngx_http_request_t *r, char *text)
{
    ngx_str_t value;

    value.data = (u_char *) text;
    value.len = TRIVET_SIGNATURE_TEXT_LEN;

    return ngx_http_trivet_add_header(r, TRIVET_FIELD_SERVER_SIGNATURE, &value);
}


/* Whether the answer can be kept back: its body comes behind the header, and
 * nginx does not end the request before it is sent. */
static ngx_uint_t
ngx_http_trivet_may_wait(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    return !ctx->sending.is_given_up && !r->filter_finalize && !r->header_only
           && !ngx_http_trivet_is_bodiless(r);
}


ngx_int_t
ngx_http_trivet_add_signature(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const unsigned char digest[TRIVET_DIGEST_LEN], ngx_http_trivet_turn_pt done)
{
    char *text;
    uint64_t tag;
    int64_t begin_ns;
    struct trivet_measures *measures = &ctx->answer.measures;
    const struct trivet_memos *memos;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    text = ngx_pnalloc(r->pool, TRIVET_SIGNATURE_TEXT_LEN);
    if (text == NULL) {
        return NGX_ERROR;
    }

    memos = ngx_http_trivet_memos_of(tmcf, ctx);
    tag = tmcf->server_keys[ctx->answer.server_key].tag;

    measures->is_sign_cache_hit =
        trivet_signature_recall(memos, tag, digest, text);
    if (measures->is_sign_cache_hit) {
        return ngx_http_trivet_add_text(r, text);
    }

    if (done != NULL && ngx_http_trivet_has_turns(tmcf)
        && ngx_http_trivet_may_wait(r, ctx))
    {
        return ngx_http_trivet_take_turn(r, ctx, digest, done) == NGX_OK
                   ? NGX_AGAIN
                   : NGX_ERROR;
    }

    begin_ns = tmcf->metrics == NULL ? 0 : ngx_http_trivet_ticks_ns();

    if (trivet_signer_sign(
            tmcf->worker->signers[ctx->answer.server_key], digest, text)
        != TRIVET_OK)
    {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
            "trivet: the answer could not be signed");
        return NGX_ERROR;
    }

    trivet_signature_remember(memos, tag, digest, text);

    if (tmcf->metrics != NULL) {
        measures->has_signed = true;
        measures->signing_ns = ngx_http_trivet_ticks_ns() - begin_ns;
    }

    return ngx_http_trivet_add_text(r, text);
}


ngx_int_t
ngx_http_trivet_add_signed(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_turn_t *turn)
{
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    trivet_signature_remember(ngx_http_trivet_memos_of(tmcf, ctx),
        tmcf->server_keys[ctx->answer.server_key].tag, turn->wanted.digest,
        turn->wanted.text);

    return ngx_http_trivet_add_text(r, turn->wanted.text);
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
    const char *data, size_t len, ngx_http_trivet_turn_pt done)
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

    return ngx_http_trivet_add_signature(r, ctx, digest, done);
}
