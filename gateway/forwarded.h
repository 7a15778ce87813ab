/* SPDX-License-Identifier: Apache-2.0 */
/* forwarded.h - fields that only a proxy may send */
#ifndef TRIVET_GATEWAY_FORWARDED_H
#define TRIVET_GATEWAY_FORWARDED_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* Whether a field of that name is one of them. */
ngx_uint_t ngx_http_trivet_is_forwarded(ngx_str_t *name);
/* Whether the name is that of row (lower case; "*" at its end stands for any
 * rest). What is neither letter nor digit in name counts as a hyphen. */
ngx_uint_t ngx_http_trivet_matches(const char *row, ngx_str_t *name);
/* Clears what nginx keeps of such fields beside their list, such as for
 * $proxy_add_x_forwarded_for. */
void ngx_http_trivet_forget_forwarded(ngx_http_request_t *r);

#endif
