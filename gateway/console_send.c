/* SPDX-License-Identifier: Apache-2.0 */
/* console_send.c - answers of the console */
#include "gateway/answer_headers.h"
#include "gateway/console.h"


/* Nothing inline, nothing from elsewhere, in nobody's frame, in no cache. */
ngx_int_t
ngx_http_trivet_add_guards(ngx_http_request_t *r)
{
    static const struct {
        const char *name;
        ngx_str_t value;
    } guards[] = {
        {"Content-Security-Policy",
            ngx_string("default-src 'none'; script-src 'self'; style-src "
                       "'self'; img-src 'self'; connect-src 'self'; base-uri "
                       "'none'; form-action 'none'; frame-ancestors 'none'")},
        {"X-Content-Type-Options", ngx_string("nosniff")},
        {"X-Frame-Options", ngx_string("DENY")},
        {"Referrer-Policy", ngx_string("no-referrer")},
        {"Cross-Origin-Opener-Policy", ngx_string("same-origin")},
        {"Cross-Origin-Resource-Policy", ngx_string("same-origin")},
        {"Cache-Control", ngx_string("no-store")},
    };

    ngx_uint_t i;
    ngx_str_t value;

    for (i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
        value = guards[i].value;
        if (ngx_http_trivet_add_header(r, guards[i].name, &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_send_page(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, struct trivet_slice body)
{
    ngx_str_t content_type;
    ngx_http_complex_value_t value;

    if (ngx_http_trivet_add_guards(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    content_type.data = (u_char *) type;
    content_type.len = ngx_strlen(type);

    ngx_memzero(&value, sizeof(value));
    value.value.data = (u_char *) body.data;
    value.value.len = body.len;

    return ngx_http_send_response(r, status, &content_type, &value);
}


/* A secret may be in it. */
static void
ngx_http_trivet_free_answer(void *data)
{
    ngx_http_trivet_asked_t *asked = data;

    if (asked->answer.body.data != NULL) {
        trivet_wipe(asked->answer.body.data, asked->answer.body.len);
    }
    trivet_buffer_free(&asked->answer.body);
    trivet_secret_wipe(&asked->cookie);
    trivet_secret_wipe(&asked->page_key);
}


ngx_int_t
ngx_http_trivet_send_console(
    ngx_http_request_t *r, ngx_http_trivet_asked_t *asked)
{
    struct trivet_operator_answer *answer = &asked->answer;

    ngx_pool_cleanup_t *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        ngx_http_trivet_free_answer(asked);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    cln->handler = ngx_http_trivet_free_answer;
    cln->data = asked;

    if (answer->body.data == NULL
        || ngx_http_trivet_set_cookie(r, asked) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (answer->status >= 500) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
            "trivet console: %s: %s", asked->call->name, answer->detail);
    }

    return ngx_http_trivet_send_page(r, answer->status, "application/json",
        trivet_slice_make(answer->body.data, answer->body.len));
}


ngx_int_t
ngx_http_trivet_send_complaint(
    ngx_http_request_t *r, ngx_uint_t status, const char *text)
{
    ngx_http_trivet_asked_t *asked;

    asked = ngx_pcalloc(r->pool, sizeof(ngx_http_trivet_asked_t));
    if (asked == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    trivet_operator_answer_error(&asked->answer, (unsigned) status, text);

    return ngx_http_trivet_send_console(r, asked);
}
