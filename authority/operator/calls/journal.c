/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - the last requests, each with what became of it */
#include <stdlib.h>

#include "authority/limits/journal.h"
#include "authority/operator/calls/calls.h"
#include "authority/operator/json.h"
#include "authority/operator/place.h"
#include "base/encoding.h"

enum { DEFAULT_COUNT = 100, MAX_DIGEST_TEXT = 2 * TRIVET_DIGEST_LEN };

#define ID_OR_NULL(id_name)                                                    \
    {                                                                          \
        .name = (id_name), .type = TRIVET_TYPE_ID, .is_optional = true         \
    }
#define TEXT_OR_NULL(text_name, text_max, what)                                \
    {                                                                          \
        .name = (text_name), .type = TRIVET_TYPE_TEXT, .is_optional = true,    \
        .max = (text_max), .meaning = (what)                                   \
    }
#define SPAN(span_name, what)                                                  \
    {                                                                          \
        .name = (span_name), .type = TRIVET_TYPE_INTEGER, .is_optional = true, \
        .max = INT64_MAX, .meaning = (what)                                    \
    }

const struct trivet_operator_field trivet_journal_fields[] = {
    {.name = "id",
        .type = TRIVET_TYPE_ID,
        .meaning = "counted since the gateway's start"},
    {.name = "at", .type = TRIVET_TYPE_MOMENT},
    {.name = "method",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_JOURNAL_METHOD},
    {.name = "target",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_JOURNAL_TARGET,
        .meaning = "as it was sent, secrets cut out; outside a sandbox without "
                   "the query"},
    TEXT_OR_NULL("call", TRIVET_MAX_CALL_PATH + TRIVET_MAX_JOURNAL_METHOD,
        "of the protocol's own; null: of the API behind"),
    {.name = "status",
        .type = TRIVET_TYPE_INTEGER,
        .max = 999,
        .meaning = "of HTTP"},
    {.name = "is_admitted", .type = TRIVET_TYPE_FLAG},
    TEXT_OR_NULL("reason", TRIVET_MAX_JOURNAL_WORD, "why it was refused"),
    TEXT_OR_NULL("meaning", 1024, "the reason in words for an operator"),
    TEXT_OR_NULL("mistake", TRIVET_MAX_JOURNAL_WORD,
        "what was done wrong in the signature (trivet-reasons(7))"),
    ID_OR_NULL("user_id"),
    ID_OR_NULL("api_key_id"),
    ID_OR_NULL("installation_id"),
    ID_OR_NULL("device_id"),
    ID_OR_NULL("session_id"),
    {.name = "address",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_ADDRESS_TEXT},
    {.name = "took_ms",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "from the request's first byte to the answer's last"},
    SPAN("verifying_us", "the request's signature"),
    SPAN("signing_us", "the answer's signature"),
    SPAN("queued_us", "the answer waited for its signature"),
    TEXT_OR_NULL("headers", TRIVET_MAX_JOURNAL_FIELDS, "in a sandbox"),
    TEXT_OR_NULL("body", TRIVET_MAX_JOURNAL_BODY, "likewise"),
    TEXT_OR_NULL("to_sign", TRIVET_MAX_JOURNAL_SIGNED,
        "what the caller was to sign, in a sandbox"),
    TEXT_OR_NULL("was_signed", TRIVET_MAX_JOURNAL_SIGNED,
        "what a wrong signature is over, in a sandbox, when that was found "
        "out"),
    TEXT_OR_NULL("to_sign_sha256", MAX_DIGEST_TEXT,
        "of all of it, before anything was cut; of a wrong signature alone"),
    TEXT_OR_NULL("was_signed_sha256", MAX_DIGEST_TEXT,
        "likewise, also when its bytes are not known"),
    TEXT_OR_NULL("answer", TRIVET_MAX_JOURNAL_BODY, "in a sandbox"),
    {.name = "is_cut",
        .type = TRIVET_TYPE_FLAG,
        .meaning = "target or body are not shown, or not as they were sent"},
    {.name = NULL},
};

/* A text of bytes; what is not UTF-8 is escaped. */
static json_t *
text_of(const char *bytes, const struct trivet_journal_text *text)
{
    json_t *value = json_stringn(bytes, text->len);
    char *copy;

    if (value != NULL) {
        return value;
    }

    copy = calloc(1, text->len + 1);
    if (copy == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < text->len; i++) {
        copy[i] = bytes[i];
        if (copy[i] == '\0') {
            copy[i] = ' ';
        }
    }
    value = trivet_operator_json_text(copy);
    free(copy);

    return value;
}

static bool
is_utf8(const char *bytes, size_t len)
{
    json_t *value = json_stringn(bytes, len);

    json_decref(value);
    return value != NULL;
}

static bool
is_cut(const struct trivet_journal_entry *entry)
{
    return !entry->has_exchange || entry->target_text.is_cut
           || entry->body_text.is_cut
           || !is_utf8(entry->target, entry->target_text.len)
           || !is_utf8(entry->body, entry->body_text.len);
}

static json_t *
exchange_of(const struct trivet_journal_entry *entry, const char *bytes,
    const struct trivet_journal_text *text)
{
    return entry->has_exchange ? text_of(bytes, text) : json_null();
}

