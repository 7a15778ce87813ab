/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incidents.c - the sandbox's own: a clock that is advanced, failures on
 * purpose
 *
 * A sandbox maps a file (sandbox/state.h) into which "trivet clock" and
 * "trivet incident" write. Without the directive there is no mapping, and none
 * of what is below is so much as called.
 *
 * A handler in the rewrite phase, so that it comes before everything that is
 * the location's, answers or waits. A header filter behind signing.c's spoils
 * what that has made.
 */
#include "gateway/incidents.h"

#include "core/field_names.h"
#include "gateway/answer_headers.h"
#include "gateway/answering.h"
#include "gateway/conf.h"
#include "gateway/fill.h"
#include "gateway/request.h"
#include "gateway/sandbox.h"
static ngx_http_output_header_filter_pt ngx_http_next_header_filter;


static const char ngx_http_trivet_maintenance[] =
    "<html>\r\n"
    "<head><title>Maintenance</title></head>\r\n"
    "<body>\r\n"
    "<center><h1>We are performing maintenance</h1></center>\r\n"
    "</body>\r\n"
    "</html>\r\n";

static const char ngx_http_trivet_page[] =
    "<html>\r\n"
    "<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n"
    "</body>\r\n"
    "</html>\r\n";


/* ---- instead of an answer ---------------------------------------------- */

static void
ngx_http_trivet_delay_handler(ngx_http_request_t *r)
{
    ngx_event_t *wev = r->connection->write;

    if (wev->delayed) {
        if (ngx_handle_write_event(wev, 0) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        }
        return;
    }

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
}


/* A timer; whoever goes away meanwhile is seen to, and forgotten. */
static ngx_int_t
ngx_http_trivet_delay(ngx_http_request_t *r, int64_t seconds)
{
    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_trivet_delay_handler;

    r->connection->write->delayed = 1;
    ngx_add_timer(r->connection->write, (ngx_msec_t) seconds * 1000);

    return NGX_DONE;
}


/* As a server in front of it would answer: nothing in it is the protocol's. */
static ngx_int_t
ngx_http_trivet_send_page(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    enum trivet_reason reason, const char *page)
{
    struct trivet_answer *answer = &ctx->answer;

    ctx->reason = reason;
    answer->status = trivet_reason_row(reason)->status;
    answer->is_to_be_signed = false;
    answer->has_signature = false;

    trivet_buffer_free(&answer->body);
    answer->body.data = strdup(page);
    answer->body.len = ngx_strlen(page);

    return ngx_http_trivet_send_answer(r, ctx);
}


static ngx_int_t
ngx_http_trivet_incident_handler(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_loc_conf_t *tlcf;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);

    /* Error pages are no requests. */
    if (r != r->main || r->internal || (!tlcf->calls && !tlcf->protect)) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ctx->is_delayed && ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_SLOW)) {
        ctx->is_delayed = 1;
        return ngx_http_trivet_delay(
            r, trivet_sandbox_slow_s(tmcf->sandbox_state));
    }

    if (ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_HTML_502)) {
        return ngx_http_trivet_send_page(
            r, ctx, TRIVET_REASON_INCIDENT_BAD_GATEWAY, ngx_http_trivet_page);
    }

    if (ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_MAINTENANCE_491)) {
        return ngx_http_trivet_send_page(r, ctx,
            TRIVET_REASON_INCIDENT_MAINTENANCE, ngx_http_trivet_maintenance);
    }

    if (ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_429_UNSIGNED)) {
        return ngx_http_trivet_send_refusal(
            r, ctx, TRIVET_REASON_INCIDENT_RATE_LIMIT);
    }

    if (ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_IP_COUNTRY_400)
        && ctx->request.num_tokens > 0)
    {
        return ngx_http_trivet_send_refusal(
            r, ctx, TRIVET_REASON_INCIDENT_IP_COUNTRY);
    }

    return NGX_DECLINED;
}


/* ---- spoiling an answer ------------------------------------------------ */

typedef ngx_int_t (*ngx_http_trivet_field_pt)(
    ngx_http_request_t *r, ngx_table_elt_t *h);


