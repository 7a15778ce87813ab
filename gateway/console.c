/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - the location trivet_console: an operator's calls and pages */
#include "gateway/console.h"

#include "gateway/body.h"
#include "gateway/clock.h"
#include "gateway/fill.h"
#include "gateway/journal.h"
#include "gateway/metrics.h"
#include "gateway/monitoring.h"
#include "gateway/request.h"
#include "gateway/sandbox.h"
#include "gateway/slice.h"
#include "gateway/task.h"

#include "authority/operator/pages.h"
#include "core/limits.h"


enum { NGX_HTTP_TRIVET_IDLE_S = 1800 };


/* ---- the answer -------------------------------------------------------- */

static int64_t
ngx_http_trivet_console_us(void)
{
    return ngx_http_trivet_now_us() + ngx_http_trivet_clock_offset_us();
}


/* On a pool thread. */
static void
ngx_http_trivet_answer_call(struct trivet_authority *authority, void *data)
{
    ngx_http_trivet_asked_t *asked = data;

    u_char buffer[TRIVET_MAX_OPERATOR_BODY];
    enum trivet_status status;
    struct trivet_slice body;

    (void) authority;

    status =
        ngx_http_trivet_join_body(buffer, sizeof(buffer), asked->body, &body);
    if (status != TRIVET_OK) {
        trivet_operator_answer_error(
            &asked->answer, 413, "the body is too long");
        return;
    }

    asked->request.body = body;
    asked->request.operator_name = asked->login.name;

    if (!ngx_http_trivet_answer_login(asked)) {
        trivet_operator_answer(&asked->console->config, asked->call,
            &asked->request, &asked->answer);
    }

    trivet_wipe(buffer, sizeof(buffer));
    asked->request.body = trivet_slice_make(NULL, 0);
}


static void
ngx_http_trivet_call_answered(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r);

    ngx_http_finalize_request(r, ngx_http_trivet_send_console(r, ctx->work));
}


