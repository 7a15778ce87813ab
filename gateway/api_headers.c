/* SPDX-License-Identifier: Apache-2.0 */
/* api_headers.c - the request's header on its way to the API */
#include "gateway/api_headers.h"

#include "core/field_names.h"
#include "gateway/answer_headers.h"
#include "gateway/conf.h"
#include "gateway/forwarded.h"
#include "gateway/original.h"
#include "gateway/request.h"
#include "gateway/tracing.h"
#include "gateway/upgrading.h"
static ngx_int_t
ngx_http_trivet_is_stripped(ngx_table_elt_t *h, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    /* What the API answers must be what the caller's library gives its user:
     * nothing compressed, nothing partial. And what speaks of the connection is
     * not for the next one: there, "Connection: Trivet-User-Id" would take the
     * identity out again. */
    static const char *const stripped[] = {"accept-encoding", "range",
        "if-range", "connection", "keep-alive", "proxy-connection",
        "http2-settings"};

    ngx_uint_t i;

    if (ngx_http_trivet_matches("trivet-*", &h->key)
        || (!tlcf->pass_forwarded && ngx_http_trivet_is_forwarded(&h->key)))
    {
        return 1;
    }

    for (i = 0; i < sizeof(stripped) / sizeof(stripped[0]); i++) {
        if (ngx_http_trivet_is_header(h, stripped[i])) {
            return 1;
        }
    }

    /* The body is plain from here on, and has another length. */
    if (ctx->answer.client_key.der_len > 0
        && (ngx_http_trivet_matches("x-bunq-client-encryption-*", &h->key)
            || ngx_http_trivet_is_header(h, "content-length")
            || ngx_http_trivet_is_header(h, "transfer-encoding")))
    {
        return 1;
    }

    if (ctx->upgrade.len == 0 && ngx_http_trivet_is_header(h, "upgrade")) {
        return 1;
    }

    if (ngx_http_trivet_is_trace_field(h)) {
        return !ngx_http_trivet_read_trace(ctx, NULL);
    }

    return !tlcf->pass_credentials
           && (ngx_http_trivet_is_header(h, TRIVET_FIELD_TOKEN)
               || ngx_http_trivet_is_header(h, TRIVET_FIELD_CLIENT_SIGNATURE));
}


typedef struct {
    ngx_pool_t *pool;
    ngx_list_part_t *first;
    ngx_list_part_t **next;
} ngx_http_trivet_parts_t;


static ngx_list_part_t *
ngx_http_trivet_add_part(
    ngx_http_trivet_parts_t *parts, void *elts, ngx_uint_t nelts)
{
    ngx_list_part_t *part;

    part = ngx_palloc(parts->pool, sizeof(ngx_list_part_t));
    if (part == NULL) {
        return NULL;
    }

    part->elts = elts;
    part->nelts = nelts;
    part->next = NULL;

    *parts->next = part;
    parts->next = &part->next;

    return part;
}


/*
 * Makes the list of the request's fields of those that its caller sent and that
 * are not stripped.
 * nginx keeps pointers to single fields, so fields stay where they are in
 * memory: the runs between stripped ones become parts of their own. A last,
 * empty part takes what is added later.
 */