/* Calls fn for each field that will be sent. */
static ngx_int_t
ngx_http_trivet_each_field(ngx_http_request_t *r, ngx_http_trivet_field_pt fn)
{
    ngx_uint_t i;
    ngx_list_part_t *part;
    ngx_table_elt_t *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash != 0 && fn(r, &h[i]) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_begins(ngx_table_elt_t *h, const char *name)
{
    size_t len = ngx_strlen(name);

    return h->key.len >= len
           && ngx_strncasecmp(h->key.data, (u_char *) name, len) == 0;
}


static ngx_int_t
ngx_http_trivet_drop_ours(ngx_http_request_t *r, ngx_table_elt_t *h)
{
    if (ngx_http_trivet_begins(h, TRIVET_FIELD_PREFIX)
        || ngx_http_trivet_begins(h, "x-trivet-"))
    {
        h->hash = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_make_html(ngx_http_request_t *r)
{
    ngx_str_set(&r->headers_out.content_type, "text/html");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    return ngx_http_trivet_each_field(r, ngx_http_trivet_drop_ours);
}


/* One digit of the base64 becomes another: well-formed, and no signature. */
static ngx_int_t
ngx_http_trivet_break_signature(ngx_http_request_t *r, ngx_table_elt_t *h)
{
    u_char *text, *digit;

    if (h->value.len < 4
        || !ngx_http_trivet_begins(h, TRIVET_FIELD_SERVER_SIGNATURE))
    {
        return NGX_OK;
    }

    text = ngx_pnalloc(r->pool, h->value.len);
    if (text == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text, h->value.data, h->value.len);
    digit = &text[h->value.len / 2];
    *digit = *digit == 'A' ? 'B' : 'A';

    h->value.data = text;

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_lower_name(ngx_http_request_t *r, ngx_table_elt_t *h)
{
    u_char *name;

    name = ngx_pnalloc(r->pool, h->key.len);
    if (name == NULL) {
        return NGX_ERROR;
    }

    ngx_strlow(name, h->key.data, h->key.len);
    h->key.data = name;

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_trivet_push_field(
    ngx_http_request_t *r, const char *name, u_char *value, size_t len)
{
    ngx_str_t text = {len, value};
    ngx_list_part_t *part;
    ngx_table_elt_t *h;

    if (value == NULL || ngx_http_trivet_add_header(r, name, &text) != NGX_OK) {
        return NULL;
    }

    part = r->headers_out.headers.last;
    h = part->elts;

    return &h[part->nelts - 1];
}


/* nginx writes some fields from what it knows, spelled its own way, unless
 * they are in the list already. */
static ngx_int_t
ngx_http_trivet_lower_own_fields(ngx_http_request_t *r)
{
    size_t len;
    u_char *value, *p;
    ngx_http_headers_out_t *out = &r->headers_out;

    if (out->server == NULL) {
        out->server = ngx_http_trivet_push_field(
            r, "server", (u_char *) "nginx", sizeof("nginx") - 1);
        if (out->server == NULL) {
            return NGX_ERROR;
        }
    }

    if (out->date == NULL) {
        value = ngx_pstrdup(r->pool, (ngx_str_t *) &ngx_cached_http_time);
        out->date = ngx_http_trivet_push_field(
            r, "date", value, ngx_cached_http_time.len);
        if (out->date == NULL) {
            return NGX_ERROR;
        }
    }

    if (out->content_length == NULL && out->content_length_n >= 0) {
        value = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
        len = value == NULL
                  ? 0
                  : (size_t) (ngx_sprintf(value, "%O", out->content_length_n)
                              - value);
        out->content_length =
            ngx_http_trivet_push_field(r, "content-length", value, len);
        if (out->content_length == NULL) {
            return NGX_ERROR;
        }
    }

    if (out->content_type.len > 0) {
        len =
            out->content_type.len + sizeof("; charset=") - 1 + out->charset.len;
        value = ngx_pnalloc(r->pool, len);
        if (value == NULL) {
            return NGX_ERROR;
        }

        p = ngx_sprintf(value, "%V", &out->content_type);
        if (out->charset.len > 0
            && out->content_type_len == out->content_type.len) {
            p = ngx_sprintf(p, "; charset=%V", &out->charset);
        }

        len = (size_t) (p - value);
        if (ngx_http_trivet_push_field(r, "content-type", value, len) == NULL) {
            return NGX_ERROR;
        }

        ngx_str_null(&out->content_type);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_lower_names(ngx_http_request_t *r)
{
    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return NGX_OK; /* they are */
    }

    if (ngx_http_trivet_each_field(r, ngx_http_trivet_lower_name) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_trivet_lower_own_fields(r);
}


static ngx_int_t
ngx_http_trivet_incident_filter(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_loc_conf_t *tlcf;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_trivet_module);

    if (r != r->main || ctx == NULL || (!tlcf->calls && !tlcf->protect)) {
        return ngx_http_next_header_filter(r);
    }

    if (ctx->is_own
        && (ctx->reason == TRIVET_REASON_INCIDENT_BAD_GATEWAY
            || ctx->reason == TRIVET_REASON_INCIDENT_MAINTENANCE)
        && ngx_http_trivet_make_html(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_WRONG_SIGNATURE)
        && ngx_http_trivet_each_field(r, ngx_http_trivet_break_signature)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_LOWERCASE_HEADERS)
        && ngx_http_trivet_lower_names(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


ngx_int_t
ngx_http_trivet_init_incidents(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_http_handler_pt *handler;
    ngx_http_core_main_conf_t *cmcf;

    if (tmcf->sandbox_path.len == 0) {
        if (tmcf->deterministic_path.len > 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "\"trivet_deterministic\" needs \"trivet_sandbox_state\"");
            return NGX_ERROR;
        }

        if (tmcf->incident_key.len > 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                "\"trivet_incident_key\" needs \"trivet_sandbox_state\"");
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (!tmcf->sandbox) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"trivet_sandbox_state\" is for \"trivet_sandbox on\" alone");
        return NGX_ERROR;
    }

    if (ngx_http_trivet_map_sandbox(cf, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    handler = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (handler == NULL) {
        return NGX_ERROR;
    }

    *handler = ngx_http_trivet_incident_handler;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_trivet_incident_filter;

    return NGX_OK;
}
