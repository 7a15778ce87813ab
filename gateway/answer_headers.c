/* SPDX-License-Identifier: Apache-2.0 */
/* answer_headers.c - header fields of answers */
#include "gateway/answer_headers.h"

#include "authority/determinism.h"
#include "base/timestamp.h"
#include "core/field_names.h"
#include "gateway/clock.h"
#include "gateway/conf.h"
#include "gateway/request.h"
#include "gateway/sandbox.h"
#include "gateway/worker.h"

#include "base/uuid.h"


/* Whatever "gzip on" says: a compressed answer would not be the signed one. */
void
ngx_http_trivet_no_gzip(ngx_http_request_t *r)
{
    r->gzip_tested = 1;
    r->gzip_ok = 0;
}


ngx_int_t
ngx_http_trivet_add_header(
    ngx_http_request_t *r, const char *name, ngx_str_t *value)
{
    ngx_table_elt_t *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}


/* These names are ours alone: the API behind cannot answer in their place. */
static ngx_int_t
ngx_http_trivet_is_ours(ngx_table_elt_t *h)
{
    static const char *const ours[] = {TRIVET_FIELD_REQUEST_ID,
        TRIVET_FIELD_RESPONSE_ID, "X-Bunq-Server-Encryption-Hmac",
        "X-Bunq-Server-Encryption-Iv", "X-Bunq-Server-Encryption-Key",
        TRIVET_FIELD_SERVER_SIGNATURE, "X-Trivet-Reason"};

    ngx_uint_t i;

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (h->key.len == ngx_strlen(ours[i])
            && ngx_strncasecmp(h->key.data, (u_char *) ours[i], h->key.len)
                   == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_trivet_drop_headers(ngx_http_request_t *r)
{
    ngx_uint_t i;
    ngx_list_part_t *part;
    ngx_table_elt_t *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_trivet_is_ours(&h[i])) {
                h[i].hash = 0;
            }
        }
    }
}


/* The bytes of a UUID: asked for many at once, for they are no secret. */
static u_char *
ngx_http_trivet_next_uuid(ngx_http_trivet_main_conf_t *tmcf)
{
    if (tmcf->worker->uuids_left < TRIVET_UUID_LEN) {
        if (trivet_random(tmcf->worker->uuids, sizeof(tmcf->worker->uuids))
            != TRIVET_OK)
        {
            return NULL;
        }
        tmcf->worker->uuids_left = sizeof(tmcf->worker->uuids);
    }

    tmcf->worker->uuids_left -= TRIVET_UUID_LEN;

    return tmcf->worker->uuids + tmcf->worker->uuids_left;
}


/* What asks only whether there is a gateway, as often as it takes: neither what
 * has no path of the API nor "trivet serve" and "trivet wait" (cli/serve/
 * probe.c) take numbers of those who call. */
static ngx_uint_t
ngx_http_trivet_is_probe(ngx_http_request_t *r)
{
    static const ngx_str_t api = ngx_string("/v1/");
    static const ngx_str_t asked = ngx_string("/v1/session/0");

    return r->uri.len < api.len
           || ngx_strncmp(r->uri.data, api.data, api.len) != 0
           || (r->uri.len == asked.len
               && ngx_strncmp(r->uri.data, asked.data, asked.len) == 0);
}


static u_char *
ngx_http_trivet_next_deterministic(ngx_http_request_t *r)
{
    u_char *bytes;
    enum trivet_uuid_use use = TRIVET_UUID_OF_ANSWER;

    if (ngx_http_trivet_is_probe(r)) {
        use = TRIVET_UUID_OF_PROBE;
    }

    bytes = ngx_pnalloc(r->pool, TRIVET_UUID_LEN);

    return bytes != NULL && trivet_uuid_make(use, bytes) == TRIVET_OK ? bytes
                                                                      : NULL;
}


static ngx_int_t
ngx_http_trivet_add_response_id(ngx_http_request_t *r)
{
    char *text;
    u_char *bytes;
    ngx_str_t value;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    bytes = tmcf->determinism == NULL ? ngx_http_trivet_next_uuid(tmcf)
                                      : ngx_http_trivet_next_deterministic(r);
    text = ngx_pnalloc(r->pool, TRIVET_UUID_SIZE);
    if (bytes == NULL || text == NULL) {
        return NGX_ERROR;
    }

    trivet_uuid_format(bytes, text);
    value.data = (u_char *) text;
    value.len = TRIVET_UUID_SIZE - 1;

    return ngx_http_trivet_add_header(r, TRIVET_FIELD_RESPONSE_ID, &value);
}


/* nginx's own is of the machine's clock. */
static ngx_int_t
ngx_http_trivet_set_date(ngx_http_request_t *r)
{
    ngx_table_elt_t *h;
    int64_t now_us;

    h = r->headers_out.date;
    if (h == NULL) {
        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }
        ngx_memzero(h, sizeof(ngx_table_elt_t));
        ngx_str_set(&h->key, "Date");
        r->headers_out.date = h;
    }

    h->hash = 1;
    h->value.data =
        ngx_pnalloc(r->pool, sizeof("Mon, 28 Sep 1970 06:00:00 GMT"));
    if (h->value.data == NULL) {
        h->hash = 0;
        return NGX_ERROR;
    }

    now_us = ngx_http_trivet_now_us() + ngx_http_trivet_clock_offset_us();
    h->value.len =
        ngx_http_time(h->value.data, now_us / TRIVET_US_PER_S) - h->value.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_add_headers(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_str_t value;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    if (ngx_http_trivet_add_response_id(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (tmcf->determinism != NULL && ngx_http_trivet_set_date(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->request_id.data != NULL
        && ngx_http_trivet_add_header(
               r, TRIVET_FIELD_REQUEST_ID, &ctx->request_id)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->allow.len > 0
        && ngx_http_trivet_add_header(r, "Allow", &ctx->allow) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!tmcf->sandbox || ctx->reason == TRIVET_REASON_NONE) {
        return NGX_OK;
    }

    value.data = (u_char *) trivet_reason_row(ctx->reason)->id;
    value.len = ngx_strlen(value.data);

    return ngx_http_trivet_add_header(r, "X-Trivet-Reason", &value);
}


void
ngx_http_trivet_set_json(ngx_http_request_t *r, off_t len)
{
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = len;
}
