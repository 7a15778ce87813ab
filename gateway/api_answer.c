/* SPDX-License-Identifier: Apache-2.0 */
/* api_answer.c - which answers of the API cannot be given to the caller */
#include "gateway/api_answer.h"

#include "gateway/conf.h"
#include "gateway/request.h"
#include "gateway/upgrading.h"
ngx_uint_t
ngx_http_trivet_is_bodiless(ngx_http_request_t *r)
{
    return r->method == NGX_HTTP_HEAD || r->headers_out.status < NGX_HTTP_OK
           || r->headers_out.status == NGX_HTTP_NO_CONTENT
           || r->headers_out.status == NGX_HTTP_NOT_MODIFIED;
}


static ngx_int_t
ngx_http_trivet_is_encoded(ngx_http_request_t *r)
{
    ngx_table_elt_t *h = r->headers_out.content_encoding;

    return h != NULL && h->hash != 0 && h->value.len != 0
           && !(h->value.len == sizeof("identity") - 1
                && ngx_strncasecmp(
                       h->value.data, (u_char *) "identity", h->value.len)
                       == 0);
}


/* Why the API's answer cannot be given to the caller; NONE when it can. */
enum trivet_reason
ngx_http_trivet_check_answer(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    if (ngx_http_trivet_is_encoded(r)) {
        return TRIVET_REASON_UPSTREAM_ENCODED;
    }

    if (r->http_version != ctx->http_version) {
        r->http_version = ctx->http_version; /* took it for HTTP/0.9 */
        return TRIVET_REASON_UPSTREAM_FAILED;
    }

    if (r->headers_out.status == NGX_HTTP_SWITCHING_PROTOCOLS
        && !ngx_http_trivet_is_upgraded(r, ctx))
    {
        return TRIVET_REASON_UPSTREAM_UPGRADED;
    }

    if (r->headers_out.status < NGX_HTTP_OK
        && r->headers_out.status != NGX_HTTP_SWITCHING_PROTOCOLS)
    {
        return TRIVET_REASON_UPSTREAM_FAILED; /* interim.c could not help */
    }

    if (r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT) {
        return TRIVET_REASON_UPSTREAM_PARTIAL;
    }

    if (r->headers_out.content_length_n > (off_t) tlcf->answer_limit
        && !ngx_http_trivet_is_bodiless(r))
    {
        return TRIVET_REASON_UPSTREAM_TOO_LARGE;
    }

    return TRIVET_REASON_NONE;
}


/* Events as they happen, pictures of a camera: the caller would see nothing of
 * them before they end, which they do not. */
ngx_uint_t
ngx_http_trivet_is_endless(ngx_http_request_t *r)
{
    static ngx_str_t types[] = {ngx_string("text/event-stream"),
        ngx_string("multipart/x-mixed-replace")};

    ngx_uint_t i;
    ngx_str_t *type = &r->headers_out.content_type;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (type->len >= types[i].len
            && ngx_strncasecmp(type->data, types[i].data, types[i].len) == 0
            && (type->len == types[i].len
                || ngx_strchr("; \t,", type->data[types[i].len]) != NULL))
        {
            return 1;
        }
    }

    return 0;
}
