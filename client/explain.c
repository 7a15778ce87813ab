/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - why a signature does not fit */
#include "client/explain.h"

#include <jansson.h>
#include <stdlib.h>

#include "core/encoding.h"
#include "core/writer.h"
#include "crypto/examine.h"
#include "crypto/signature.h"

enum { MAX_HEAD = 64 * 1024, MAX_SIGNATURE_INPUT = 2048 };

static const char bom[] = "\xef\xbb\xbf";

/* ---- ways in which a body gets changed --------------------------------- */

/* Writes the body as it may have been signed; false: cannot be the case. */
typedef bool (*change_fn)(
    const struct trivet_explain_input *input, struct trivet_writer *out);

static bool
as_it_is(const struct trivet_explain_input *input, struct trivet_writer *out)
{
    trivet_writer_put(out, input->body);
    return true;
}

static bool
without_newline(
    const struct trivet_explain_input *input, struct trivet_writer *out)
{
    struct trivet_slice body = input->body;

    while (
        body.len > 0
        && (body.data[body.len - 1] == '\n' || body.data[body.len - 1] == '\r'))
    {
        body.len--;
    }

    trivet_writer_put(out, body);
    return body.len != input->body.len;
}

static bool
with_newline(
    const struct trivet_explain_input *input, struct trivet_writer *out)
{
    trivet_writer_put(out, input->body);
    trivet_writer_put_byte(out, '\n');
    return true;
}

static bool
with_crlf_end(
    const struct trivet_explain_input *input, struct trivet_writer *out)
{
    trivet_writer_put(out, input->body);
    trivet_writer_put_text(out, "\r\n");
    return true;
}

static bool
crlf_to_lf(const struct trivet_explain_input *input, struct trivet_writer *out)
{
    struct trivet_slice body = input->body;
    bool has_any = false;

    for (size_t i = 0; i < body.len; i++) {
        if (body.data[i] == '\r' && i + 1 < body.len
            && body.data[i + 1] == '\n') {
            has_any = true;
            continue;
        }
        trivet_writer_put_byte(out, body.data[i]);
    }

    return has_any;
}

static bool
lf_to_crlf(const struct trivet_explain_input *input, struct trivet_writer *out)
{
    struct trivet_slice body = input->body;
    bool has_any = false;

    for (size_t i = 0; i < body.len; i++) {
        if (body.data[i] == '\n' && (i == 0 || body.data[i - 1] != '\r')) {
            trivet_writer_put_byte(out, '\r');
            has_any = true;
        }
        trivet_writer_put_byte(out, body.data[i]);
    }

    return has_any;
}

static bool
without_bom(const struct trivet_explain_input *input, struct trivet_writer *out)
{
    if (!trivet_slice_starts_with(input->body, bom)) {
        return false;
    }

    trivet_writer_put(out, trivet_slice_after(input->body, 3));
    return true;
}

static bool
with_bom(const struct trivet_explain_input *input, struct trivet_writer *out)
{
    trivet_writer_put_text(out, bom);
    trivet_writer_put(out, input->body);
    return true;
}

static bool
empty(const struct trivet_explain_input *input, struct trivet_writer *out)
{
    (void) out;
    return input->body.len > 0;
}

/* As nearly all JSON writers have it: \u00e9, where jansson has \u00E9. */
static void
lower_escapes(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        if (*p != '\\') {
            continue;
        }
        p++;
        for (int i = 1; *p == 'u' && i <= 4 && p[i] != '\0'; i++) {
            if (p[i] >= 'A' && p[i] <= 'F') {
                p[i] = (char) (p[i] | 0x20);
            }
        }
    }
}

static bool
dump_json(const struct trivet_explain_input *input, size_t flags,
    struct trivet_writer *out)
{
    json_t *root = json_loadb((const char *) input->body.data, input->body.len,
        JSON_DECODE_ANY, NULL);
    char *text =
        root == NULL ? NULL : json_dumps(root, flags | JSON_ENCODE_ANY);

    json_decref(root);
    if (text == NULL) {
        return false;
    }

    lower_escapes(text);
    trivet_writer_put_text(out, text);
    free(text);
    return true;
}

/* The digest in hex, of which programs take the digest once more. */
static bool
hex_of_digest(
    const struct trivet_explain_input *input, struct trivet_writer *out)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    char text[2 * TRIVET_DIGEST_LEN];

    if (trivet_sha256(input->body, digest) != TRIVET_OK) {
        return false;
    }

    trivet_hex_encode(trivet_slice_make(digest, sizeof digest), text);
    trivet_writer_put(out, trivet_slice_make(text, sizeof text));
    return true;
}

static bool
digest_of_body(
    const struct trivet_explain_input *input, struct trivet_writer *out)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    if (trivet_sha256(input->body, digest) != TRIVET_OK) {
        return false;
    }

    trivet_writer_put(out, trivet_slice_make(digest, sizeof digest));
    return true;
}