static json_t *
to_sign_of(const struct trivet_journal_entry *entry)
{
    const struct trivet_journal_text *head = &entry->signed_text;
    const struct trivet_journal_text *body = &entry->body_text;
    static __thread char joined[sizeof entry->signed_head + sizeof entry->body];
    struct trivet_journal_text text = {.len = head->len + body->len};

    if (!entry->has_exchange) {
        return json_null();
    }

    memcpy(joined, entry->signed_head, head->len);
    memcpy(joined + head->len, entry->body, body->len);
    return text_of(joined, &text);
}

static json_t *
digest_of(const struct trivet_journal_entry *entry,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    char text[MAX_DIGEST_TEXT];

    if (!entry->has_digests) {
        return json_null();
    }

    trivet_hex_encode(trivet_slice_make(digest, TRIVET_DIGEST_LEN), text);
    return json_stringn(text, sizeof text);
}

static json_t *
span_of(bool is_there, int64_t ns)
{
    return is_there ? json_integer(ns / 1000) : json_null();
}

static void
put_reason(json_t **row, const struct trivet_journal_entry *entry)
{
    const struct trivet_reason_row *reason = trivet_reason_row(entry->reason);
    const char *id = NULL;
    const char *meaning = NULL;

    if (entry->reason != TRIVET_REASON_NONE) {
        id = reason->id;
        meaning = reason->operator_text;
    }

    trivet_json_put(row, "reason", json_pack("s?", id));
    trivet_json_put(row, "meaning", json_pack("s?", meaning));
}

static json_t *
was_signed_of(const struct trivet_journal_entry *entry)
{
    return entry->has_was_signed
               ? text_of(entry->was_signed, &entry->was_signed_text)
               : json_null();
}

static void
put_exchange(json_t **row, const struct trivet_journal_entry *entry)
{
    trivet_json_put(
        row, "headers", exchange_of(entry, entry->fields, &entry->fields_text));
    trivet_json_put(
        row, "body", exchange_of(entry, entry->body, &entry->body_text));
    trivet_json_put(row, "to_sign", to_sign_of(entry));
    trivet_json_put(row, "was_signed", was_signed_of(entry));
    trivet_json_put(
        row, "to_sign_sha256", digest_of(entry, entry->to_sign_digest));
    trivet_json_put(
        row, "was_signed_sha256", digest_of(entry, entry->signed_digest));
    trivet_json_put(
        row, "answer", exchange_of(entry, entry->answer, &entry->answer_text));
    trivet_json_put(row, "is_cut", json_boolean(is_cut(entry)));
}

static json_t *
row_of(const struct trivet_journal_entry *entry)
{
    json_t *row = json_pack("{s:I, s:o, s:o, s:o, s:o, s:i, s:b, s:o, s:o, "
                            "s:o, s:o, s:o, s:o, s:o, "
                            "s:I, s:o, s:o, s:o}",
        "id", (json_int_t) entry->id, "at", trivet_json_moment(entry->at_us),
        "method", trivet_operator_json_text(entry->method), "target",
        text_of(entry->target, &entry->target_text), "call",
        trivet_operator_json_text_or_null(entry->call), "status",
        (int) entry->status, "is_admitted", (int) entry->is_admitted, "mistake",
        trivet_operator_json_text_or_null(entry->mistake), "user_id",
        trivet_operator_json_id(entry->user_id), "api_key_id",
        trivet_operator_json_id(entry->api_key_id), "installation_id",
        trivet_operator_json_id(entry->installation_id), "device_id",
        trivet_operator_json_id(entry->device_id), "session_id",
        trivet_operator_json_id(entry->session_id), "address",
        trivet_operator_json_text(entry->address), "took_ms",
        (json_int_t) entry->took_ms, "verifying_us",
        span_of(entry->has_verified, entry->verifying_ns), "signing_us",
        span_of(entry->has_signed, entry->signing_ns), "queued_us",
        span_of(entry->has_signed, entry->queued_ns));

    put_reason(&row, entry);
    put_exchange(&row, entry);

    return row;
}

static enum trivet_status
list(struct trivet_operation *operation, struct trivet_journal_entry *entry)
{
    struct trivet_journal *journal = operation->place->journal;
    int64_t count = DEFAULT_COUNT;
    int64_t after;

    if (trivet_operation_has(operation, "count")) {
        count = trivet_operation_integer(operation, "count");
    }
    after = trivet_operation_has(operation, "after")
                ? trivet_operation_integer(operation, "after")
                : trivet_journal_before_last(journal, count);

    for (; count > 0 && trivet_journal_next(journal, after, entry); count--) {
        after = entry->id;
        TRIVET_TRY(trivet_operation_add(operation, row_of(entry)));
    }

    return TRIVET_OK;
}

/* In their own order: the oldest first. */
enum trivet_status
trivet_operator_journal_list(struct trivet_operation *operation)
{
    struct trivet_journal_entry *entry;
    enum trivet_status status;

    if (operation->place->journal == NULL) {
        return trivet_error_set(operation->err, TRIVET_E_NOT_FOUND, "journal",
            "no journal is kept: trivet_journal is off");
    }

    entry = malloc(sizeof *entry); /* large */
    if (entry == NULL) {
        return trivet_error_set(
            operation->err, TRIVET_E_MEMORY, "journal", "out of memory");
    }

    status = list(operation, entry);
    free(entry);
    return status;
}
