/* SPDX-License-Identifier: Apache-2.0 */
/* fill.c - what the authority is asked: a struct trivet_request */
#include "gateway/fill.h"

#include "core/field_names.h"
#include "gateway/address.h"
#include "gateway/body.h"
#include "gateway/conf.h"
#include "gateway/forwarded.h"
#include "gateway/made.h"
#include "gateway/original.h"
#include "gateway/request.h"
#include "gateway/slice.h"


/* ---- read: the fields that the caller sent ------------------------------- */

/* Calls fn for each field of a list. */
static void
ngx_http_trivet_each_header(ngx_list_part_t *part, void *data,
    void (*fn)(void *data, ngx_table_elt_t *h))
{
    ngx_uint_t i;
    ngx_table_elt_t *h;

    for (/* void */; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            fn(data, &h[i]);
        }
    }
}


/* A field whose name begins with x-bunq-client-encryption-. NGX_ERROR: no
 * memory. */
static ngx_int_t
ngx_http_trivet_read_encryption(ngx_http_trivet_ctx_t *ctx, ngx_table_elt_t *h)
{
    static const char *const names[NGX_HTTP_TRIVET_ENCRYPTION_FIELDS] = {
        "x-bunq-client-encryption-key", "x-bunq-client-encryption-iv",
        "x-bunq-client-encryption-hmac"};

    ngx_uint_t i;

    for (i = 0; i < NGX_HTTP_TRIVET_ENCRYPTION_FIELDS; i++) {
        if (ngx_http_trivet_is_header(h, names[i])) {
            break;
        }
    }

    if (i == NGX_HTTP_TRIVET_ENCRYPTION_FIELDS) {
        return NGX_OK;
    }

    if (ctx->encryption == NULL) {
        ctx->encryption =
            ngx_pcalloc(ctx->owner->pool, sizeof(ngx_http_trivet_encryption_t));
        if (ctx->encryption == NULL) {
            return NGX_ERROR;
        }
    }

    /* Of a field that came twice, neither counts. */
    ctx->encryption->fields[i] = ctx->encryption->counts[i] == 0
                                     ? ngx_http_trivet_slice(h->value)
                                     : trivet_slice_make("", 0);
    ctx->encryption->counts[i]++;
    ctx->request.encrypted.num_fields++;

    return NGX_OK;
}


static void
ngx_http_trivet_read_header(void *data, ngx_table_elt_t *h)
{
    ngx_http_trivet_ctx_t *ctx = data;

    struct trivet_request *request = &ctx->request;

    if (h->lowcase_key != NULL && h->value.len > 0) {
        ctx->has_user_agent |=
            (unsigned) ngx_http_trivet_is_header(h, "user-agent");
        ctx->has_cache_control |=
            (unsigned) ngx_http_trivet_is_header(h, "cache-control");
    }

    if (h->lowcase_key == NULL || h->key.len < sizeof(TRIVET_FIELD_PREFIX) - 1
        || ngx_strncasecmp(h->key.data, (u_char *) TRIVET_FIELD_PREFIX,
               sizeof(TRIVET_FIELD_PREFIX) - 1)
               != 0)
    {
        return;
    }

    if (ngx_http_trivet_is_header(h, TRIVET_FIELD_TOKEN)) {
        request->token = ngx_http_trivet_slice(h->value);
        request->num_tokens++;

    } else if (ngx_http_trivet_is_header(h, TRIVET_FIELD_CLIENT_SIGNATURE)) {
        request->signature = ngx_http_trivet_slice(h->value);
        request->signature_header =
            request->signature_header == TRIVET_SIGNATURE_HEADER_NONE
                ? TRIVET_SIGNATURE_HEADER_ONE
                : TRIVET_SIGNATURE_HEADER_SEVERAL;

    } else if (ngx_http_trivet_is_header(h, TRIVET_FIELD_LANGUAGE)) {
        request->language = ngx_http_trivet_slice(h->value);

    } else if (ngx_http_trivet_is_header(h, TRIVET_FIELD_REQUEST_ID)) {
        ctx->request_id = h->value;
        request->id = ngx_http_trivet_slice(h->value);

    } else if (ngx_http_trivet_matches("x-bunq-client-encryption-*", &h->key)
               && ngx_http_trivet_read_encryption(ctx, h) != NGX_OK)
    {
        ctx->has_no_memory = 1;
    }
}


static void
ngx_http_trivet_read_headers(ngx_http_trivet_ctx_t *ctx)
{
    ngx_http_trivet_each_header(
        &ctx->original.fields, ctx, ngx_http_trivet_read_header);
}