static ngx_int_t
ngx_http_trivet_strip_headers(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    void *elts;
    ngx_list_t *list = &r->headers_in.headers;
    ngx_uint_t i, start;
    ngx_list_part_t *part, *last;
    ngx_table_elt_t *h;
    ngx_http_trivet_parts_t parts = {r->pool, NULL, NULL};

    parts.next = &parts.first;

    for (part = &ctx->original.fields; part != NULL; part = part->next) {
        h = part->elts;
        start = 0;

        for (i = 0; i <= part->nelts; i++) {
            if (i < part->nelts
                && !ngx_http_trivet_is_stripped(&h[i], ctx, tlcf)) {
                continue;
            }

            if (i > start
                && ngx_http_trivet_add_part(&parts, &h[start], i - start)
                       == NULL) {
                return NGX_ERROR;
            }

            start = i + 1;
        }
    }

    elts = ngx_palloc(r->pool, list->nalloc * list->size);
    if (elts == NULL) {
        return NGX_ERROR;
    }

    last = ngx_http_trivet_add_part(&parts, elts, 0);
    if (last == NULL) {
        return NGX_ERROR;
    }

    list->part = *parts.first;
    list->last = parts.first == last ? &list->part : last;

#if (NGX_HTTP_GZIP)
    r->headers_in.accept_encoding = NULL;
#endif
    r->headers_in.range = NULL;
    r->headers_in.if_range = NULL;
    if (!tlcf->pass_forwarded) {
        ngx_http_trivet_forget_forwarded(r);
    }

    /* Without it nginx makes no tunnel of a 101. */
    r->headers_in.upgrade = NULL;

    if (ctx->upgrade.len > 0) {
        (void) ngx_http_trivet_find_field(
            ctx, "upgrade", &r->headers_in.upgrade);
    }

    return NGX_OK;
}


/* Nothing was added: whoever walks along a list in nginx's way reads the first
 * field of each part but the first, so an empty last one must not be there. */
static void
ngx_http_trivet_end_fields(ngx_list_t *list)
{
    ngx_list_part_t *part;

    if (list->last->nelts > 0 || list->last == &list->part) {
        return;
    }

    for (part = &list->part; part->next != list->last; part = part->next) {
        /* void */
    }

    part->next = NULL;
}


static ngx_int_t
ngx_http_trivet_add_field(ngx_http_request_t *r, const char *name,
    const char *lowcase_name, ngx_str_t *value)
{
    ngx_table_elt_t *h;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->value = *value;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->lowcase_key = (u_char *) lowcase_name;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_add_identity(ngx_http_request_t *r, const char *name,
    const char *lowcase_name, int64_t id)
{
    ngx_str_t value;

    value.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = (size_t) (ngx_sprintf(value.data, "%L", id) - value.data);

    return ngx_http_trivet_add_field(r, name, lowcase_name, &value);
}


ngx_int_t
ngx_http_trivet_set_identity(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    static ngx_str_t upgrade = ngx_string("upgrade");

    const struct trivet_identity *identity = &ctx->answer.identity;

    ngx_http_trivet_no_gzip(r);
    ctx->upgrade = ngx_http_trivet_asked_upgrade(r, ctx, tlcf);

    if (ngx_http_trivet_strip_headers(r, ctx, tlcf) != NGX_OK
        || (ctx->upgrade.len > 0
            && ngx_http_trivet_add_field(
                   r, "Connection", "connection", &upgrade)
                   != NGX_OK))
    {
        return NGX_ERROR;
    }

    /* auth_request's has the header of a request with a body, and no body: the
     * API behind would wait for it. */
    if (r != r->main && r->request_body != r->main->request_body) {
        r->headers_in.content_length = NULL;
        r->headers_in.content_length_n = 0;
        r->headers_in.chunked = 0;
    }

    if (ctx->is_preflight) {
        ngx_http_trivet_end_fields(&r->headers_in.headers);
        return NGX_OK; /* nobody's */
    }

    if (ngx_http_trivet_add_identity(
            r, "Trivet-User-Id", "trivet-user-id", identity->user_id)
            != NGX_OK
        || ngx_http_trivet_add_identity(
               r, "Trivet-Device-Id", "trivet-device-id", identity->device_id)
               != NGX_OK
        || ngx_http_trivet_add_identity(r, "Trivet-Session-Id",
               "trivet-session-id", identity->session_id)
               != NGX_OK
        || ngx_http_trivet_add_identity(r, "Trivet-Api-Key-Id",
               "trivet-api-key-id", identity->api_key_id)
               != NGX_OK
        || ngx_http_trivet_add_identity(r, "Trivet-Installation-Id",
               "trivet-installation-id", identity->installation_id)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
