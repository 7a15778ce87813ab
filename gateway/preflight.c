/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight.c - what a browser asks before it sends a request (CORS)
 *
 * A preflight is made by the browser, not by the page: it never has a token, a
 * signature or a body. trivet_preflight pass lets it through to what is behind
 * the location, as nobody's request.
 */
#include "gateway/preflight.h"

#include "gateway/body.h"
#include "gateway/conf.h"
#include "gateway/original.h"
#include "gateway/request.h"
ngx_uint_t
ngx_http_trivet_is_preflight(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    return tlcf->preflight && r == r->main
           && ctx->original.method.len == sizeof("OPTIONS") - 1
           && ngx_strncmp(
                  ctx->original.method.data, "OPTIONS", sizeof("OPTIONS") - 1)
                  == 0
           && r->method == NGX_HTTP_OPTIONS && !ngx_http_trivet_has_body(r)
           && ngx_http_trivet_find_field(ctx, "origin", NULL) == 1
           && ngx_http_trivet_find_field(
                  ctx, "access-control-request-method", NULL)
                  == 1;
}
