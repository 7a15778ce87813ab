/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - keeps the last requests for operators */
#include "gateway/journal.h"

#include "gateway/address.h"
#include "gateway/body.h"
#include "gateway/clock.h"
#include "gateway/request.h"
#include "gateway/sandbox.h"
#include "gateway/slice.h"
#include "gateway/zone.h"

#include "core/secret_names.h"


/* ---- the zone ---------------------------------------------------------- */

char *
ngx_http_trivet_set_journal(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    ngx_str_t *value;

    (void) cmd;

    if (tmcf->journal_size != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tmcf->journal_size = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "on") == 0) {
        tmcf->journal_size = TRIVET_DEFAULT_JOURNAL;
        return NGX_CONF_OK;
    }

    tmcf->journal_size = ngx_atoi(value[1].data, value[1].len);
    if (tmcf->journal_size == NGX_ERROR || tmcf->journal_size == 0
        || tmcf->journal_size > TRIVET_MAX_JOURNAL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "trivet_journal: \"%V\" is neither \"on\", \"off\" nor a number "
            "of requests from 1 to %d",
            &value[1], (int) TRIVET_MAX_JOURNAL);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_trivet_init_journal(ngx_shm_zone_t *zone, void *old)
{
    ngx_int_t num;

    if (ngx_http_trivet_zone_is_kept(zone, old)) {
        return NGX_OK;
    }

    num = (ngx_int_t) (uintptr_t) zone->data;
    if (ngx_http_trivet_zone_make(zone, trivet_journal_size((size_t) num))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return trivet_journal_init(zone->data, (size_t) num) == TRIVET_OK
               ? NGX_OK
               : NGX_ERROR;
}


ngx_int_t
ngx_http_trivet_add_journal(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    if (tmcf->journal_size == 0) {
        return NGX_OK;
    }

    tmcf->journal = ngx_http_trivet_zone_add(cf, "trivet_journal",
        trivet_journal_size((size_t) tmcf->journal_size),
        ngx_http_trivet_init_journal);
    if (tmcf->journal == NULL) {
        return NGX_ERROR;
    }

    tmcf->journal->data = (void *) (uintptr_t) tmcf->journal_size;

    return NGX_OK;
}


struct trivet_journal *
ngx_http_trivet_get_journal(ngx_http_trivet_main_conf_t *tmcf)
{
    return tmcf->journal == NULL ? NULL : tmcf->journal->data;
}


/* ---- a request --------------------------------------------------------- */

static void
ngx_http_trivet_note_fields(
    ngx_http_trivet_ctx_t *ctx, struct trivet_journal_entry *entry)
{
    ngx_uint_t i;
    ngx_list_part_t *part;
    ngx_table_elt_t *h;
    struct trivet_slice value;

    for (part = &ctx->original.fields; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            value = ngx_http_trivet_slice(h[i].value);
            if (trivet_secret_is_field(ngx_http_trivet_slice(h[i].key))) {
                value = trivet_slice_text("***");
            }

            trivet_journal_put(&entry->fields_text, entry->fields,
                sizeof(entry->fields), ngx_http_trivet_slice(h[i].key));
            trivet_journal_put(&entry->fields_text, entry->fields,
                sizeof(entry->fields), trivet_slice_text(": "));
            trivet_journal_put(&entry->fields_text, entry->fields,
                sizeof(entry->fields), value);
            trivet_journal_put(&entry->fields_text, entry->fields,
                sizeof(entry->fields), trivet_slice_text("\n"));
        }
    }
}


/* What is in a file is not looked at. */
static void
ngx_http_trivet_note_body(
    ngx_http_request_t *r, struct trivet_journal_entry *entry)
{
    ngx_buf_t *b;
    ngx_chain_t *cl;

    for (cl = ngx_http_trivet_body(r); cl != NULL; cl = cl->next) {
        b = cl->buf;
        if (ngx_buf_size(b) == 0) {
            continue;
        }
        if (!ngx_buf_in_memory(b)) {
            entry->body_text.is_cut = 1;
            return;
        }

        trivet_journal_put(&entry->body_text, entry->body, sizeof(entry->body),
            trivet_slice_make(b->pos, (size_t) (b->last - b->pos)));
    }
}


/* What a wrong signature was over. */
static void
ngx_http_trivet_note_signed(const struct trivet_was_signed *was_signed,
    struct trivet_journal_entry *entry)
{
    entry->has_digests = was_signed->has_digests;
    ngx_memcpy(entry->signed_digest, was_signed->digest, TRIVET_DIGEST_LEN);
    ngx_memcpy(
        entry->to_sign_digest, was_signed->wanted_digest, TRIVET_DIGEST_LEN);

