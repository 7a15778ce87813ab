/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - what the sandbox says about a signature that it refused
 *
 * The known mistakes are core/mistake.h's, trying them is crypto/explain.h's.
 * Here is what only a server knows: other installations' keys, how much work
 * it is worth, and who reads the answer. Nothing of it is a secret: digests of
 * what the caller sent, and the caller's own number.
 */
#include "authority/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "authority/limits/journal.h"
#include "core/field_names.h"
#include "crypto/explain.h"
#include "store/noun/installation.h"

enum {
    BURST = 40,      /* explanations at once              */
    STEP_US = 50000, /* and then one in this time at most */
    MAX_FIELDS = 128,
    MAX_PATH = 100,
    MAX_TEXT = 1536
};

/* ---- writing ------------------------------------------------------------- */

/* "text" -> "Text." */
static void
put_sentence(struct trivet_writer *out, const char *text, const char *more)
{
    unsigned char first = (unsigned char) text[0];

    if (first >= 'a' && first <= 'z') {
        first = (unsigned char) (first & ~0x20);
    }

    trivet_writer_put_text(out, out->len == 0 ? "" : " ");
    trivet_writer_put_byte(out, first);
    trivet_writer_put_text(out, text + 1);
    if (more != NULL) {
        trivet_writer_put_text(out, ": ");
        trivet_writer_put_text(out, more);
    }
    trivet_writer_put_byte(out, '.');
}

TRIVET_PRINTF(2, 3)
static void
put_format(struct trivet_writer *out, const char *format, ...)
{
    char text[MAX_TEXT];
    va_list arguments;

    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_sentence(out, text, NULL);
}

/* ---- no signature -------------------------------------------------------- */

/* The method and path, when they can be shown; else "This call". */
static void
put_call(const struct trivet_evidence *evidence, struct trivet_writer *out)
{
    const void *mark = memchr(evidence->target.data, '?', evidence->target.len);
    struct trivet_slice path = evidence->target;

    if (mark != NULL) {
        path.len = (size_t) ((const unsigned char *) mark - path.data);
    }
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] <= ' ' || path.data[i] > '~') {
            path.len = 0;
        }
    }

    if (path.len == 0 || path.len > MAX_PATH || evidence->method.len > 16) {
        trivet_writer_put_text(out, "This call");
        return;
    }

    trivet_writer_put(out, evidence->method);
    trivet_writer_put_byte(out, ' ');
    trivet_writer_put(out, path);
}

static const char *
explain_missing(struct trivet_case *c, struct trivet_writer *out)
{
    const struct trivet_request *request = c->request;
    const char *what =
        " needs a signature, but " TRIVET_FIELD_CLIENT_SIGNATURE " is empty";
    const char *over =
        ": sign the exact bytes of the body (no bytes, when there is none)";

    if (request->signature_header == TRIVET_SIGNATURE_HEADER_NONE) {
        what = " needs the header " TRIVET_FIELD_CLIENT_SIGNATURE
               ", which was not sent";
    }
    if (request->profile->signing == TRIVET_SIGNING_FULL) {
        over = ": sign first line, headers and body";
    }

    put_call(request->evidence, out);
    trivet_writer_put_text(out, what);
    trivet_writer_put_text(out, over);
    trivet_writer_put_text(out,
        " with the installation's private key, RSASSA-PKCS1-v1_5 and SHA-256, "
        "and send the base64; IGNORE_ONLY_FOR_TESTING is no way round it any "
        "more.");

    return trivet_mistake_row(TRIVET_MISTAKE_NO_SIGNATURE)->id;
}

/* ---- one that does not fit ----------------------------------------------- */

struct refused {
    struct trivet_explain_input input;
    struct trivet_explanation found;
    struct trivet_field fields[MAX_FIELDS];
    size_t body_len;
    bool is_made_with_other; /* installation's key */
};

static void
gather(struct trivet_case *c, struct refused *refused)
{
    const struct trivet_request *request = c->request;
    const struct trivet_evidence *evidence = request->evidence;
    struct trivet_signed_message *message = &refused->input.message;

    *message = (struct trivet_signed_message){
        .scheme = request->profile->signing == TRIVET_SIGNING_FULL
                      ? TRIVET_SCHEME_FULL
                      : TRIVET_SCHEME_BODY,
        .method = evidence->method,
        .target = evidence->target,
        .fields = refused->fields,
        .num_fields =
            evidence->read_fields(evidence->data, refused->fields, MAX_FIELDS),
    };
    if (!evidence->read_body(
            evidence->data, &message->body, &refused->body_len)) {
        message->body = trivet_slice_make(NULL, 0);
        refused->input.digest = request->body_digest;
    }

    refused->input.signature = request->signature;
    refused->input.key = c->answer->identity.session_id != 0
                             ? &c->session.key
                             : &c->installation.key;
    refused->input.max_work = TRIVET_MAX_EXPLAIN_WORK;
    refused->input.was_signed = &c->answer->was_signed.bytes;
    c->answer->was_signed.bytes = trivet_buffer_make(TRIVET_MAX_JOURNAL_SIGNED);
}

static void
try_key(void *user, const struct trivet_public_key *key)
{
    struct refused *refused = user;

    refused->is_made_with_other =
        refused->is_made_with_other
        || trivet_explain_is_made_with(refused->input.signature, key);
}