/* The body is there. */
static void
ngx_http_trivet_body_read(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_asked_t *asked;

    ctx = ngx_http_trivet_get_ctx(r);
    asked = ctx->work;
    asked->body = ngx_http_trivet_body(r);

    if (ngx_http_trivet_post_work(r, ngx_http_trivet_answer_call, asked,
            ngx_http_trivet_call_answered)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


/* ---- who may ----------------------------------------------------------- */

/* NULL: he may; else why not, and the status. */
static const char *
ngx_http_trivet_refuse_call(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_asked_t *asked, ngx_uint_t *status)
{
    if (!(r->method & NGX_HTTP_GET) && !ngx_http_trivet_is_own_change(r, ctx)) {
        *status = NGX_HTTP_FORBIDDEN;
        return "a change needs the field X-Trivet-Console: 1, and comes from "
               "no page of elsewhere";
    }

    if (asked->login.role == TRIVET_ROLE_NONE
        && asked->call->role != TRIVET_ROLE_NONE)
    {
        *status = NGX_HTTP_UNAUTHORIZED;
        return "nobody is logged in, or not any more: \"trivet console\" "
               "prints the link";
    }

    if (asked->login.role < asked->call->role) {
        *status = NGX_HTTP_FORBIDDEN;
        return "you may look, but not change anything";
    }

    if (ngx_http_trivet_has_body(r) && !ngx_http_trivet_is_json(r)) {
        *status = NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
        return "Content-Type: application/json, please";
    }

    if (r->headers_in.content_length_n > TRIVET_MAX_OPERATOR_BODY) {
        *status = NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        return "the body is too long";
    }

    return NULL;
}


static ngx_int_t
ngx_http_trivet_complain(
    ngx_http_request_t *r, ngx_uint_t status, const char *text)
{
    ngx_int_t rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_trivet_send_complaint(r, status, text);
}


/* ---- calls and pages --------------------------------------------------- */

/* Then its server keys are named relative to the directory. */
static ngx_uint_t
ngx_http_trivet_is_own_store(
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_trivet_console_t *console)
{
    size_t len = console->dir.len;

    return tmcf->store_url.len == sizeof("sqlite:/trivet.db") - 1 + len
           && ngx_strncmp(tmcf->store_url.data, "sqlite:", 7) == 0
           && ngx_strncmp(tmcf->store_url.data + 7, console->dir.data, len) == 0
           && ngx_strncmp(tmcf->store_url.data + 7 + len, "/trivet.db", 10)
                  == 0;
}


static void
ngx_http_trivet_fill_config(
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_trivet_console_t *console)
{
    struct trivet_operator_config *config = &console->config;

    if (config->store_url != NULL) {
        return;
    }

    config->clock_us = ngx_http_trivet_console_us;
    config->offset_us = ngx_http_trivet_clock_offset_us;
    config->place.session_timeout_s = tmcf->session_timeout;
    config->place.key_lifetime_s = tmcf->key_lifetime;
    if (tmcf->sandbox && tmcf->sandbox_path.len > 0) {
        config->place.sandbox_path = (const char *) tmcf->sandbox_path.data;
    }
    if (console->dir.len > 0) {
        config->place.dir = (const char *) console->dir.data;
        config->place.is_own_store =
            ngx_http_trivet_is_own_store(tmcf, console);
    }
    config->place.journal = ngx_http_trivet_get_journal(tmcf);
    config->store_url = (const char *) tmcf->store_url.data;
}


static ngx_int_t
ngx_http_trivet_begin_call(ngx_http_request_t *r,
    const struct trivet_operator_call *call, struct trivet_slice path,
    struct trivet_slice query)
{
    ngx_int_t rc;
    ngx_uint_t status;
    const char *why;
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_asked_t *asked;
    ngx_http_trivet_loc_conf_t *tlcf;

    ctx = ngx_http_trivet_make_ctx(r);
    asked = ngx_pcalloc(r->pool, sizeof(ngx_http_trivet_asked_t));
    if (ctx == NULL || asked == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    asked->tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    asked->console = tlcf->console;
    asked->profile = tlcf->profile;
    asked->call = call;
    asked->request.method = ngx_http_trivet_slice(r->method_name);
    asked->request.path = path;
    asked->request.query = query;
    ctx->work = asked;

    ngx_http_trivet_fill_config(asked->tmcf, asked->console);
    ngx_http_trivet_find_login(r, asked);

    why = ngx_http_trivet_refuse_call(r, ctx, asked, &status);
    if (why != NULL) {
        return ngx_http_trivet_complain(r, status, why);
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_trivet_body_read);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static ngx_int_t
ngx_http_trivet_send_file(ngx_http_request_t *r, struct trivet_slice path)
{
    ngx_int_t rc;
    const struct trivet_page_file *file;

    file = trivet_page_find(path);
    if (file == NULL) {
        return ngx_http_trivet_complain(r, NGX_HTTP_NOT_FOUND, "not found");
    }

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return ngx_http_trivet_complain(
            r, NGX_HTTP_NOT_ALLOWED, "GET or HEAD, please");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_trivet_send_page(
        r, NGX_HTTP_OK, file->type, trivet_slice_make(file->data, file->len));
}


/* As trivet_metrics answers, to who is logged in. */
static ngx_int_t
ngx_http_trivet_console_metrics(ngx_http_request_t *r)
{
    ngx_http_trivet_asked_t asked;
    ngx_http_trivet_loc_conf_t *tlcf;

    ngx_memzero(&asked, sizeof(asked));
    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    asked.console = tlcf->console;
    ngx_http_trivet_find_login(r, &asked);

    if (asked.login.role == TRIVET_ROLE_NONE) {
        return ngx_http_trivet_complain(
            r, NGX_HTTP_UNAUTHORIZED, "nobody is logged in, or not any more");
    }

    if (ngx_http_trivet_add_guards(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_trivet_metrics_handler(r);
}


/* By the target as it was sent: no other form of it is a path of ours. */
static ngx_int_t
ngx_http_trivet_console_handler(ngx_http_request_t *r)
{
    bool is_path;
    u_char *mark;
    struct trivet_slice path, query;
    const struct trivet_operator_call *call;

    if (!ngx_http_trivet_is_local_name(r)) {
        return ngx_http_trivet_complain(r, NGX_HTTP_MISDIRECTED_REQUEST,
            "the console is reached as localhost, 127.0.0.1 or [::1]");
    }

    path = ngx_http_trivet_slice(r->unparsed_uri);
    query = trivet_slice_make(NULL, 0);
    mark = ngx_strlchr(
        r->unparsed_uri.data, r->unparsed_uri.data + r->unparsed_uri.len, '?');
    if (mark != NULL) {
        path.len = (size_t) (mark - r->unparsed_uri.data);
        query = trivet_slice_make(mark + 1, r->unparsed_uri.len - path.len - 1);
    }

    if (!trivet_slice_starts_with(path, "/api/")) {
        return ngx_http_trivet_send_file(r, path);
    }

    if (trivet_slice_is(path, "/api/metrics")) {
        return ngx_http_trivet_console_metrics(r);
    }

    call = trivet_operator_find(
        ngx_http_trivet_slice(r->method_name), path, &is_path);
    if (call == NULL) {
        return is_path ? ngx_http_trivet_complain(
                   r, NGX_HTTP_NOT_ALLOWED, "this path has other methods")
                       : ngx_http_trivet_complain(
                           r, NGX_HTTP_NOT_FOUND, "there is no such call");
    }

    return ngx_http_trivet_begin_call(r, call, path, query);
}


/* ---- the directive ----------------------------------------------------- */

static ngx_int_t
ngx_http_trivet_take_parameter(
    ngx_http_trivet_console_t *console, ngx_str_t text)
{
    struct {
        const char *name;
        ngx_str_t *to;
    } texts[] = {
        {"gateway=", &console->gateway},
        {"ca=", &console->ca},
        {"data=", &console->dir},
    };

    size_t len;
    ngx_uint_t i;
    ngx_str_t span;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        len = ngx_strlen(texts[i].name);
        if (text.len > len && ngx_strncmp(text.data, texts[i].name, len) == 0) {
            texts[i].to->data = text.data + len;
            texts[i].to->len = text.len - len;
            return NGX_OK;
        }
    }

    if (ngx_strcmp(text.data, "calls=here") == 0) {
        console->has_calls = 1;
        return NGX_OK;
    }

    if (ngx_strncmp(text.data, "timeout=", 8) == 0) {
        span.data = text.data + 8;
        span.len = text.len - 8;
        console->idle_s = ngx_parse_time(&span, 1);
        return console->idle_s == NGX_ERROR || console->idle_s == 0 ? NGX_ERROR
                                                                    : NGX_OK;
    }

    return NGX_ERROR;
}


char *
ngx_http_trivet_console(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_loc_conf_t *tlcf = conf;

    ngx_str_t *value;
    ngx_uint_t i;
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_console_t *console;
    ngx_http_trivet_main_conf_t *tmcf;

    (void) cmd;

    if (tlcf->console != NULL) {
        return "is duplicate";
    }

    console = ngx_pcalloc(cf->pool, sizeof(ngx_http_trivet_console_t));
    if (console == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    console->tokens = value[1];
    console->idle_s = NGX_HTTP_TRIVET_IDLE_S;

    if (ngx_conf_full_name(cf->cycle, &console->tokens, 1) != NGX_OK
        || ngx_http_trivet_add_logins(cf, console) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_trivet_take_parameter(console, value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "trivet_console: \"%V\" is none of gateway=URL, ca=FILE, "
                "data=DIR, timeout=TIME and calls=here",
                &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    tlcf->console = console;
    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);
    tmcf->is_used = 1;
    if (ngx_http_trivet_add_zone(cf, tmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_trivet_console_handler;

    return NGX_CONF_OK;
}
