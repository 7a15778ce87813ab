/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - the context of a request */
#include "gateway/request.h"

#include "gateway/conf.h"
void
ngx_http_trivet_cleanup_ctx(void *data)
{
    ngx_http_trivet_ctx_t *ctx = data;

    trivet_answer_release(&ctx->answer);
    trivet_buffer_free(&ctx->sending.page);
    trivet_digest_free(ctx->sending.digest);
    trivet_encryption_free(ctx->sending.encryption);

    if (ctx->encryption != NULL && ctx->encryption->memory != NULL) {
        trivet_wipe(ctx->encryption->memory, ctx->encryption->size);
    }
}


ngx_http_trivet_ctx_t *
ngx_http_trivet_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_trivet_module);
    if (ctx != NULL || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    /* An internal redirect clears contexts, not the pool. */
    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_trivet_cleanup_ctx
            && ((ngx_http_trivet_ctx_t *) cln->data)->owner == r)
        {
            ctx = cln->data;
            ngx_http_set_ctx(r, ctx, ngx_http_trivet_module);
            break;
        }
    }

    return ctx;
}


int64_t
ngx_http_trivet_took_ms(ngx_http_request_t *r)
{
    ngx_time_t *now;
    int64_t ms;

    now = ngx_timeofday();
    ms = (int64_t) (now->sec - r->start_sec) * 1000
         + ((int64_t) now->msec - (int64_t) r->start_msec);

    return ngx_max(ms, 0);
}
