/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rates.c - rate limits: what nginx counts, what a 429 says
 *
 * The counting is nginx's own (limit_req, before the access phase). Ours are
 * the keys: one variable for each class of calls, empty for calls of another
 * class, which limit_req does not count.
 *
 * A key is the caller's address, of IPv6 its /64 network, and a hash of the
 * endpoint: 24 bytes, however long the path. nginx keeps keys in a zone of
 * fixed size. When it is full, the key that was used longest ago goes: a flood
 * of made-up paths makes the gateway forget calls too early at worst, and never
 * refuses a caller who is not known. Opening sessions has a zone of its own,
 * with one key for each address, which no path can crowd.
 */
#include "gateway/rates.h"

#include "gateway/address.h"
#include "gateway/conf.h"
#include "gateway/request.h"
#include "gateway/sandbox.h"
#include "gateway/slice.h"
typedef struct {
    struct trivet_address address;
    uint64_t endpoint;
} ngx_http_trivet_rate_key_t;


/* Of the path as nginx has decoded and merged it, which is also the one that
 * calls are found by: no spelling has a limit of its own. */
static struct trivet_rate_call
ngx_http_trivet_rate_call(ngx_http_request_t *r)
{
    return trivet_rate_classify(
        ngx_http_trivet_slice(r->method_name), ngx_http_trivet_slice(r->uri));
}


ngx_int_t
ngx_http_trivet_rate_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    struct trivet_rate_call call;
    struct trivet_address address;
    ngx_http_trivet_rate_key_t *key;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    call = ngx_http_trivet_rate_call(r);
    if (call.kind != (enum trivet_rate_class) data) {
        v->not_found = 1;
        return NGX_OK;
    }

    key = ngx_palloc(r->pool, sizeof(ngx_http_trivet_rate_key_t));
    if (key == NULL) {
        return NGX_ERROR;
    }

    address = ngx_http_trivet_address(r);
    key->address = trivet_address_network(&address);
    key->endpoint =
        trivet_rate_key(&call, ngx_http_trivet_clock_offset_s(tmcf));

    v->data = (u_char *) key;
    v->len = sizeof(ngx_http_trivet_rate_key_t);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


const char *
ngx_http_trivet_name_limit(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    char out[TRIVET_RATE_TEXT_SIZE])
{
    struct trivet_rate_call call;

    if (ctx->reason != TRIVET_REASON_TOO_MANY_REQUESTS
        && ctx->reason != TRIVET_REASON_RATE_LIMITED)
    {
        return NULL;
    }

    call = ngx_http_trivet_rate_call(r);
    if (call.kind == TRIVET_RATE_NONE) {
        ctx->reason = TRIVET_REASON_TOO_MANY_REQUESTS;
        return NULL;
    }

    ctx->reason = TRIVET_REASON_RATE_LIMITED;
    trivet_rate_format(&call, out);

    return out;
}
