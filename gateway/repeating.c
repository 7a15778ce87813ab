/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repeating.c - what may have reached the API is not sent again
 *
 * nginx sends a request again, to the next server or on another connection,
 * when a connection fails (proxy_next_upstream and its like), and takes only
 * POST, LOCK and PATCH out. A PUT or a DELETE, or a method that nginx does not
 * know, changes something, too: in a location of ours nothing but GET and HEAD
 * is sent again once a byte of it has left. The caller is told that it is not
 * known whether the API acted.
 *
 * nginx decides by the location's configuration after it has given the failed
 * peer back: the request has a copy of that configuration, which is changed at
 * that point. The peers of all groups of servers are known when the
 * configuration was read; where an address is looked up for a request alone,
 * it is not sent again at all.
 */
#include "gateway/repeating.h"

#include "gateway/conf.h"
#include "gateway/request.h"
typedef struct {
    ngx_http_upstream_srv_conf_t *group;
    ngx_http_upstream_init_peer_pt init;
} ngx_http_trivet_peers_t;

/* First the copy, by which the rest is found. */
typedef struct {
    ngx_http_upstream_conf_t conf;
    ngx_event_free_peer_pt free;
    ngx_http_trivet_ctx_t *ctx;
} ngx_http_trivet_once_t;


static ngx_uint_t
ngx_http_trivet_is_once_only(ngx_http_request_t *r)
{
    ngx_http_trivet_loc_conf_t *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    return (tlcf->protect || tlcf->calls)
           && !(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD));
}


/* Without a byte sent, the API has certainly not read it. (TLS may have sent
 * some that are not counted.) */
static ngx_uint_t
ngx_http_trivet_may_be_read(ngx_http_upstream_t *u)
{
    ngx_connection_t *c = u->peer.connection;

    if (!u->request_sent) {
        return 0;
    }

#if (NGX_HTTP_SSL)
    if (c != NULL && c->ssl != NULL) {
        return 1;
    }
#endif

    return c == NULL || c->sent > 0;
}


static void
ngx_http_trivet_free_peer(
    ngx_peer_connection_t *pc, void *data, ngx_uint_t state)
{
    u_char *at;
    ngx_http_upstream_t *u;
    ngx_http_trivet_once_t *once;

    at = (u_char *) pc - offsetof(ngx_http_upstream_t, peer);
    u = (ngx_http_upstream_t *) (void *) at;
    once = (ngx_http_trivet_once_t *) (void *) u->conf;

    if (state != 0 && ngx_http_trivet_may_be_read(u)) {
        once->conf.next_upstream = NGX_HTTP_UPSTREAM_FT_OFF;
        if (once->ctx != NULL) {
            once->ctx->is_unanswered = 1;
        }
    }

    once->free(pc, data, state);
}


static ngx_http_trivet_once_t *
ngx_http_trivet_copy_conf(ngx_http_request_t *r)
{
    ngx_http_trivet_once_t *once;

    once = ngx_pcalloc(r->pool, sizeof(ngx_http_trivet_once_t));
    if (once == NULL) {
        return NULL;
    }

    once->conf = *r->upstream->conf;
    once->ctx = ngx_http_trivet_get_ctx(r);
    r->upstream->conf = &once->conf;

    return once;
}


static ngx_int_t
ngx_http_trivet_init_peer(
    ngx_http_request_t *r, ngx_http_upstream_srv_conf_t *group)
{
    ngx_uint_t i;
    ngx_http_trivet_once_t *once;
    ngx_http_trivet_peers_t *peers;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    peers = tmcf->peers->elts;

    for (i = 0; peers[i].group != group; i++) {
        /* it is one of them */
    }

    if (peers[i].init(r, group) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_http_trivet_is_once_only(r)) {
        return NGX_OK;
    }

    once = ngx_http_trivet_copy_conf(r);
    if (once == NULL) {
        return NGX_ERROR;
    }

    once->free = r->upstream->peer.free;
    r->upstream->peer.free = ngx_http_trivet_free_peer;

    return NGX_OK;
}


/* The address of the API is yet to be looked up: there will be no group. */
static ngx_int_t
ngx_http_trivet_once_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_upstream_t *u;
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r);
    rc = ctx->content_handler(r);
    u = r->upstream;

    if (rc != NGX_DONE || u == NULL || u->resolved == NULL
        || u->resolved->ctx == NULL || u->peer.sockaddr != NULL)
    {
        return rc;
    }

    if (ngx_http_trivet_copy_conf(r) == NULL) {
        return NGX_ERROR;
    }

    u->conf->next_upstream = NGX_HTTP_UPSTREAM_FT_OFF;

    return rc;
}


void
ngx_http_trivet_watch_content(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    if (r->content_handler != NULL
        && r->content_handler != ngx_http_trivet_once_handler
        && ngx_http_trivet_is_once_only(r))
    {
        ctx->content_handler = r->content_handler;
        r->content_handler = ngx_http_trivet_once_handler;
    }
}


ngx_int_t
ngx_http_trivet_watch_peers(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_uint_t i;
    ngx_http_trivet_peers_t *peers;
    ngx_http_upstream_srv_conf_t **groups;
    ngx_http_upstream_main_conf_t *umcf;

    umcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module);
    groups = umcf->upstreams.elts;

    tmcf->peers = ngx_array_create(
        cf->pool, umcf->upstreams.nelts + 1, sizeof(ngx_http_trivet_peers_t));
    if (tmcf->peers == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < umcf->upstreams.nelts; i++) {
        if (groups[i]->peer.init == NULL) {
            continue;
        }

        peers = ngx_array_push(tmcf->peers);
        if (peers == NULL) {
            return NGX_ERROR;
        }

        peers->group = groups[i];
        peers->init = groups[i]->peer.init;
        groups[i]->peer.init = ngx_http_trivet_init_peer;
    }

    return NGX_OK;
}
