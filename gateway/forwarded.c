/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forwarded.c - what only a proxy may say to the API behind
 *
 * Frameworks and servers believe these fields: which address called, over
 * which scheme and host, which path, method or user is really meant. A caller
 * may send them as well as any proxy. So none goes on as it was sent; what the
 * operator's proxy_set_header says arrives.
 */
#include "gateway/forwarded.h"

#include "core/field_names.h"
/*
 * In lower case, with hyphens; "*" at the end stands for any rest. A field's
 * name is compared with everything that is neither letter nor digit taken for
 * a hyphen, for so do CGI and what came after it.
 *
 * ngx_http_trivet_module(5) has the same table.
 */
static const char *const ngx_http_trivet_forwarded[] = {

    /* whose address it is */
    "ali-cdn-real-ip", "cdn-real-ip", "cdn-src-ip", "cf-connecting-*",
    "cf-pseudo-ipv4", "client-ip", "cluster-client-ip", "connecting-ip",
    "do-connecting-ip", "fastly-client-*", "fly-client-ip", "forwarded*",
    "incap-client-ip", "proxy-client-*", "real-ip", "remote-addr",
    "remote-host", "remote-ip", "true-client-*", "via", "wl-proxy-*",
    "x-appengine-*", "x-azure-*", "x-client-ip", "x-cluster-client-ip",
    "x-coming-from", "x-connecting-ip", "x-envoy-*", "x-forward-*",
    "x-forwarded*", "x-nf-client-connection-ip", "x-original-for",
    "x-original-forwarded-*", "x-original-ip", "x-original-remote-*",
    "x-originating-*", "x-proxyuser-*", "x-real-*", "x-remote-*",
    "x-true-client-*", "x-true-ip", "x-vercel-*",

    /* which scheme, host and port were called */
    "cf-visitor", "cloudfront-*", "fastly-ssl", "fly-forwarded-*",
    "front-end-https", "x-host", "x-host-override", "x-http-host*", "x-https",
    "x-original-host", "x-original-port", "x-original-proto",
    "x-original-scheme", "x-scheme", "x-ssl", "x-url-scheme",

    /* which path and method are meant */
    "http-method-override", "x-http-method*", "x-http-path*",
    "x-method-override", "x-original-method", "x-original-path",
    "x-original-query", "x-original-uri", "x-original-url", "x-override-*",
    "x-rewrite-*", "x-script-name",

    /* who the user is, and by which certificate */
    "client-cert*", "remote-user", "ssl-client-*", "x-amzn-mtls-*",
    "x-amzn-oidc-*", "x-arr-*", "x-auth-request-*", "x-authenticated-*",
    "x-client-cert*", "x-client-dn", "x-client-verify", "x-consumer-*",
    "x-goog-authenticated-user-*", "x-goog-iap-*", "x-ms-client-principal*",
    "x-ssl-*", "x-webauth-*",

    /* what else the server behind would obey */
    "proxy", "x-accel-*", "x-sendfile*",

    NULL};


static ngx_inline u_char
ngx_http_trivet_fold(u_char ch)
{
    ch = ngx_tolower(ch);

    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') ? ch : '-';
}


ngx_uint_t
ngx_http_trivet_matches(const char *row, ngx_str_t *name)
{
    size_t i;

    for (i = 0; i < name->len; i++) {
        if (row[i] == '*') {
            return 1;
        }

        if (row[i] != (char) ngx_http_trivet_fold(name->data[i])) {
            return 0;
        }
    }

    return row[i] == '\0' || row[i] == '*';
}


ngx_uint_t
ngx_http_trivet_is_forwarded(ngx_str_t *name)
{
    char first;
    const char *const *row;

    /* The protocol's own fields, the most of a request, are no row. */
    if (name->len > sizeof(TRIVET_FIELD_PREFIX) - 1
        && ngx_strncasecmp(name->data, (u_char *) TRIVET_FIELD_PREFIX,
               sizeof(TRIVET_FIELD_PREFIX) - 1)
               == 0)
    {
        return 0;
    }

    first = name->len > 0 ? (char) ngx_http_trivet_fold(name->data[0]) : '\0';

    for (row = ngx_http_trivet_forwarded; *row != NULL; row++) {
        if (**row == first && ngx_http_trivet_matches(*row, name)) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_trivet_forget_forwarded(ngx_http_request_t *r)
{
#if (NGX_HTTP_X_FORWARDED_FOR)
#if (nginx_version < 1023000)
    r->headers_in.x_forwarded_for.nelts = 0;
#else
    r->headers_in.x_forwarded_for = NULL;
#endif
#endif
#if (NGX_HTTP_REALIP)
    r->headers_in.x_real_ip = NULL;
#endif
#if (NGX_HTTP_GZIP)
    r->headers_in.via = NULL;
#endif
}