/* TRIVET_MISTAKE_NONE: nothing can be said. */
static enum trivet_mistake
find_mistake(struct trivet_case *c, struct refused *refused)
{
    enum trivet_status status;

    if (c->request->signature_header == TRIVET_SIGNATURE_HEADER_SEVERAL) {
        return TRIVET_MISTAKE_SEVERAL_SIGNATURES;
    }
    if (c->request->signature_header == TRIVET_SIGNATURE_HEADER_TOO_MANY_FIELDS)
    {
        return TRIVET_MISTAKE_TOO_MANY_FIELDS;
    }
    if (trivet_explain(&refused->input, &refused->found, NULL) != TRIVET_OK) {
        return TRIVET_MISTAKE_NONE;
    }
    if (refused->found.mistake != TRIVET_MISTAKE_WRONG_KEY) {
        return refused->found.mistake;
    }

    /* A store that fails here leaves it at that. */
    status =
        trivet_store_newest_keys(c->store, c->answer->identity.installation_id,
            TRIVET_MAX_EXPLAIN_KEYS, try_key, refused, NULL);
    return status == TRIVET_OK && refused->is_made_with_other
               ? TRIVET_MISTAKE_OTHER_INSTALLATION
               : TRIVET_MISTAKE_WRONG_KEY;
}

/* What the caller can compare with what he has. */
static void
put_facts(const struct refused *refused, struct trivet_writer *out)
{
    const struct trivet_explanation *found = &refused->found;
    const char *whose = "its";
    const char *text = "the body";
    char digest[2 * TRIVET_DIGEST_LEN + 1] = "";

    trivet_hex_encode(
        trivet_slice_make(found->digest, TRIVET_DIGEST_LEN), digest);
    if (refused->input.message.scheme == TRIVET_SCHEME_FULL) {
        whose = "with first line and headers its";
        text = "the text of first line, headers and body";
    }

    if (refused->input.digest != NULL) {
        put_format(out,
            "the body as received has %zu bytes, too many to examine; %s "
            "SHA-256 is %s",
            refused->body_len, whose, digest);
    } else {
        put_format(out, "%s as received has %zu bytes and SHA-256 %s", text,
            found->len, digest);
    }

    if (found->has_signed_digest) {
        trivet_hex_encode(
            trivet_slice_make(found->signed_digest, TRIVET_DIGEST_LEN), digest);
        put_format(out, "what was signed has SHA-256 %s", digest);
    }
}

static void
put_tried(const struct trivet_explanation *found, struct trivet_writer *out)
{
    const char *text = trivet_mistake_tried();

    if (found->has_given_up) {
        text = "the body is so large that not all known mistakes were tried";
    }

    put_sentence(out, text, NULL);
}

/* What the one who operates the sandbox can compare. */
static void
keep_facts(
    const struct trivet_explanation *found, struct trivet_was_signed *out)
{
    out->has_digests = found->has_signed_digest;
    memcpy(out->digest, found->signed_digest, sizeof out->digest);
    memcpy(out->wanted_digest, found->digest, sizeof out->wanted_digest);
    out->has_bytes = found->knows_signed;
    out->is_cut = found->is_signed_cut;
}

static const char *
explain_refused(struct trivet_case *c, struct trivet_writer *out)
{
    struct refused refused = {.body_len = 0};
    enum trivet_mistake mistake;
    const struct trivet_mistake_row *row;

    gather(c, &refused);
    mistake = find_mistake(c, &refused);
    keep_facts(&refused.found, &c->answer->was_signed);
    row = trivet_mistake_row(mistake);
    if (mistake == TRIVET_MISTAKE_NONE) {
        return NULL;
    }

    put_sentence(out, row->text, refused.found.hash);
    if (mistake == TRIVET_MISTAKE_OTHER_INSTALLATION
        || mistake == TRIVET_MISTAKE_WRONG_KEY)
    {
        put_format(out, "the token is installation %lld's",
            (long long) c->answer->identity.installation_id);
    }
    if (mistake == TRIVET_MISTAKE_WRONG_KEY) {
        put_format(out,
            "the keys of the %d newest installations were tried, too",
            TRIVET_MAX_EXPLAIN_KEYS);
    }
    if (mistake == TRIVET_MISTAKE_OTHER_BODY) {
        put_tried(&refused.found, out);
    }
    if (mistake == TRIVET_MISTAKE_OTHER_BODY
        || mistake == TRIVET_MISTAKE_TOO_LARGE
        || mistake == TRIVET_MISTAKE_WRONG_KEY)
    {
        put_facts(&refused, out);
    }

    return row->id;
}

/* ---- which, and whether -------------------------------------------------- */

static bool
may_explain(struct trivet_explaining *explaining)
{
    return explaining == NULL
           || trivet_bucket_take(&explaining->bucket, BURST, STEP_US,
               explaining->ticks_ns() / 1000);
}

/* The mistake's word; NULL: nothing was written. */
static const char *
write_explanation(struct trivet_case *c, struct trivet_writer *out)
{
    switch ((int) c->answer->verdict.reason) {
    case TRIVET_REASON_SIGNATURE_MISSING:
        return explain_missing(c, out);

    case TRIVET_REASON_SIGNATURE_MALFORMED:
    case TRIVET_REASON_SIGNATURE_WRONG:
        if (may_explain(c->authority->config->explaining)) {
            return explain_refused(c, out);
        }
        put_sentence(out,
            "explanations have a quota, and too many signatures were refused "
            "at once: try again in a second",
            NULL);
        return "rationed";

    default:
        return NULL;
    }
}

void
trivet_case_explain(struct trivet_case *c)
{
    char text[MAX_TEXT];
    struct trivet_writer out = trivet_writer_make(text, sizeof text - 1);
    const char *id;

    if (!c->authority->config->is_sandbox || c->request->evidence == NULL) {
        return;
    }

    id = write_explanation(c, &out);
    if (id == NULL || out.overflowed) {
        return;
    }

    text[out.len] = '\0';
    trivet_answer_explain(c->answer, c->request, id, text);
}
