/* SPDX-License-Identifier: Apache-2.0 */
/* headers.c - reads the request's header, strips and adds fields */
#include "module.h"

#include "base/uuid.h"
#include "crypto/digest.h"


/* Lower-case, as nginx keeps them beside the caller's spelling. */
#define NGX_HTTP_TRIVET_TOKEN     "x-bunq-client-authentication"
#define NGX_HTTP_TRIVET_SIGNATURE "x-bunq-client-signature"


static ngx_int_t
ngx_http_trivet_is_header(ngx_table_elt_t *h, const char *name)
{
    return h->key.len == ngx_strlen(name)
           && ngx_strncmp(h->lowcase_key, name, h->key.len) == 0;
}


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

    if (h->lowcase_key == NULL || h->key.len < sizeof("x-bunq-") - 1
        || ngx_strncmp(h->lowcase_key, "x-bunq-", sizeof("x-bunq-") - 1) != 0)
    {
        return;
    }

    if (ngx_http_trivet_is_header(h, NGX_HTTP_TRIVET_TOKEN)) {
        request->token = ngx_http_trivet_slice(h->value);
        request->num_tokens++;

    } else if (ngx_http_trivet_is_header(h, NGX_HTTP_TRIVET_SIGNATURE)) {
        request->signature = ngx_http_trivet_slice(h->value);
        request->num_signatures++;

    } else if (ngx_http_trivet_is_header(h, "x-bunq-language")) {
        request->language = ngx_http_trivet_slice(h->value);

    } else if (ngx_http_trivet_is_header(h, "x-bunq-client-request-id")) {
        ctx->request_id = h->value;
        request->id = ngx_http_trivet_slice(h->value);
    }
}


void
ngx_http_trivet_read_headers(ngx_http_trivet_ctx_t *ctx)
{
    ngx_http_trivet_each_header(
        &ctx->original.fields, ctx, ngx_http_trivet_read_header);
}


/* ---- what the full scheme signs ---------------------------------------- */

/* The fields of a list; the core passes over those that are not signed. NULL
 * when memory ran out. */
static struct trivet_field *
ngx_http_trivet_collect_fields(
    ngx_http_request_t *r, ngx_list_part_t *part, size_t *out_num)
{
    ngx_uint_t i;
    ngx_array_t fields;
    ngx_table_elt_t *h;
    struct trivet_field *field;

    if (ngx_array_init(&fields, r->pool, 16, sizeof(struct trivet_field))
        != NGX_OK) {
        return NULL;
    }

    for (/* void */; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash == 0) {
                continue;
            }

            field = ngx_array_push(&fields);
            if (field == NULL) {
                return NULL;
            }

            field->name = ngx_http_trivet_slice(h[i].key);
            field->value = ngx_http_trivet_slice(h[i].value);
        }
    }

    *out_num = fields.nelts;

    return fields.elts;
}


/* Room for a head: all fields, and what is written around them. */
static struct trivet_writer
ngx_http_trivet_head_writer(ngx_http_request_t *r,
    const struct trivet_field *fields, size_t num_fields, size_t more)
{
    size_t i, size = more + 64;

    for (i = 0; i < num_fields; i++) {
        size += fields[i].name.len + fields[i].value.len + 4;
    }

    return trivet_writer_make(ngx_palloc(r->pool, size), size);
}


