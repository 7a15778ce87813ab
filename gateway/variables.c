/* SPDX-License-Identifier: Apache-2.0 */
/* variables.c - $trivet_...: who called and why not, for logs and proxying */
#include "gateway/variables.h"

#include "gateway/rates.h"
#include "gateway/request.h"
#include "gateway/tracing.h"
static ngx_int_t ngx_http_trivet_id_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_trivet_reason_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_trivet_mistake_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_trivet_verdict_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_trivet_path_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);


/* clang-format off */
static ngx_http_variable_t  ngx_http_trivet_vars[] = {

    { ngx_string("trivet_user_id"), NULL, ngx_http_trivet_id_variable,
      offsetof(struct trivet_identity, user_id), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_device_id"), NULL, ngx_http_trivet_id_variable,
      offsetof(struct trivet_identity, device_id),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_session_id"), NULL, ngx_http_trivet_id_variable,
      offsetof(struct trivet_identity, session_id),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_api_key_id"), NULL, ngx_http_trivet_id_variable,
      offsetof(struct trivet_identity, api_key_id),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_installation_id"), NULL, ngx_http_trivet_id_variable,
      offsetof(struct trivet_identity, installation_id),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_reason"), NULL, ngx_http_trivet_reason_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_mistake"), NULL, ngx_http_trivet_mistake_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_verdict"), NULL, ngx_http_trivet_verdict_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_trace_id"), NULL, ngx_http_trivet_trace_id_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_path"), NULL, ngx_http_trivet_path_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_rate_get"), NULL, ngx_http_trivet_rate_variable,
      TRIVET_RATE_GET, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_rate_post"), NULL, ngx_http_trivet_rate_variable,
      TRIVET_RATE_POST, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_rate_put"), NULL, ngx_http_trivet_rate_variable,
      TRIVET_RATE_PUT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("trivet_rate_session"), NULL, ngx_http_trivet_rate_variable,
      TRIVET_RATE_SESSION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};
/* clang-format on */


ngx_int_t
ngx_http_trivet_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t *var, *v;

    for (v = ngx_http_trivet_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* The context of a request that was decided; NULL before that. A subrequest
 * that was not decided by itself belongs to its main request's caller. */
static ngx_http_trivet_ctx_t *
ngx_http_trivet_decided_ctx(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_get_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_http_trivet_get_ctx(r->main);
    }

    if (ctx == NULL || ctx->state == NGX_HTTP_TRIVET_DECIDING) {
        return NULL;
    }

    return ctx;
}


static ngx_int_t
ngx_http_trivet_id_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    int64_t id = 0;
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_decided_ctx(r);
    if (ctx != NULL) {
        ngx_memcpy(&id, (u_char *) &ctx->answer.identity + data, sizeof(id));
    }

    if (id == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = (unsigned) (ngx_sprintf(v->data, "%L", id) - v->data);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* A static word, or none. */
static ngx_int_t
ngx_http_trivet_set_word(ngx_http_variable_value_t *v, const char *word)
{
    if (word == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = (u_char *) word;
    v->len = (unsigned) ngx_strlen(word);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_reason_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    const char *word = NULL;
    ngx_http_trivet_ctx_t *ctx;

    (void) data;

    ctx = ngx_http_trivet_decided_ctx(r);
    if (ctx != NULL && ctx->reason != TRIVET_REASON_NONE) {
        word = trivet_reason_row(ctx->reason)->id;
    }

    return ngx_http_trivet_set_word(v, word);
}


static ngx_int_t
ngx_http_trivet_mistake_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    const char *word = NULL;
    ngx_http_trivet_ctx_t *ctx;

    (void) data;

    ctx = ngx_http_trivet_decided_ctx(r);
    if (ctx != NULL) {
        word = ctx->answer.mistake;
    }

    return ngx_http_trivet_set_word(v, word);
}


static ngx_int_t
ngx_http_trivet_verdict_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    const char *word = NULL;
    ngx_http_trivet_ctx_t *ctx;

    (void) data;

    ctx = ngx_http_trivet_decided_ctx(r);
    if (ctx != NULL && ctx->reason != TRIVET_REASON_NONE) {
        word = "refused";
    } else if (ctx != NULL && ctx->state == NGX_HTTP_TRIVET_DECIDED) {
        word = "admitted";
    }

    return ngx_http_trivet_set_word(v, word);
}


/* How much of a path is told. */
enum { NGX_HTTP_TRIVET_MAX_PATH = 1024 };


/* The path as it was sent, and so that it can stand in any log: what is not a
 * printable character of ASCII, a quote and a backslash are percent-encoded.
 * The query is left out, since people put secrets there. */
static ngx_int_t
ngx_http_trivet_path_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char *p, c;
    size_t i, len;

    (void) data;

    len = ngx_min(r->unparsed_uri.len, NGX_HTTP_TRIVET_MAX_PATH);

    p = ngx_pnalloc(r->pool, 3 * len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;

    for (i = 0; i < len && r->unparsed_uri.data[i] != '?'; i++) {
        c = r->unparsed_uri.data[i];

        if (c > ' ' && c < 0x7f && c != '"' && c != '\\') {
            *p++ = c;
        } else {
            p = ngx_sprintf(p, "%%%02Xd", c);
        }
    }

    v->len = (unsigned) (p - v->data);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
