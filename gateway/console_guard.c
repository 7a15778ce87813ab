/* SPDX-License-Identifier: Apache-2.0 */
/* console_guard.c - from whom the console takes a request */
#include "gateway/console.h"
#include "gateway/original.h"


/* A name that another one's DNS may lead here (rebinding) is not ours. */
ngx_uint_t
ngx_http_trivet_is_local_name(ngx_http_request_t *r)
{
    static const ngx_str_t names[] = {
        ngx_string("localhost"), ngx_string("127.0.0.1"), ngx_string("[::1]")};

    ngx_uint_t i;
    ngx_str_t host;

    host = r->headers_in.server; /* without its port, in small letters */

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (host.len == names[i].len
            && ngx_strncasecmp(host.data, names[i].data, host.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Origin, where it is sent, must be the very name and port of Host. */
static ngx_uint_t
ngx_http_trivet_is_own_origin(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    size_t len;
    u_char *rest;
    ngx_uint_t num;
    ngx_table_elt_t *origin;

    num = ngx_http_trivet_find_field(ctx, "Origin", &origin);
    if (num != 1) {
        return num == 0;
    }

    rest = NULL;
    if (ngx_strncmp(origin->value.data, "https://", 8) == 0) {
        rest = origin->value.data + 8;
    } else if (ngx_strncmp(origin->value.data, "http://", 7) == 0) {
        rest = origin->value.data + 7;
    }
    if (rest == NULL || r->headers_in.host == NULL) {
        return 0;
    }

    len = origin->value.len - (size_t) (rest - origin->value.data);

    return len == r->headers_in.host->value.len
           && ngx_strncasecmp(rest, r->headers_in.host->value.data, len) == 0;
}


/* Each field once. A page of elsewhere cannot set such a field without asking
 * first, and nobody gives it leave. */
ngx_uint_t
ngx_http_trivet_is_own_change(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_uint_t num_sites;
    ngx_table_elt_t *own, *site;

    if (ngx_http_trivet_find_field(ctx, "X-Trivet-Console", &own) != 1
        || own->value.len != 1 || own->value.data[0] != '1')
    {
        return 0;
    }

    num_sites = ngx_http_trivet_find_field(ctx, "Sec-Fetch-Site", &site);
    if (num_sites > 0
        && (num_sites > 1 || site->value.len != 11
            || ngx_strncmp(site->value.data, "same-origin", 11) != 0))
    {
        return 0;
    }

    return ngx_http_trivet_is_own_origin(r, ctx);
}


ngx_uint_t
ngx_http_trivet_is_json(ngx_http_request_t *r)
{
    ngx_table_elt_t *type;

    type = r->headers_in.content_type;

    return type != NULL && type->value.len >= 16
           && ngx_strncasecmp(
                  type->value.data, (u_char *) "application/json", 16)
                  == 0
           && (type->value.len == 16 || type->value.data[16] == ';');
}
