/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - the caller's address */
#ifndef TRIVET_GATEWAY_ADDRESS_H
#define TRIVET_GATEWAY_ADDRESS_H

#include "gateway/conf.h"

/* That of the TCP peer, or the one that nginx's realip module put in its place;
 * "::" for a unix socket. While the sandbox's incident ip-flip is on, another
 * address. */
struct trivet_address ngx_http_trivet_address(ngx_http_request_t *r);

#endif