ngx_http_trivet_ctx_t *
ngx_http_trivet_make_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t *cln;
    ngx_http_trivet_ctx_t *ctx, *of_main;

    ctx = ngx_http_trivet_get_ctx(r);
    if (ctx != NULL) {
        return ctx;
    }

    of_main = r == r->main ? NULL : ngx_http_trivet_get_ctx(r->main);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_trivet_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_trivet_ctx_t));
    trivet_answer_init(&ctx->answer);
    ctx->owner = r;
    ctx->http_version = r->http_version;
    cln->handler = ngx_http_trivet_cleanup_ctx;

    ngx_http_set_ctx(r, ctx, ngx_http_trivet_module);

    if (of_main != NULL) {
        ctx->original = of_main->original;
    } else {
        ngx_http_trivet_remember_original(r->main, &ctx->original);
    }

    ngx_http_trivet_read_headers(ctx);

    return ctx->has_no_memory ? NULL : ctx;
}


static void
ngx_http_trivet_note_counted_by(
    struct trivet_request *request, const ngx_http_trivet_ctx_t *ctx)
{
    ngx_uint_t is_decided = ctx->state == NGX_HTTP_TRIVET_DECIDED;

    request->is_id_counted |=
        ctx->request.is_id_counted || (is_decided && ctx->answer.is_id_counted);
    request->is_call_counted |= ctx->request.is_call_counted
                                || (is_decided && ctx->answer.is_call_counted);
}


/* All that are decided for one caller have their contexts in one pool. */
static void
ngx_http_trivet_note_counted(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_pool_cleanup_t *cln;
    struct trivet_request *request = &ctx->request;

    request->is_id_counted |= ctx->answer.is_id_counted;
    request->is_call_counted |= ctx->answer.is_call_counted;

    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_trivet_cleanup_ctx) {
            ngx_http_trivet_note_counted_by(request, cln->data);
        }
    }
}


/* ---- route: what its location and its call ask for ---------------------- */

void
ngx_http_trivet_start(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    struct trivet_request *request = &ctx->request;

    ngx_http_trivet_note_counted(r, ctx);
    trivet_answer_release(&ctx->answer);
    trivet_answer_init(&ctx->answer);
    ctx->decided_by = tlcf;
    ctx->decided_uri = r->uri;
    ctx->decided_method = r->method_name;
    ctx->reason = TRIVET_REASON_NONE;
    ctx->is_own = 0;
    ctx->is_admitted = 0;
    ctx->is_preflight = 0;
    ctx->upgrade.len = 0;
    ctx->allow.len = 0;

    request->is_body_unread = false;
    request->call = NULL;
    request->device_rate = trivet_device_rate_classify(
        ngx_http_trivet_slice(r->method_name), ngx_http_trivet_slice(r->uri));
    request->query = ngx_http_trivet_slice(r->args);
    request->profile = tlcf->profile;
    request->address = ngx_http_trivet_address(r);
    request->is_head = r->method == NGX_HTTP_HEAD;
}


