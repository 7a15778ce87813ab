/* SPDX-License-Identifier: Apache-2.0 */
/* console_login.c - who is logged in at the console */
#include "gateway/answer_headers.h"
#include "gateway/clock.h"
#include "gateway/console.h"
#include "gateway/fill.h"
#include "gateway/original.h"
#include "gateway/request.h"
#include "gateway/slice.h"
#include "gateway/zone.h"

#include "authority/limits/shared_mutex.h"
#include "authority/operator/tokens.h"
#include "core/json.h"
#include "core/json_tree.h"
#include "crypto/token.h"

#define NGX_HTTP_TRIVET_PAGE_KEY "X-Trivet-Console-Key"


enum {
    NGX_HTTP_TRIVET_MAX_LOGIN_MS = 12 * 3600 * 1000,
    NGX_HTTP_TRIVET_MAX_COOKIE = 256
};


/* ---- the table --------------------------------------------------------- */

static ngx_int_t
ngx_http_trivet_init_logins(ngx_shm_zone_t *zone, void *old)
{
    struct trivet_logins *logins;

    if (ngx_http_trivet_zone_is_kept(zone, old)) {
        return NGX_OK;
    }

    if (ngx_http_trivet_zone_make(zone, sizeof(struct trivet_logins)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    logins = zone->data;
    ngx_memzero(logins, sizeof(struct trivet_logins));

    return trivet_shared_mutex_init(&logins->mutex) == TRIVET_OK ? NGX_OK
                                                                 : NGX_ERROR;
}


ngx_int_t
ngx_http_trivet_add_logins(ngx_conf_t *cf, ngx_http_trivet_console_t *console)
{
    console->zone = ngx_http_trivet_zone_add(cf, "trivet_logins",
        sizeof(struct trivet_logins), ngx_http_trivet_init_logins);

    return console->zone == NULL ? NGX_ERROR : NGX_OK;
}


static struct trivet_logins *
ngx_http_trivet_get_logins(ngx_http_trivet_console_t *console)
{
    struct trivet_logins *logins = console->zone->data;

    logins->idle_ms = (int64_t) console->idle_s * 1000;
    logins->max_ms = NGX_HTTP_TRIVET_MAX_LOGIN_MS;

    return logins;
}


static int64_t
ngx_http_trivet_now_ms(void)
{
    return ngx_http_trivet_ticks_ns() / 1000000;
}


/* ---- cookies ----------------------------------------------------------- */

/*
 * A browser sends a cookie to all ports of a host, and to 127.0.0.1 without
 * TLS, too: so also to what another user of this machine listens with.
 * Therefore a login has two secrets: the cookie's, which no script can read,
 * and one that the page keeps and sends in a field, which belongs to its own
 * origin.
 */
static enum trivet_status
ngx_http_trivet_digest_login(struct trivet_slice cookie,
    struct trivet_slice page_key, unsigned char out[TRIVET_DIGEST_LEN])
{
    unsigned char both[2 * TRIVET_MAX_SECRET + 1];
    enum trivet_status status;
    struct trivet_writer writer;

    writer = trivet_writer_make(both, sizeof(both));
    trivet_writer_put(&writer, cookie);
    trivet_writer_put_byte(&writer, ' ');
    trivet_writer_put(&writer, page_key);

    status = writer.overflowed ? TRIVET_E_USAGE
                               : trivet_token_digest(
                                   trivet_slice_make(both, writer.len), out);
    trivet_wipe(both, sizeof(both));

    return status;
}


/* Browsers keep cookies by the name of the host: a console on another port has
 * one of its own. */
static ngx_str_t
ngx_http_trivet_cookie_name(
    ngx_http_request_t *r, u_char text[NGX_HTTP_TRIVET_MAX_COOKIE])
{
    u_char *colon;
    ngx_str_t host, name, port;

    port.len = 0;
    port.data = NULL;

    if (r->headers_in.host != NULL) {
        host = r->headers_in.host->value;
        colon = host.data + host.len;
        while (colon > host.data && colon[-1] >= '0' && colon[-1] <= '9') {
            colon--;
        }
        if (colon > host.data && colon[-1] == ':') {
            port.data = colon;
            port.len = (size_t) (host.data + host.len - colon);
        }
    }

    port.len = ngx_min(port.len, 5);
    name.data = text;
    name.len = (size_t) (ngx_snprintf(text, NGX_HTTP_TRIVET_MAX_COOKIE,
                             "__Host-trivet-%V", &port)
                         - text);

    return name;
}


void
ngx_http_trivet_find_login(
    ngx_http_request_t *r, ngx_http_trivet_asked_t *asked)
{
    u_char text[NGX_HTTP_TRIVET_MAX_COOKIE];
    ngx_str_t name, value;
    ngx_table_elt_t *page_key;
    struct trivet_logins *logins;
    ngx_http_trivet_ctx_t *ctx;

    asked->login.role = TRIVET_ROLE_NONE;
    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL
        || ngx_http_trivet_find_field(ctx, NGX_HTTP_TRIVET_PAGE_KEY, &page_key)
               != 1)
    {
        return;
    }

    name = ngx_http_trivet_cookie_name(r, text);

#if (nginx_version >= 1023000)
    if (ngx_http_parse_multi_header_lines(
            r, r->headers_in.cookie, &name, &value)
        == NULL)
#else
    if (ngx_http_parse_multi_header_lines(&r->headers_in.cookies, &name, &value)
        == NGX_DECLINED)
#endif
    {
        return;
    }

    if (ngx_http_trivet_digest_login(ngx_http_trivet_slice(value),
            ngx_http_trivet_slice(page_key->value), asked->digest)
        != TRIVET_OK)
    {
        return;
    }

    logins = ngx_http_trivet_get_logins(asked->console);
    if (!trivet_logins_find(
            logins, asked->digest, ngx_http_trivet_now_ms(), &asked->login))
    {
        asked->login.role = TRIVET_ROLE_NONE;
    }
}


ngx_int_t
ngx_http_trivet_set_cookie(
    ngx_http_request_t *r, ngx_http_trivet_asked_t *asked)
{
    u_char text[NGX_HTTP_TRIVET_MAX_COOKIE], *p, *end;
    ngx_str_t name, secret, value;

    if (asked->cookie.len == 0 && !asked->is_cookie_dropped) {
        return NGX_OK;
    }

    name = ngx_http_trivet_cookie_name(r, text);
    secret.data = asked->cookie.bytes;
    secret.len = asked->cookie.len;

    p = ngx_pnalloc(r->pool, 2 * NGX_HTTP_TRIVET_MAX_COOKIE);
    if (p == NULL) {
        return NGX_ERROR;
    }

    end = ngx_snprintf(p, 2 * NGX_HTTP_TRIVET_MAX_COOKIE,
        "%V=%V; Path=/; Secure; HttpOnly; SameSite=Strict", &name, &secret);
    if (asked->is_cookie_dropped) {
        end = ngx_cpymem(end, "; Max-Age=0", sizeof("; Max-Age=0") - 1);
    }
    value.data = p;
    value.len = (size_t) (end - p);

    return ngx_http_trivet_add_header(r, "Set-Cookie", &value);
}


/* ---- the calls --------------------------------------------------------- */

static json_t *
ngx_http_trivet_text_of(const ngx_str_t *text)
{
    return text->len == 0 ? json_null()
                          : json_stringn((const char *) text->data, text->len);
}


static const char *
ngx_http_trivet_scheme_of(int signing)
{
    return signing == TRIVET_SCHEME_FULL ? "full" : "body";
}


static void
ngx_http_trivet_answer_me(ngx_http_trivet_asked_t *asked)
{
    const ngx_http_trivet_console_t *console = asked->console;
    const char *role =
        asked->login.role == TRIVET_ROLE_OPERATE ? "operate" : "view";
    const char *page_key = NULL;

    if (asked->page_key.len > 0) {
        page_key = (const char *) asked->page_key.bytes;
    }

    trivet_operator_answer_one(&asked->answer, asked->call->noun,
        json_pack("{s:s, s:s, s:b, s:I, s:o, s:o, s:b, s:s, s:s, s:s?}", "name",
            asked->login.name, "role", role, "is_sandbox",
            console->config.place.sandbox_path != NULL, "timeout",
            (json_int_t) console->idle_s, "gateway",
            ngx_http_trivet_text_of(&console->gateway), "ca",
            ngx_http_trivet_text_of(&console->ca), "has_calls",
            (int) console->has_calls, "request_signing",
            ngx_http_trivet_scheme_of(asked->profile->signing),
            "answer_signing",
            ngx_http_trivet_scheme_of(asked->profile->response_signing),
            "page_key", page_key));
}


/* A token for a cookie and the page's key. */
static enum trivet_status
ngx_http_trivet_log_in(
    ngx_http_trivet_asked_t *asked, struct trivet_slice token)
{
    enum trivet_status status;
    struct trivet_logins *logins;
    struct trivet_console_token found;

    TRIVET_TRY(trivet_console_tokens_find(
        (const char *) asked->console->tokens.data, token, &found, NULL));

    asked->login.role = found.role;
    ngx_memcpy(asked->login.name, found.name, sizeof(asked->login.name));
    trivet_secret_wipe(&found.token);

    logins = ngx_http_trivet_get_logins(asked->console);
    status = trivet_token_make(&asked->cookie);
    if (status == TRIVET_OK) {
        status = trivet_token_make(&asked->page_key);
    }
    if (status == TRIVET_OK) {
        status =
            ngx_http_trivet_digest_login(trivet_secret_slice(&asked->cookie),
                trivet_secret_slice(&asked->page_key), asked->digest);
    }
    if (status == TRIVET_OK
        && !trivet_logins_add(logins, asked->digest, asked->login.name,
            asked->login.role, ngx_http_trivet_now_ms()))
    {
        status = TRIVET_E_UNAVAILABLE;
    }

    return status;
}


static void
ngx_http_trivet_answer_log_in(ngx_http_trivet_asked_t *asked)
{
    json_t *root;
    ngx_uint_t is_request;
    const char *token;
    enum trivet_status status = TRIVET_E_USAGE;

    root = trivet_json_load(asked->request.body, JSON_REJECT_DUPLICATES, NULL);
    token = json_string_value(json_object_get(root, "token"));

    is_request = token != NULL && json_object_size(root) == 1;
    if (is_request) {
        status = ngx_http_trivet_log_in(asked, trivet_slice_text(token));
    }
    trivet_json_wipe(root);
    json_decref(root);

    if (status == TRIVET_OK) {
        ngx_http_trivet_answer_me(asked);
        return;
    }

    trivet_secret_wipe(&asked->cookie);
    trivet_secret_wipe(&asked->page_key);
    asked->cookie.len = 0;
    if (!is_request) {
        trivet_operator_answer_error(
            &asked->answer, 400, "token: a text, please, and nothing else");
    } else if (status == TRIVET_E_NOT_FOUND) {
        trivet_operator_answer_error(&asked->answer, 401,
            "this token lets nobody in: \"trivet console\" prints the link of "
            "now");
    } else {
        trivet_operator_answer_error(
            &asked->answer, 503, "the console's tokens cannot be read");
    }
}


ngx_uint_t
ngx_http_trivet_answer_login(ngx_http_trivet_asked_t *asked)
{
    const char *name = asked->call->name;

    if (ngx_strcmp(name, "console.login") == 0) {
        ngx_http_trivet_answer_log_in(asked);
        return 1;
    }

    if (ngx_strcmp(name, "console.me") == 0) {
        ngx_http_trivet_answer_me(asked);
        return 1;
    }

    if (ngx_strcmp(name, "console.logout") == 0) {
        trivet_logins_end(
            ngx_http_trivet_get_logins(asked->console), asked->digest);
        asked->is_cookie_dropped = 1;
        trivet_operator_answer_one(
            &asked->answer, asked->call->noun, json_pack("{s:b}", "ended", 1));
        return 1;
    }

    return 0;
}
