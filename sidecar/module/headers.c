/* SPDX-License-Identifier: Apache-2.0 */
/* headers.c - header fields of a request, and of an answer */
#include "sidecar/module/headers.h"

#include "sidecar/fields.h"


/* The fields of a list, one after the other; NULL at its end. */
typedef struct {
    ngx_list_part_t *part;
    ngx_uint_t next;
} ngx_http_trivet_proxy_walk_t;


static ngx_table_elt_t *
ngx_http_trivet_proxy_next_field(ngx_http_trivet_proxy_walk_t *walk)
{
    ngx_table_elt_t *fields;

    while (walk->next >= walk->part->nelts) {
        if (walk->part->next == NULL) {
            return NULL;
        }

        walk->part = walk->part->next;
        walk->next = 0;
    }

    fields = walk->part->elts;

    return &fields[walk->next++];
}


ngx_table_elt_t *
ngx_http_trivet_proxy_find_header(
    ngx_http_request_t *r, const char *name, ngx_table_elt_t *after)
{
    ngx_uint_t is_behind = after == NULL;
    ngx_table_elt_t *h;
    ngx_http_trivet_proxy_walk_t walk = {&r->headers_in.headers.part, 0};

    while ((h = ngx_http_trivet_proxy_next_field(&walk)) != NULL) {
        if (is_behind && ngx_strcasecmp(h->key.data, (u_char *) name) == 0) {
            return h;
        }

        is_behind = is_behind || h == after;
    }

    return NULL;
}


static struct trivet_slice
ngx_http_trivet_proxy_slice(ngx_str_t text)
{
    return trivet_slice_make(text.data, text.len);
}


/* Each Connection field may name others. */
static ngx_uint_t
ngx_http_trivet_proxy_is_sent(ngx_http_request_t *r, ngx_str_t field)
{
    ngx_table_elt_t *h = NULL;
    struct trivet_slice name = ngx_http_trivet_proxy_slice(field);

    while ((h = ngx_http_trivet_proxy_find_header(r, "Connection", h)) != NULL)
    {
        if (!trivet_fields_sends(name, ngx_http_trivet_proxy_slice(h->value))) {
            return 0;
        }
    }

    return trivet_fields_sends(name, trivet_slice_make(NULL, 0));
}


ngx_uint_t
ngx_http_trivet_proxy_take_headers(
    ngx_http_request_t *r, struct trivet_header *out)
{
    ngx_uint_t num = 0;
    ngx_table_elt_t *h;
    ngx_http_trivet_proxy_walk_t walk = {&r->headers_in.headers.part, 0};

    /* nginx has put a NUL behind names and values. */
    while (num < NGX_HTTP_TRIVET_PROXY_MAX_HEADERS
           && (h = ngx_http_trivet_proxy_next_field(&walk)) != NULL)
    {
        if (ngx_http_trivet_proxy_is_sent(r, h->key)) {
            out[num].name = (const char *) h->key.data;
            out[num].value = (const char *) h->value.data;
            num++;
        }
    }

    return num;
}


ngx_table_elt_t *
ngx_http_trivet_proxy_add_header(
    ngx_http_request_t *r, const char *name, const char *value)
{
    ngx_table_elt_t *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return h;
}


/* nginx has places of its own for some: it would add them otherwise. */
static void
ngx_http_trivet_proxy_note(ngx_http_request_t *r, ngx_table_elt_t *h)
{
    static const struct {
        const char *name;
        size_t offset;
    } places[] = {
        {"Date", offsetof(ngx_http_headers_out_t, date)},
        {"Server", offsetof(ngx_http_headers_out_t, server)},
        {"ETag", offsetof(ngx_http_headers_out_t, etag)},
        {"Last-Modified", offsetof(ngx_http_headers_out_t, last_modified)},
        {"Content-Encoding",
            offsetof(ngx_http_headers_out_t, content_encoding)},
    };

    ngx_uint_t i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (ngx_strcasecmp(h->key.data, (u_char *) places[i].name) == 0) {
            *(ngx_table_elt_t **) ((char *) &r->headers_out
                                   + places[i].offset) = h;
            return;
        }
    }
}


ngx_int_t
ngx_http_trivet_proxy_give_headers(
    ngx_http_request_t *r, const struct trivet_answer *answer)
{
    size_t i;
    const char *name, *value;
    const char *connection = trivet_answer_header(answer, "Connection");
    ngx_table_elt_t *h;
    struct trivet_slice named;

    named = trivet_slice_text(connection == NULL ? "" : connection);

    for (i = 0; i < answer->num_headers; i++) {
        name = answer->headers[i].name;
        value = answer->headers[i].value;

        if (!trivet_fields_returns(
                trivet_slice_text(name), named, answer->was_encrypted))
        {
            continue;
        }

        if (ngx_strcasecmp((u_char *) name, (u_char *) "Content-Type") == 0) {
            r->headers_out.content_type.data = (u_char *) value;
            r->headers_out.content_type.len = ngx_strlen(value);
            r->headers_out.content_type_len = r->headers_out.content_type.len;
            continue;
        }

        h = ngx_http_trivet_proxy_add_header(r, name, value);
        if (h == NULL) {
            return NGX_ERROR;
        }

        ngx_http_trivet_proxy_note(r, h);
    }

    return NGX_OK;
}