/* Which call is it, and what does it ask for? NONE, or why it is none. */
static enum trivet_reason
ngx_http_trivet_find_call(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf, struct trivet_call_search *search)
{
    struct trivet_request *request = &ctx->request;
    enum trivet_call_match match = TRIVET_CALL_NONE;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    if (tlcf->calls) {
        match = trivet_call_find(ngx_http_trivet_slice(r->method_name),
            ngx_http_trivet_slice(r->uri), tmcf->sandbox, search);
    }

    /* The sandbox's accounts give way to a file. Whose they are is the first id
     * of the path; who calls is not known yet. */
    if (match == TRIVET_CALL_FOUND && tlcf->answers != NULL
        && trivet_call_stands_in(search->call)
        && ngx_http_trivet_files_answer(r, tlcf, search->path_ids[0]))
    {
        match = TRIVET_CALL_NONE;
    }

    if (match == TRIVET_CALL_WRONG_METHOD) {
        return TRIVET_REASON_METHOD_NOT_ALLOWED;
    }

    if (match == TRIVET_CALL_FOUND) {
        /* A copy of the caller's request (mirror) must not change anything. */
        if (r != r->main && !(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
            return TRIVET_REASON_FORBIDDEN;
        }

        request->call = search->call;
        request->rule = trivet_call_rule(search->call);
        ngx_memcpy(
            request->path_ids, search->path_ids, sizeof(search->path_ids));

        return TRIVET_REASON_NONE;
    }

    if (!tlcf->protect) {
        return TRIVET_REASON_ROUTE_NOT_FOUND;
    }

    request->rule.token = TRIVET_NEEDS_SESSION;
    request->rule.signature = tlcf->require_signature
                                  ? TRIVET_SIGNED_ALWAYS
                                  : TRIVET_SIGNED_BY_PROFILE;

    return TRIVET_REASON_NONE;
}


/* Whether the body may be encrypted, when the call is known. */
static void
ngx_http_trivet_set_encryption_rule(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf)
{
    struct trivet_encrypted_body *body = &ctx->request.encrypted;

    if (tlcf->encryption != NGX_HTTP_TRIVET_ENCRYPTION_UNSET) {
        body->rule = (enum trivet_encryption_rule) tlcf->encryption;

    } else if (ctx->request.call != NULL) {
        body->rule = TRIVET_ENCRYPTION_OPTIONAL;

    } else {
        body->rule = TRIVET_ENCRYPTION_OFF;
    }

    /* A subrequest (auth_request) cannot give the main request another body. */
    if (r != r->main && body->num_fields > 0) {
        body->rule = TRIVET_ENCRYPTION_OFF;
    }
}


enum trivet_reason
ngx_http_trivet_find_rule(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf, struct trivet_call_search *search)
{
    enum trivet_reason reason;

    reason = ngx_http_trivet_find_call(r, ctx, tlcf, search);
    if (reason == TRIVET_REASON_NONE) {
        ngx_http_trivet_set_encryption_rule(r, ctx, tlcf);
    }

    return reason;
}


void
ngx_http_trivet_fill_preflight(ngx_http_trivet_ctx_t *ctx)
{
    ctx->request.rule.token = TRIVET_NEEDS_NO_TOKEN;
    ctx->request.rule.signature = TRIVET_SIGNED_NEVER;
}


void
ngx_http_trivet_fill_look(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    struct trivet_request *out)
{
    ngx_http_trivet_loc_conf_t *tlcf;

    if (ctx->request.profile == NULL) {
        tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
        ctx->request.profile = tlcf->profile;
        ctx->request.address = ngx_http_trivet_address(r);
    }

    *out = ctx->request;
    out->call = NULL;
    out->rule.token = TRIVET_NEEDS_EITHER;
    out->rule.signature = TRIVET_SIGNED_NEVER;
}


/* ---- guard: what is refused by the header alone -------------------------- */

const char *
ngx_http_trivet_missing_header(ngx_http_trivet_ctx_t *ctx)
{
    if (ctx->request.profile->headers != TRIVET_HEADERS_STRICT) {
        return NULL;
    }

    if (!ctx->has_user_agent) {
        return "User-Agent";
    }

    return ctx->has_cache_control ? NULL : "Cache-Control";
}


void
ngx_http_trivet_fill_too_many_fields(ngx_http_trivet_ctx_t *ctx)
{
    ctx->request.signature_header = TRIVET_SIGNATURE_HEADER_TOO_MANY_FIELDS;
}


/* ---- body ---------------------------------------------------------------- */

void
ngx_http_trivet_fill_body_unread(
    ngx_http_trivet_ctx_t *ctx, ngx_uint_t is_unread)
{
    ctx->request.is_body_unread = is_unread != 0;
}


enum trivet_status
ngx_http_trivet_digest_request(struct trivet_digest *digest, u_char *buffer,
    ngx_http_trivet_ctx_t *ctx, ngx_chain_t *body)
{
    struct trivet_slice head = ctx->head;
    struct trivet_request *request = &ctx->request;

    request->has_full_digest = false;

    if (request->profile->signing == TRIVET_SIGNING_BOTH && head.len > 0) {
        TRIVET_TRY(ngx_http_trivet_digest_body(
            digest, buffer, head, body, request->full_digest));
        request->has_full_digest = true;
        head = trivet_slice_make(NULL, 0);
    }

    return ngx_http_trivet_digest_body(
        digest, buffer, head, body, request->body_digest);
}


void
ngx_http_trivet_fill_body(ngx_http_trivet_ctx_t *ctx, struct trivet_slice body)
{
    ctx->request.body = body;
}


void
ngx_http_trivet_fill_decrypt(
    ngx_http_trivet_ctx_t *ctx, enum trivet_status (*decrypt)(void *data,
                                    struct trivet_decrypter *decrypter))
{
    ctx->request.encrypted.decrypt = decrypt;
    ctx->request.encrypted.data = ctx;
}


void
ngx_http_trivet_fill_evidence(
    ngx_http_trivet_ctx_t *ctx, const struct trivet_evidence *evidence)
{
    ctx->request.evidence = evidence;
}
