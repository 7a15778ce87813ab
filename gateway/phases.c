/* SPDX-License-Identifier: Apache-2.0 */
/* phases.c - our handlers in nginx's phases */
#include "gateway/phases.h"

#include "gateway/admission.h"
#include "gateway/body.h"
#include "gateway/conf.h"
#include "gateway/fill.h"
#include "gateway/interim.h"
#include "gateway/looking.h"
#include "gateway/repeating.h"
#include "gateway/request.h"
#include "gateway/spool.h"
/* auth_request is about to ask, perhaps a location of ours, about a request
 * that is signed. A subrequest cannot read the body that was signed: it is read
 * before. */
static ngx_int_t
ngx_http_trivet_read_for_asking(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->request.num_tokens == 0 || !ngx_http_trivet_has_body(r)
        || !ngx_http_trivet_is_body_unread(r))
    {
        return NGX_DECLINED;
    }

    if (ngx_http_trivet_is_body_costly(r)) {
        ngx_http_trivet_find_signer(r, ctx);
        if (ctx->answer.server_key < 0) {
            return NGX_DECLINED; /* nobody's token: refused without a body */
        }
    }

    return ngx_http_trivet_receive_body(r);
}


ngx_int_t
ngx_http_trivet_access_handler(ngx_http_request_t *r)
{
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    if (!tlcf->calls && !tlcf->protect) {
        return tlcf->is_asking ? ngx_http_trivet_read_for_asking(r)
                               : NGX_DECLINED;
    }

    return ngx_http_trivet_admit(r, tlcf);
}


/* Of a location that answers in this phase, or may. */
ngx_int_t
ngx_http_trivet_rewrite_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    if (!tlcf->is_early) {
        return NGX_DECLINED;
    }

    rc = ngx_http_trivet_admit(r, tlcf);

    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    /* In this phase NGX_AGAIN would end the request. */
    return rc == NGX_AGAIN ? NGX_DONE : rc;
}


ngx_int_t
ngx_http_trivet_precontent_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    if (!tlcf->calls && !tlcf->protect) {
        return NGX_DECLINED;
    }

    rc = ngx_http_trivet_admit(r, tlcf);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_trivet_watch_interims(r);
    ngx_http_trivet_watch_content(r, ngx_http_trivet_get_ctx(r));

    return NGX_DECLINED; /* NGX_OK would leave out this phase's others */
}
