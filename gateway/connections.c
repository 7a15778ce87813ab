/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connections.c - how many connections an address may have at once
 *
 * limit_conn counts requests whose header has come; an address that begins TLS
 * handshakes, or request lines, and ends none is never counted by it. Here a
 * connection counts from its first moment to its end: the handler of the
 * listening sockets is ours, and gives on to nginx's what may stay.
 *
 * The address is the TCP peer's, its network for IPv6 (core/address.h); what a
 * proxy says of its clients comes later. Proxies are exempt by name.
 *
 * The counting is that of connection_slots.c.
 */
#include "gateway/connections.h"

#include "gateway/conf.h"
#include "gateway/connection_slots.h"
/* Between two lines in the log. */
enum { NGX_HTTP_TRIVET_TELL_MS = 10000 };


static ngx_uint_t ngx_http_trivet_num_untold;
static ngx_msec_t ngx_http_trivet_told;


static char *
ngx_http_trivet_add_exempt(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf, ngx_str_t text)
{
    ngx_cidr_t *cidr;

    if (tmcf->exempt == NULL) {
        tmcf->exempt = ngx_array_create(cf->pool, 4, sizeof(ngx_cidr_t));
    }

    cidr = tmcf->exempt == NULL ? NULL : ngx_array_push(tmcf->exempt);
    if (cidr == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_ptocidr(&text, cidr) == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "trivet_connections: \"%V\" is not a network such as 10.0.0.0/8",
            &text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_trivet_set_connections(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    ngx_str_t *value, network;
    ngx_uint_t i;

    (void) cmd;

    if (tmcf->max_connections != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        tmcf->max_connections = 0;
        return NGX_CONF_OK;
    }

    tmcf->max_connections = ngx_atoi(value[1].data, value[1].len);
    if (tmcf->max_connections == NGX_ERROR || tmcf->max_connections == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "trivet_connections: \"%V\" is neither \"off\" nor a number of 1 "
            "or more",
            &value[1]);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_strncmp(value[i].data, "exempt=", 7) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "trivet_connections: \"%V\" is not exempt=NETWORK", &value[i]);
            return NGX_CONF_ERROR;
        }

        network.data = value[i].data + 7;
        network.len = value[i].len - 7;

        if (ngx_http_trivet_add_exempt(cf, tmcf, network) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_trivet_has_server(
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_conf_port_t *port)
{
    ngx_uint_t i, j, k;
    ngx_http_conf_addr_t *addr;
    ngx_http_core_srv_conf_t **server, **ours;

    addr = port->addrs.elts;
    ours = tmcf->servers.elts;

    for (i = 0; i < port->addrs.nelts; i++) {
        server = addr[i].servers.elts;

        for (j = 0; j < addr[i].servers.nelts; j++) {
            for (k = 0; k < tmcf->servers.nelts; k++) {
                if (server[j] == ours[k]) {
                    return 1;
                }
            }
        }
    }

    return 0;
}


/* A balancer that speaks the PROXY protocol is one address for all. */
static void
ngx_http_trivet_warn_of_proxies(ngx_conf_t *cf,
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_conf_port_t *port)
{
    ngx_uint_t i;
    ngx_http_conf_addr_t *addr;

    addr = port->addrs.elts;

    for (i = 0; i < port->addrs.nelts && tmcf->exempt == NULL; i++) {
        if (addr[i].opt.proxy_protocol) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                "trivet_connections: port %d uses the PROXY protocol, and no "
                "proxy is exempt: all clients of a proxy count as one address",
                (int) port->port);
        }
    }
}


ngx_int_t
ngx_http_trivet_add_connections(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    in_port_t *out;
    ngx_uint_t i;
    ngx_http_conf_port_t *port;
    ngx_http_core_main_conf_t *cmcf;

    if (tmcf->max_connections == 0) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    if (cmcf->ports == NULL
        || ngx_array_init(&tmcf->ports, cf->pool, 4, sizeof(in_port_t))
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    port = cmcf->ports->elts;

    for (i = 0; i < cmcf->ports->nelts; i++) {
        if (port[i].family == AF_UNIX
            || !ngx_http_trivet_has_server(tmcf, &port[i])) {
            continue;
        }

        ngx_http_trivet_warn_of_proxies(cf, tmcf, &port[i]);

        out = ngx_array_push(&tmcf->ports);
        if (out == NULL) {
            return NGX_ERROR;
        }
        *out = port[i].port;
    }

    return ngx_http_trivet_add_connection_slots(cf, tmcf);
}


/* The first at once, then the number of all now and then. */
static void
ngx_http_trivet_tell_refused(
    ngx_http_trivet_main_conf_t *tmcf, ngx_connection_t *c)
{
    ngx_http_trivet_num_untold++;

    if (ngx_http_trivet_told != 0
        && ngx_current_msec - ngx_http_trivet_told < NGX_HTTP_TRIVET_TELL_MS)
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
        "trivet: %ui connections were closed at once: an address may have %i; "
        "the last was of %V",
        ngx_http_trivet_num_untold, tmcf->max_connections, &c->addr_text);

    ngx_http_trivet_num_untold = 0;
    ngx_http_trivet_told = ngx_current_msec;
}


/* With a reset: neither side keeps anything of it. */
static void
ngx_http_trivet_refuse_connection(ngx_connection_t *c)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    (void) setsockopt(
        c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(struct linger));
    ngx_http_close_connection(c);
}


static ngx_uint_t
ngx_http_trivet_is_uncounted(
    ngx_connection_t *c, const ngx_http_trivet_main_conf_t *tmcf)
{
    if (c->sockaddr->sa_family != AF_INET && c->sockaddr->sa_family != AF_INET6)
    {
        return 1;
    }

    return tmcf->exempt != NULL
           && ngx_cidr_match(c->sockaddr, tmcf->exempt) == NGX_OK;
}


/* Of a listening socket, in place of ngx_http_init_connection. */
static void
ngx_http_trivet_init_connection(ngx_connection_t *c)
{
    ngx_int_t rc;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(
        (ngx_cycle_t *) ngx_cycle, ngx_http_trivet_module);

    if (ngx_http_trivet_is_uncounted(c, tmcf)) {
        ngx_http_init_connection(c);
        return;
    }

    rc = ngx_http_trivet_count_connection(c, tmcf);
    if (rc == NGX_OK) {
        ngx_http_init_connection(c);
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_trivet_tell_refused(tmcf, c);
    }

    ngx_http_trivet_refuse_connection(c);
}


ngx_int_t
ngx_http_trivet_watch_sockets(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    in_port_t *port, listens;
    ngx_uint_t i, j;
    ngx_listening_t *ls;

    if (tmcf->connections == NULL) {
        return NGX_OK;
    }

    ls = cycle->listening.elts;
    port = tmcf->ports.elts;

    for (i = 0; i < cycle->listening.nelts; i++) {
        /* Other modules' sockets have other handlers. */
        if (ls[i].handler != ngx_http_init_connection) {
            continue;
        }

        listens = ngx_inet_get_port(ls[i].sockaddr);

        for (j = 0; j < tmcf->ports.nelts; j++) {
            if (port[j] == listens && ls[i].sockaddr->sa_family != AF_UNIX) {
                ls[i].handler = ngx_http_trivet_init_connection;
                break;
            }
        }
    }

    return NGX_OK;
}
