/* SPDX-License-Identifier: Apache-2.0 */
/*
 * original.c - the request as its caller sent it, whatever became of it since
 *
 * A signature is over what the caller sent. An internal redirect gives the
 * request another URI, error_page and X-Accel-Redirect another method, and what
 * we did for the API behind took fields out; a body may have been thrown away,
 * or read in part. Whoever is judged anew, or by a subrequest, is judged by
 * what is kept here; a body that is not there any more is never taken for an
 * empty one.
 */
#include "module.h"


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
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_http_request_t *mr = r->main;
    ngx_http_trivet_ctx_t *of_main;

    of_main = r == mr ? NULL : ngx_http_trivet_get_ctx(mr);

    if (of_main != NULL) {
        ctx->original = of_main->original;
        return;
    }

    ctx->original.fields = mr->headers_in.headers.part;
    ctx->original.method = ngx_http_trivet_original_method(mr);
    ctx->original.target = mr->unparsed_uri;
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
            if (h[i].lowcase_key != NULL && h[i].key.len == ngx_strlen(name)
                && ngx_strncmp(h[i].lowcase_key, name, h[i].key.len) == 0)
            {
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


/* ---- the body ---------------------------------------------------------- */

/* Content-Length as it was sent: r->headers_in.content_length_n counts down
 * while a body is thrown away. 0 when there is none. */
static off_t
ngx_http_trivet_sent_length(ngx_http_request_t *r)
{
    off_t len;
    ngx_table_elt_t *h = r->headers_in.content_length;

    if (h == NULL) {
        return 0;
    }

    len = ngx_atoof(h->value.data, h->value.len);

    return len == (off_t) NGX_ERROR ? 0 : len;
}


ngx_uint_t
ngx_http_trivet_has_body(ngx_http_request_t *r)
{
    r = r->main;

    return r->headers_in.chunked || ngx_http_trivet_sent_length(r) > 0;
}


/* Nobody has begun to read it, or to throw it away. */
ngx_uint_t
ngx_http_trivet_is_body_unread(ngx_http_request_t *r)
{
    r = r->main;

    if (r->request_body != NULL || r->discard_body) {
        return 0;
    }

#if (NGX_HTTP_V2)
    if (r->stream != NULL && r->stream->skip_data) {
        return 0;
    }
#endif

    if (r->headers_in.chunked) {
        return r->headers_in.content_length_n < 0;
    }

    return ngx_http_trivet_sent_length(r) == 0
           || r->headers_in.content_length_n == ngx_http_trivet_sent_length(r);
}


ngx_chain_t *
ngx_http_trivet_body(ngx_http_request_t *r)
{
    return r->main->request_body == NULL ? NULL : r->main->request_body->bufs;
}


ngx_uint_t
ngx_http_trivet_is_body_whole(ngx_http_request_t *r)
{
    off_t len = 0;
    ngx_chain_t *cl;
    ngx_http_request_body_t *rb;

    r = r->main;
    rb = r->request_body;

    if (!ngx_http_trivet_has_body(r)) {
        return 1;
    }

    if (rb == NULL || rb->rest != 0) {
        return 0;
    }

    for (cl = rb->bufs; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (!r->headers_in.chunked) {
        return len == ngx_http_trivet_sent_length(r);
    }

    /* nginx sums up the chunks there, but not those of HTTP/2. */
    return r->headers_in.content_length_n < 0
           || len == r->headers_in.content_length_n;
}
