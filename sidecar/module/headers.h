/* SPDX-License-Identifier: Apache-2.0 */
/* headers.h - header fields of a request, and of an answer */
#ifndef TRIVET_SIDECAR_MODULE_HEADERS_H
#define TRIVET_SIDECAR_MODULE_HEADERS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "trivet/client.h"

enum {
    /* What a call may have (client/request.h), and one more, so that too many
     * are refused there, by name. */
    NGX_HTTP_TRIVET_PROXY_MAX_HEADERS = 33
};

/* Of the request's fields with that name the one behind `after`, or the first
 * one (NULL). NULL: there is none. */
ngx_table_elt_t *ngx_http_trivet_proxy_find_header(
    ngx_http_request_t *r, const char *name, ngx_table_elt_t *after);

/* The request's fields that are sent, into MAX_HEADERS places; they live as
 * long as the request. Returns how many. */
ngx_uint_t ngx_http_trivet_proxy_take_headers(
    ngx_http_request_t *r, struct trivet_header *out);

/* The answer's fields that are returned; they point into the answer.
 * NGX_ERROR: out of memory. */
ngx_int_t ngx_http_trivet_proxy_give_headers(
    ngx_http_request_t *r, const struct trivet_answer *answer);

/* Adds a field to the answer; its texts have to live as long as the request.
 * NULL: out of memory. */
ngx_table_elt_t *ngx_http_trivet_proxy_add_header(
    ngx_http_request_t *r, const char *name, const char *value);

#endif