/* Before April 2020: first line, headers, body. */
static bool
old_scheme(const struct trivet_explain_input *input, struct trivet_writer *out)
{
    enum trivet_status status;

    if (input->method.len == 0 && input->status == 0) {
        return false;
    }

    status =
        input->status != 0
            ? trivet_canonical_response_head(TRIVET_SCHEME_FULL, input->status,
                input->fields, input->num_fields, out)
            : trivet_canonical_request_head(TRIVET_SCHEME_FULL, input->method,
                input->target, input->fields, input->num_fields, out);
    trivet_writer_put(out, input->body);

    return status == TRIVET_OK;
}

static const struct {
    const char *id;
    const char *text;
    change_fn change;
} changes[] = {
    {"fits", "the signature fits", as_it_is},
    {"trailing-newline",
        "the body ends with a newline that was not signed: take it off, or "
        "sign what is sent",
        without_newline},
    {"trailing-newline",
        "a newline was signed behind the body that was not sent (an editor or "
        "echo adds one)",
        with_newline},
    {"trailing-newline", "a CR LF was signed behind the body, and not sent",
        with_crlf_end},
    {"crlf",
        "LF was signed where the body has CR LF: something changed the line "
        "ends on the way",
        crlf_to_lf},
    {"crlf",
        "CR LF was signed where the body has LF: something changed the line "
        "ends on the way",
        lf_to_crlf},
    {"bom", "the body begins with a byte order mark that was not signed",
        without_bom},
    {"bom", "a byte order mark was signed that the body does not have",
        with_bom},
    {"empty-body", "nothing was signed: the signature is that of no body",
        empty},
    {"double-digest",
        "the digest of the body's digest was signed: give the signer the body "
        "itself",
        digest_of_body},
    {"double-digest",
        "the body's digest in hex was signed: give the signer the body itself",
        hex_of_digest},
    {"old-scheme",
        "first line and headers were signed too, as before April 2020: sign "
        "the body alone",
        old_scheme},
};

/* How JSON writers lay out the same text. */
static const size_t layouts[] = {
    JSON_COMPACT,
    JSON_COMPACT | JSON_ESCAPE_SLASH,
    JSON_COMPACT | JSON_ENSURE_ASCII,
    JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH,
    0,
    JSON_ENSURE_ASCII,
    JSON_INDENT(2),
    JSON_INDENT(2) | JSON_ENSURE_ASCII,
    JSON_INDENT(4),
    JSON_INDENT(4) | JSON_ENSURE_ASCII,
};

#define NUM_CHANGES (sizeof changes / sizeof changes[0])
#define NUM_LAYOUTS (sizeof layouts / sizeof layouts[0])

/* ---- trying them ------------------------------------------------------- */

static bool
has_digest(
    const struct trivet_writer *writer, const struct trivet_examined *examined)
{
    unsigned char digest[TRIVET_MAX_HASH_LEN];
    size_t len;

    return !writer->overflowed
           && trivet_hash(
               examined->hash, trivet_writer_slice(writer), digest, &len)
           && len == examined->digest_len
           && memcmp(digest, examined->digest, len) == 0;
}

static bool
try_layouts(const struct trivet_explain_input *input,
    const struct trivet_examined *examined, struct trivet_writer *scratch)
{
    for (size_t i = 0; i < 2 * NUM_LAYOUTS; i++) {
        size_t flags =
            layouts[i / 2] | (i % 2 == 0 ? 0 : (size_t) JSON_SORT_KEYS);

        scratch->len = 0;
        scratch->overflowed = false;
        if (dump_json(input, flags, scratch) && has_digest(scratch, examined)) {
            return true;
        }
    }

    return false;
}

/* Which change of the body has the digest that was signed. */
static void
find_change(const struct trivet_explain_input *input,
    const struct trivet_examined *examined, struct trivet_writer *scratch,
    struct trivet_explanation *out)
{
    for (size_t i = 0; i < NUM_CHANGES; i++) {
        scratch->len = 0;
        scratch->overflowed = false;
        if (changes[i].change(input, scratch) && has_digest(scratch, examined))
        {
            *out = (struct trivet_explanation){
                i == 0, changes[i].id, changes[i].text, NULL};
            return;
        }
    }

    if (try_layouts(input, examined, scratch)) {
        *out = (struct trivet_explanation){false, "json-reserialised",
            "the same JSON was signed in another layout: sign the bytes that "
            "are sent, and do not build them twice",
            NULL};
        return;
    }

    *out = (struct trivet_explanation){false, "other-body",
        "the key is right, but another body was signed: not one byte may be "
        "changed, and no other message's signature be taken",
        NULL};
}

/* ---- the signature's own form ------------------------------------------ */

/* Without blanks and line breaks; URL-safe letters and padding mended. */
static size_t
mend_base64(struct trivet_slice text, char *out, bool *was_url_safe)
{
    size_t len = 0;

    *was_url_safe = false;
    for (size_t i = 0; i < text.len && len < MAX_SIGNATURE_INPUT - 4; i++) {
        unsigned char c = text.data[i];

        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
            continue;
        }
        if (c == '-' || c == '_') {
            *was_url_safe = true;
            c = c == '-' ? '+' : '/';
        }
        out[len++] = (char) c;
    }

    while (len % 4 != 0) {
        out[len++] = '=';
    }

    return len;
}

