/* SPDX-License-Identifier: Apache-2.0 */
/*
 * original.c - the request as its caller sent it, whatever became of it since
 *
 * A signature is over what the caller sent. An internal redirect gives the
 * request another URI, error_page and X-Accel-Redirect another method, and what
 * we did for the API behind took fields out; a body may have been thrown away,
 * or read in part. Whoever is decided again, or by a subrequest, is decided by
 * what is kept here; a body that is not there any more is never taken for an
 * empty one.
 */
#include "gateway/original.h"

#include "gateway/request.h"
/* nginx keeps the request line as it came (of HTTP/2, as it would have come):
 * r->method_name may be another by now. */
static ngx_str_t
ngx_http_trivet_original_method(ngx_http_request_t *r)
{
    u_char *end;
    ngx_str_t method = r->request_line;

    end = ngx_strlchr(method.data, method.data + method.len, ' ');
    if (method.data == NULL || end == NULL) {
        return r->method_name;
    }

    method.len = (size_t) (end - method.data);

    return method;
}


/* The list's first part is copied, and nothing changes the parts behind it. */
void
ngx_http_trivet_remember_original(
    ngx_http_request_t *r, ngx_http_trivet_original_t *out)
{
    out->fields = r->headers_in.headers.part;
    out->method = ngx_http_trivet_original_method(r);
    out->target = r->unparsed_uri;
}


ngx_uint_t
ngx_http_trivet_find_field(
    ngx_http_trivet_ctx_t *ctx, const char *name, ngx_table_elt_t **out)
{
    ngx_uint_t i, num = 0;
    ngx_list_part_t *part;
    ngx_table_elt_t *h, *found = NULL;

    for (part = &ctx->original.fields; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].lowcase_key != NULL
                && ngx_http_trivet_is_header(&h[i], name)) {
                found = &h[i];
                num++;
            }
        }
    }

    if (out != NULL) {
        *out = found;
    }

    return num;
}


ngx_uint_t
ngx_http_trivet_is_header(ngx_table_elt_t *h, const char *name)
{
    return h->key.len == ngx_strlen(name)
           && ngx_strncasecmp(h->key.data, (u_char *) name, h->key.len) == 0;
}
