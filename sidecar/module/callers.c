/* SPDX-License-Identifier: Apache-2.0 */
/* callers.c - who may call, and what */
#include "sidecar/module/callers.h"

#include "sidecar/allow.h"
#include "sidecar/module/headers.h"
#include "sidecar/origin.h"


static struct trivet_slice
ngx_http_trivet_proxy_value(const ngx_table_elt_t *h)
{
    return trivet_slice_make(h->value.data, h->value.len);
}


/* Of a request line with a whole URL nginx takes the host from there, and does
 * not look at the field: both are looked at. */
static ngx_uint_t
ngx_http_trivet_proxy_is_host_here(ngx_http_request_t *r)
{
    return r->headers_in.host != NULL
           && trivet_origin_is_here(
               ngx_http_trivet_proxy_value(r->headers_in.host))
           && trivet_origin_is_here(trivet_slice_make(
               r->headers_in.server.data, r->headers_in.server.len));
}


enum trivet_failure
ngx_http_trivet_proxy_judge_origin(ngx_http_request_t *r)
{
    ngx_table_elt_t *h = NULL;

    if (!ngx_http_trivet_proxy_is_host_here(r)) {
        return TRIVET_FAILURE_HOST;
    }

    while ((h = ngx_http_trivet_proxy_find_header(r, "Origin", h)) != NULL) {
        if (!trivet_origin_is_own(ngx_http_trivet_proxy_value(h),
                ngx_http_trivet_proxy_value(r->headers_in.host)))
        {
            return TRIVET_FAILURE_ORIGIN;
        }
    }

    while ((h = ngx_http_trivet_proxy_find_header(r, "Sec-Fetch-Site", h))
           != NULL) {
        if (!trivet_origin_is_own_site(ngx_http_trivet_proxy_value(h))) {
            return TRIVET_FAILURE_ORIGIN;
        }
    }

    return TRIVET_FAILURE_NONE;
}


static ngx_uint_t
ngx_http_trivet_proxy_has_token(
    ngx_http_request_t *r, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_table_elt_t *h;

    if (pcf->token.len == 0) {
        return 1;
    }

    h = ngx_http_trivet_proxy_find_header(r, "Authorization", NULL);

    return h != NULL
           && ngx_http_trivet_proxy_find_header(r, "Authorization", h) == NULL
           && trivet_origin_has_token(ngx_http_trivet_proxy_value(h),
               trivet_slice_make(pcf->token.data, pcf->token.len));
}


static ngx_uint_t
ngx_http_trivet_proxy_is_allowed(
    ngx_http_request_t *r, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_uint_t i;
    ngx_str_t *rules;

    if (pcf->rules == NULL) {
        return 1;
    }

    rules = pcf->rules->elts;

    for (i = 0; i < pcf->rules->nelts; i++) {
        if (trivet_allow_matches(trivet_slice_make(rules[i].data, rules[i].len),
                trivet_slice_make(r->method_name.data, r->method_name.len),
                trivet_slice_make(r->unparsed_uri.data, r->unparsed_uri.len)))
        {
            return 1;
        }
    }

    return 0;
}


enum trivet_failure
ngx_http_trivet_proxy_judge_caller(ngx_http_request_t *r)
{
    enum trivet_failure failure;
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_proxy_module);

    failure = ngx_http_trivet_proxy_judge_origin(r);
    if (failure != TRIVET_FAILURE_NONE) {
        return failure;
    }

    if (!ngx_http_trivet_proxy_has_token(r, pcf)) {
        return TRIVET_FAILURE_TOKEN;
    }

    return ngx_http_trivet_proxy_is_allowed(r, pcf)
               ? TRIVET_FAILURE_NONE
               : TRIVET_FAILURE_NOT_ALLOWED;
}
