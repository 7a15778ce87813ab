/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interim.c - interim answers of the API (100, 102, 103) are passed over
 *
 * nginx's proxy takes the first header that it gets for the answer's. Here what
 * reads the header is asked again after an interim one, so that the answer is
 * the final one. Callers are not told of interim answers: they could not be
 * signed.
 *
 * Whoever proxies changes u->process_header while he reads; so it is put aside,
 * and put back for as long as he is asked.
 */
#include "gateway/interim.h"

#include "gateway/fill.h"
#include "gateway/request.h"
/* More are no help to anybody: the API does not come to an end. */
enum { NGX_HTTP_TRIVET_MAX_INTERIMS = 32 };


struct ngx_http_trivet_interim_s {
    ngx_int_t (*process_header)(ngx_http_request_t *r);
    ngx_int_t (*reinit_request)(ngx_http_request_t *r);
    ngx_uint_t num; /* that were passed over */
};


static ngx_int_t ngx_http_trivet_process_header(ngx_http_request_t *r);


/* Whether it says that bytes follow which are not a header: then nobody can
 * tell where the next one begins. */
static ngx_uint_t
ngx_http_trivet_has_content(ngx_http_upstream_t *u)
{
    return u->headers_in.content_length_n > 0 || u->headers_in.chunked
           || u->headers_in.transfer_encoding != NULL;
}


/* What is left in the buffer moves to its front, so that each header has all of
 * it; the interim one is forgotten. */
static ngx_int_t
ngx_http_trivet_forget_header(
    ngx_http_request_t *r, ngx_http_trivet_interim_t *interim)
{
    size_t len;
    u_char *first;
    ngx_http_upstream_t *u = r->upstream;

    ngx_memzero(&u->headers_in, sizeof(ngx_http_upstream_headers_in_t));
    u->headers_in.content_length_n = -1;
    u->headers_in.last_modified_time = -1;
    u->keepalive = 0;
    u->upgrade = 0;

    if (ngx_list_init(
            &u->headers_in.headers, r->pool, 8, sizeof(ngx_table_elt_t))
            != NGX_OK
        || ngx_list_init(
               &u->headers_in.trailers, r->pool, 2, sizeof(ngx_table_elt_t))
               != NGX_OK
        || interim->reinit_request(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    interim->process_header = u->process_header;

    first = u->buffer.start;
#if (NGX_HTTP_CACHE)
    if (r->cache != NULL) {
        first += r->cache->header_start;
    }
#endif
    len = (size_t) (u->buffer.last - u->buffer.pos);
    ngx_memmove(first, u->buffer.pos, len);
    u->buffer.pos = first;
    u->buffer.last = first + len;

    return NGX_OK;
}


/* NGX_OK: it is final, or was passed over. */
static ngx_int_t
ngx_http_trivet_pass_over(ngx_http_request_t *r,
    ngx_http_trivet_interim_t *interim, ngx_uint_t *is_final)
{
    ngx_http_upstream_t *u = r->upstream;
    ngx_uint_t status = u->headers_in.status_n;

    /* A change of the protocol is for the header filter to decide. */
    *is_final = status >= NGX_HTTP_OK || status == NGX_HTTP_SWITCHING_PROTOCOLS
                || r->http_version == NGX_HTTP_VERSION_9;
    if (*is_final) {
        return NGX_OK;
    }

    /* Only HTTP has them (nginx names who proxies by it). */
    if (status < NGX_HTTP_CONTINUE || ngx_http_trivet_has_content(u)
        || ++interim->num > NGX_HTTP_TRIVET_MAX_INTERIMS
        || ngx_strcmp(u->conf->module.data, "proxy") != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
            "trivet: the API sent an answer with status %ui that is not an "
            "interim one, or too many interim ones",
            status);
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    return ngx_http_trivet_forget_header(r, interim);
}


static ngx_int_t
ngx_http_trivet_process_header(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_uint_t is_final;
    ngx_http_upstream_t *u = r->upstream;
    ngx_http_trivet_interim_t *interim;

    interim = ngx_http_trivet_get_ctx(r)->interim;

    do {
        u->process_header = interim->process_header;
        rc = u->process_header(r);
        interim->process_header = u->process_header;

        if (rc == NGX_OK) {
            rc = ngx_http_trivet_pass_over(r, interim, &is_final);
        } else {
            is_final = 1;
        }
    } while (rc == NGX_OK && !is_final);

    u->process_header = ngx_http_trivet_process_header;

    return rc;
}


/* Another server of the API is asked, from the beginning. */
static ngx_int_t
ngx_http_trivet_reinit_request(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_upstream_t *u = r->upstream;
    ngx_http_trivet_interim_t *interim;

    interim = ngx_http_trivet_get_ctx(r)->interim;

    u->process_header = interim->process_header;
    rc = interim->reinit_request(r);
    interim->process_header = u->process_header;
    u->process_header = ngx_http_trivet_process_header;

    return rc;
}


static void
ngx_http_trivet_watch_header(ngx_http_request_t *r)
{
    ngx_http_upstream_t *u = r->upstream;
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_interim_t *interim;

    ctx = ngx_http_trivet_make_ctx(r);

    if (ctx == NULL || u == NULL || u->process_header == NULL
        || u->process_header == ngx_http_trivet_process_header
        || u->reinit_request == NULL)
    {
        return;
    }

    interim = ngx_pcalloc(r->pool, sizeof(ngx_http_trivet_interim_t));
    if (interim == NULL) {
        return; /* the header filter refuses an interim answer */
    }

    ctx->interim = interim;
    interim->process_header = u->process_header;
    interim->reinit_request = u->reinit_request;
    u->process_header = ngx_http_trivet_process_header;
    u->reinit_request = ngx_http_trivet_reinit_request;
}


/*
 * In place of the location's own handler, which makes the upstream and sends
 * the request. No byte of the answer was read yet when it returns: the body is
 * here already, so all of this happens without waiting, and reading waits for
 * an event. The request is still there, too: our caller holds it.
 */
static ngx_int_t
ngx_http_trivet_interim_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    rc = clcf->handler(r);
    if (rc == NGX_DONE || rc == NGX_OK) {
        ngx_http_trivet_watch_header(r);
    }

    return rc;
}


void
ngx_http_trivet_watch_interims(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->handler != NULL && r->content_handler == clcf->handler) {
        r->content_handler = ngx_http_trivet_interim_handler;
    }
}
