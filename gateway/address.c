/* SPDX-License-Identifier: Apache-2.0 */
/* address.c - the caller's address */
#include "gateway/address.h"

#include "gateway/conf.h"
#include "gateway/sandbox.h"
static struct trivet_address
ngx_http_trivet_peer_address(ngx_connection_t *c)
{
    struct trivet_address none;

    switch (c->sockaddr->sa_family) {
    case AF_INET:
        return trivet_address_from_ipv4(
            &((struct sockaddr_in *) c->sockaddr)->sin_addr);

#if (NGX_HAVE_INET6)
    case AF_INET6:
        return trivet_address_from_ipv6(
            &((struct sockaddr_in6 *) c->sockaddr)->sin6_addr);
#endif
    }

    /* A unix socket: all its callers are one address, "::". */
    ngx_memzero(&none, sizeof(none));

    return none;
}


struct trivet_address
ngx_http_trivet_address(ngx_http_request_t *r)
{
    struct trivet_address address;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    address = ngx_http_trivet_peer_address(r->connection);
    ngx_http_trivet_flip_address(tmcf, &address);

    return address;
}