ngx_int_t
ngx_http_trivet_make_request_head(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    size_t num;
    struct trivet_field *fields;
    struct trivet_writer writer;
    struct trivet_request *request = &ctx->request;

    ctx->head = trivet_slice_make(NULL, 0);

    if (request->profile->signing == TRIVET_SIGNING_BODY
        || request->num_signatures != 1 || request->signature.len == 0
        || !trivet_decide_needs_signature(&request->rule, request->profile))
    {
        return NGX_OK; /* nobody will look at it */
    }

    fields = ngx_http_trivet_collect_fields(r, &ctx->original.fields, &num);
    if (fields == NULL) {
        return NGX_ERROR;
    }

    writer = ngx_http_trivet_head_writer(
        r, fields, num, ctx->original.method.len + ctx->original.target.len);
    if (writer.data == NULL) {
        return NGX_ERROR;
    }

    if (trivet_canonical_request_head(TRIVET_SCHEME_FULL,
            ngx_http_trivet_slice(ctx->original.method),
            ngx_http_trivet_slice(ctx->original.target), fields, num, &writer)
        != TRIVET_OK)
    {
        /* More fields than any client signs: no full signature can fit. */
        if (request->profile->signing == TRIVET_SIGNING_FULL) {
            request->num_signatures = 2;
        }
        return NGX_OK;
    }

    ctx->head = trivet_writer_slice(&writer);

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_make_response_head(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx, struct trivet_slice *out)
{
    size_t num;
    struct trivet_field *fields;
    struct trivet_writer writer;
    const struct trivet_profile *profile = ctx->request.profile;

    *out = trivet_slice_make(NULL, 0);

    if (profile == NULL
        || profile->response_signing == TRIVET_RESPONSE_SIGNING_BODY)
    {
        return NGX_OK;
    }

    fields =
        ngx_http_trivet_collect_fields(r, &r->headers_out.headers.part, &num);
    if (fields == NULL) {
        return NGX_ERROR;
    }

    writer = ngx_http_trivet_head_writer(r, fields, num, 0);
    if (writer.data == NULL
        || trivet_canonical_response_head(TRIVET_SCHEME_FULL,
               (unsigned) r->headers_out.status, fields, num, &writer)
               != TRIVET_OK)
    {
        return NGX_ERROR;
    }

    *out = trivet_writer_slice(&writer);

    return NGX_OK;
}


/* ---- towards the API behind -------------------------------------------- */

/* "Trivet-User-Id" in any spelling that some framework would take for it:
 * whatever is neither letter nor digit counts as a hyphen. */
static ngx_int_t
ngx_http_trivet_is_identity(ngx_table_elt_t *h)
{
    static const char prefix[] = "trivet-";

    u_char ch;
    ngx_uint_t i;

    if (h->key.len < sizeof(prefix) - 1) {
        return 0;
    }

    for (i = 0; i < sizeof(prefix) - 1; i++) {
        ch = ngx_tolower(h->key.data[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')) {
            ch = '-';
        }

        if (ch != (u_char) prefix[i]) {
            return 0;
        }
    }

    return 1;
}


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

    if (ngx_http_trivet_is_identity(h)
        || (!tlcf->pass_forwarded && ngx_http_trivet_is_forwarded(&h->key)))
    {
        return 1;
    }

    for (i = 0; i < sizeof(stripped) / sizeof(stripped[0]); i++) {
        if (ngx_http_trivet_is_header(h, stripped[i])) {
            return 1;
        }
    }

    if (ctx->upgrade.len == 0 && ngx_http_trivet_is_header(h, "upgrade")) {
        return 1;
    }

    return !tlcf->pass_credentials
           && (ngx_http_trivet_is_header(h, NGX_HTTP_TRIVET_TOKEN)
               || ngx_http_trivet_is_header(h, NGX_HTTP_TRIVET_SIGNATURE));
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


/* Whatever "gzip on" says: a compressed answer would not be the signed one. */
void
ngx_http_trivet_no_gzip(ngx_http_request_t *r)
{
    r->gzip_tested = 1;
    r->gzip_ok = 0;
}


/* ---- towards the caller ------------------------------------------------ */

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
    static const char *const ours[] = {"X-Bunq-Client-Request-Id",
        "X-Bunq-Client-Response-Id", "X-Bunq-Server-Signature",
        "X-Trivet-Reason"};

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
    if (tmcf->uuids_left < TRIVET_UUID_LEN) {
        if (trivet_random(tmcf->uuids, sizeof(tmcf->uuids)) != TRIVET_OK) {
            return NULL;
        }
        tmcf->uuids_left = sizeof(tmcf->uuids);
    }

    tmcf->uuids_left -= TRIVET_UUID_LEN;

    return tmcf->uuids + tmcf->uuids_left;
}


static ngx_int_t
ngx_http_trivet_add_response_id(ngx_http_request_t *r)
{
    char *text;
    u_char *random;
    ngx_str_t value;

    random = ngx_http_trivet_next_uuid(
        ngx_http_get_module_main_conf(r, ngx_http_trivet_module));
    text = ngx_pnalloc(r->pool, TRIVET_UUID_SIZE);
    if (random == NULL || text == NULL) {
        return NGX_ERROR;
    }

    trivet_uuid_format(random, text);
    value.data = (u_char *) text;
    value.len = TRIVET_UUID_SIZE - 1;

    return ngx_http_trivet_add_header(r, "X-Bunq-Client-Response-Id", &value);
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

    if (ctx->request_id.data != NULL
        && ngx_http_trivet_add_header(
               r, "X-Bunq-Client-Request-Id", &ctx->request_id)
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


ngx_int_t
ngx_http_trivet_add_signature(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    static const struct trivet_memos none;

    char *text;
    int64_t begin_ns;
    ngx_str_t value;
    const struct trivet_memos *memos;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    begin_ns = tmcf->metrics == NULL ? 0 : ngx_http_trivet_ticks_ns();

    text = ngx_pnalloc(r->pool, TRIVET_SIGNATURE_TEXT_LEN);
    if (text == NULL) {
        return NGX_ERROR;
    }

    /* What has a head in front has never been seen before. */
    memos =
        ctx->request.profile->response_signing == TRIVET_RESPONSE_SIGNING_BODY
            ? &tmcf->memos
            : &none;

    if (trivet_sign_remembered(memos,
            tmcf->server_keys[ctx->answer.server_key].tag,
            tmcf->signers[ctx->answer.server_key], digest, text,
            &ctx->answer.measures.knew_signature)
        != TRIVET_OK)
    {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
            "trivet: the answer could not be signed");
        return NGX_ERROR;
    }

    if (tmcf->metrics != NULL && !ctx->answer.measures.knew_signature) {
        ctx->answer.measures.has_signed = true;
        ctx->answer.measures.signing_ns = ngx_http_trivet_ticks_ns() - begin_ns;
    }

    value.data = (u_char *) text;
    value.len = TRIVET_SIGNATURE_TEXT_LEN;

    return ngx_http_trivet_add_header(r, "X-Bunq-Server-Signature", &value);
}