    entry->has_was_signed = was_signed->has_bytes;
    entry->was_signed_text.is_cut = was_signed->is_cut;
    trivet_journal_put(&entry->was_signed_text, entry->was_signed,
        sizeof(entry->was_signed), trivet_buffer_slice(&was_signed->bytes));
    trivet_journal_cut(&entry->was_signed_text, entry->was_signed);
}


static void
ngx_http_trivet_note_exchange(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    struct trivet_journal_entry *entry)
{
    struct trivet_buffer *answer = &ctx->answer.body;

    entry->has_exchange = 1;
    ngx_http_trivet_note_fields(ctx, entry);
    ngx_http_trivet_note_body(r, entry);
    trivet_journal_put(&entry->signed_text, entry->signed_head,
        sizeof(entry->signed_head), ctx->head);
    if (answer->data != NULL) {
        trivet_journal_put(&entry->answer_text, entry->answer,
            sizeof(entry->answer),
            trivet_slice_make(answer->data, answer->len));
    }

    ngx_http_trivet_note_signed(&ctx->answer.was_signed, entry);

    trivet_journal_cut(&entry->fields_text, entry->fields);
    trivet_journal_cut(&entry->body_text, entry->body);
    trivet_journal_cut(&entry->signed_text, entry->signed_head);
    trivet_journal_cut(&entry->answer_text, entry->answer);
}


static void
ngx_http_trivet_note_call(
    ngx_http_trivet_ctx_t *ctx, struct trivet_journal_entry *entry)
{
    const char *method, *path;

    if (ctx->request.call == NULL) {
        return;
    }

    trivet_call_name(trivet_call_index(ctx->request.call), &method, &path);
    (void) ngx_snprintf((u_char *) entry->call, sizeof(entry->call) - 1,
        "%s %s%Z", method, path);
}


static void
ngx_http_trivet_note(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    struct trivet_slice target, struct trivet_journal_entry *entry)
{
    const struct trivet_measures *measures = &ctx->answer.measures;
    const struct trivet_identity *identity = &ctx->answer.identity;

    struct trivet_address address;

    entry->at_us = ngx_http_trivet_now_us() + ngx_http_trivet_clock_offset_us();
    entry->took_ms = ngx_http_trivet_took_ms(r);
    entry->status =
        (unsigned) (r->err_status != 0 ? r->err_status : r->headers_out.status);
    entry->reason = ctx->reason;
    entry->is_admitted = ctx->reason == TRIVET_REASON_NONE;
    entry->has_verified = measures->has_verified;
    entry->verifying_ns = measures->verifying_ns;
    entry->has_signed = measures->has_signed;
    entry->signing_ns = measures->signing_ns;
    entry->queued_ns = measures->queued_ns;
    entry->user_id = identity->user_id;
    entry->api_key_id = identity->api_key_id;
    entry->installation_id = identity->installation_id;
    entry->device_id = identity->device_id;
    entry->session_id = identity->session_id;

    address = ngx_http_trivet_address(r);
    trivet_address_format(&address, entry->address);
    (void) ngx_snprintf((u_char *) entry->method, sizeof(entry->method) - 1,
        "%V%Z", &ctx->original.method);
    if (ctx->answer.mistake != NULL) {
        (void) ngx_snprintf((u_char *) entry->mistake,
            sizeof(entry->mistake) - 1, "%s%Z", ctx->answer.mistake);
    }
    ngx_http_trivet_note_call(ctx, entry);

    trivet_journal_put(
        &entry->target_text, entry->target, sizeof(entry->target), target);
    trivet_journal_cut(&entry->target_text, entry->target);
}


ngx_int_t
ngx_http_trivet_journal_handler(ngx_http_request_t *r)
{
    u_char *mark;
    struct trivet_slice target;
    ngx_http_trivet_ctx_t *ctx;
    struct trivet_journal *journal;
    ngx_http_trivet_loc_conf_t *tlcf;
    ngx_http_trivet_main_conf_t *tmcf;
    struct trivet_journal_entry *entry;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_trivet_get_ctx(r);
    journal = ngx_http_trivet_get_journal(tmcf);

    if (journal == NULL || r != r->main || ctx == NULL
        || (ctx->decided_by == NULL && !tlcf->calls && !tlcf->protect))
    {
        return NGX_OK;
    }

    entry = trivet_journal_begin(journal);
    if (entry == NULL) {
        return NGX_OK;
    }

    target = ngx_http_trivet_slice(ctx->original.target);
    mark = ngx_strlchr(ctx->original.target.data,
        ctx->original.target.data + ctx->original.target.len, '?');
    if (mark != NULL && !tmcf->sandbox) {
        /* people put secrets there, of any form */
        target.len = (size_t) (mark - ctx->original.target.data);
    }

    ngx_http_trivet_note(r, ctx, target, entry);
    if (tmcf->sandbox) {
        ngx_http_trivet_note_exchange(r, ctx, entry);
    }
    trivet_journal_end(journal);

    return NGX_OK;
}