/* The raw signature; false, with an explanation, when there is none. *form is
 * set to what had to be mended, or left alone. */
static bool
decode_signature(const struct trivet_explain_input *input,
    unsigned char raw[TRIVET_MAX_SIGNATURE], size_t *raw_len,
    struct trivet_explanation *form)
{
    struct trivet_slice text = trivet_slice_trim(input->signature);
    char mended[MAX_SIGNATURE_INPUT];
    bool was_url_safe;
    size_t len;

    if (text.len == 0) {
        *form = (struct trivet_explanation){
            false, "no-signature", "there is no signature at all", NULL};
        return false;
    }
    if (trivet_base64_decode(text, raw, TRIVET_MAX_SIGNATURE, raw_len)
        == TRIVET_OK) {
        return true;
    }

    len = mend_base64(text, mended, &was_url_safe);
    if (trivet_base64_decode(
            trivet_slice_make(mended, len), raw, TRIVET_MAX_SIGNATURE, raw_len)
        != TRIVET_OK)
    {
        *form = (struct trivet_explanation){false, "not-base64",
            "the signature is not base64: the raw bytes have to be encoded "
            "with the standard alphabet, on one line",
            NULL};
        return false;
    }

    *form = was_url_safe
                ? (struct trivet_explanation){false, "base64url",
                    "the signature is written in base64url (- and _): the "
                    "standard alphabet (+ and /) with padding is wanted",
                    NULL}
                : (struct trivet_explanation){false, "base64-form",
                    "the signature's base64 is broken into lines or lacks its "
                    "padding: 344 characters on one line are wanted",
                    NULL};
    return true;
}

/* ---- all together ------------------------------------------------------ */

/* Whether the signature opens with the other side's key. */
static bool
is_other_keys(
    const struct trivet_explain_input *input, struct trivet_slice signature)
{
    struct trivet_examined examined;

    return input->other_key != NULL
           && trivet_signature_examine(
                  input->other_key, signature, input->body, &examined)
                  == TRIVET_OK
           && examined.padding != TRIVET_PADDING_NONE;
}

static struct trivet_explanation
explain_padding(const struct trivet_explain_input *input,
    const struct trivet_examined *examined, struct trivet_slice signature)
{
    if (examined->padding == TRIVET_PADDING_PSS) {
        return (struct trivet_explanation){false, "pss",
            "the signature is RSASSA-PSS: PKCS#1 v1.5 padding is wanted",
            examined->hash};
    }
    if (examined->padding == TRIVET_PADDING_BARE) {
        return (struct trivet_explanation){false, "no-digest-info",
            "the padding holds bare bytes: the signer was used as an "
            "encryption, without naming its digest (use \"sign\" with SHA-256)",
            NULL};
    }
    if (is_other_keys(input, signature)) {
        return (struct trivet_explanation){false, "other-side",
            "it was made with the key of the other side: a request is signed "
            "with the client's private key, an answer with the server's",
            NULL};
    }

    return (struct trivet_explanation){false, "wrong-key",
        "it was made with another private key than the one of this public "
        "key (or is PSS over another body)",
        NULL};
}

static void
explain_opened(const struct trivet_explain_input *input,
    struct trivet_slice signature, const struct trivet_examined *examined,
    struct trivet_writer *scratch, struct trivet_explanation *out)
{
    if (examined->padding != TRIVET_PADDING_PKCS1) {
        *out = explain_padding(input, examined, signature);
        return;
    }
    if (strcmp(examined->hash, "SHA256") != 0) {
        *out = (struct trivet_explanation){false, "wrong-digest",
            "another digest than SHA-256 was signed", examined->hash};
        return;
    }

    find_change(input, examined, scratch, out);
}

enum trivet_status
trivet_explain(const struct trivet_explain_input *input,
    struct trivet_explanation *out, struct trivet_error *err)
{
    struct trivet_explanation form = {false, NULL, NULL, NULL};
    /* Escapes make up to six letters of one, line ends two; and the head. */
    size_t cap = input->body.len * 6 + MAX_HEAD;
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    struct trivet_examined examined;
    struct trivet_writer scratch;
    struct trivet_slice signature;
    size_t raw_len = 0;
    void *memory;

    if (!decode_signature(input, raw, &raw_len, &form)) {
        *out = form;
        return TRIVET_OK;
    }

    signature = trivet_slice_make(raw, raw_len);
    if (trivet_signature_examine(input->key, signature, input->body, &examined)
        != TRIVET_OK)
    {
        *out = (struct trivet_explanation){false, "wrong-size",
            "the signature has not the size of the key: 256 bytes, 344 "
            "characters of base64, are wanted",
            NULL};
        return TRIVET_OK;
    }

    memory = malloc(cap);
    if (memory == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "explain", "out of memory");
    }

    scratch = trivet_writer_make(memory, cap);
    explain_opened(input, signature, &examined, &scratch, out);
    if (out->fits && form.id != NULL) {
        *out = form; /* right but for how it is written */
    }

    free(memory);
    return TRIVET_OK;
}
