/* SPDX-License-Identifier: Apache-2.0 */
/* mistake.c - the known mistakes in making a signature: ONE table */
#include "core/mistake.h"

#include <jansson.h>
#include <stdint.h>

#include "base/encoding.h"
#include "core/json.h"

enum { MAX_DIGEST = 64 };

static const char bom[] = "\xef\xbb\xbf";

static const struct trivet_mistake_row rows[TRIVET_NUM_MISTAKES] = {
    [TRIVET_MISTAKE_NONE] = {"fits", "the signature fits"},

    [TRIVET_MISTAKE_NO_SIGNATURE] = {"no-signature",
        "there is no signature at all: sign the exact bytes of the body (of no "
        "bytes, when there is none) and send the base64 in "
        "X-Bunq-Client-Signature"},
    [TRIVET_MISTAKE_SEVERAL_SIGNATURES] = {"several-signatures",
        "the signature was sent in more than one header field: send one "
        "X-Bunq-Client-Signature"},
    [TRIVET_MISTAKE_TOO_MANY_FIELDS] = {"too-many-fields",
        "the header has more fields, or longer names, than can be signed: send "
        "fewer X-Bunq- fields"},
    [TRIVET_MISTAKE_IGNORE] = {"ignore-only-for-testing",
        "IGNORE_ONLY_FOR_TESTING was withdrawn in February 2020: send "
        "a real signature, in tests too"},
    [TRIVET_MISTAKE_HEX] = {"hex",
        "the signature is written in hex: encode its raw bytes in base64"},
    [TRIVET_MISTAKE_NOT_BASE64] = {"not-base64",
        "the signature is not base64: encode its raw bytes with the "
        "standard alphabet, on one line"},
    [TRIVET_MISTAKE_BASE64URL] = {"base64url",
        "the signature is written in base64url (- and _): use the standard "
        "alphabet (+ and /) with padding"},
    [TRIVET_MISTAKE_BASE64_FORM] = {"base64-form",
        "the signature's base64 is broken into lines or lacks its padding: "
        "send "
        "344 characters on one line"},
    [TRIVET_MISTAKE_WRONG_SIZE] = {"wrong-size",
        "the signature has not the size of the key: it must have 256 bytes, "
        "344 characters of base64"},

    [TRIVET_MISTAKE_PSS] = {"pss",
        "the signature is RSASSA-PSS: use PKCS#1 v1.5 padding"},
    [TRIVET_MISTAKE_NO_DIGEST_INFO] = {"no-digest-info",
        "the signature has no digest algorithm in it, as if it were an "
        "encryption with the private key: use \"sign\" with SHA-256"},
    [TRIVET_MISTAKE_WRONG_DIGEST] = {"wrong-digest",
        "another digest was signed: use SHA-256"},
    [TRIVET_MISTAKE_OTHER_SIDE] = {"other-side",
        "the signature was made with the key of the other side: a request is "
        "signed with the client's private key, an answer with the server's"},
    [TRIVET_MISTAKE_OTHER_INSTALLATION] = {"other-installation",
        "the signature was made with another installation's private key: sign "
        "with the key whose public half was sent to POST /v1/installation for "
        "this token"},
    [TRIVET_MISTAKE_WRONG_KEY] = {"wrong-key",
        "the signature was made with another private key than the one of this "
        "public key (or it is PSS over another body)"},

    [TRIVET_MISTAKE_NEWLINE_SENT] = {"trailing-newline",
        "the body ends with a newline that was not signed: remove it, or "
        "sign what is sent"},
    [TRIVET_MISTAKE_NEWLINE_SIGNED] = {"trailing-newline",
        "a newline after the body was signed and not sent (an editor or echo "
        "adds one): sign what is sent"},
    [TRIVET_MISTAKE_CRLF_SIGNED_BEHIND] = {"trailing-newline",
        "a CR LF after the body was signed and not sent: sign what is sent"},
    [TRIVET_MISTAKE_LF_SIGNED] = {"crlf",
        "LF was signed where the body has CR LF: something changed the line "
        "ends after signing; sign the bytes that are sent"},
    [TRIVET_MISTAKE_CRLF_SIGNED] = {"crlf",
        "CR LF was signed where the body has LF: something changed the line "
        "ends after signing; sign the bytes that are sent"},
    [TRIVET_MISTAKE_BOM_SENT] = {"bom",
        "the body begins with a byte order mark that was not signed: send it "
        "without"},
    [TRIVET_MISTAKE_BOM_SIGNED] = {"bom",
        "a byte order mark was signed and not sent: sign what is sent"},
    [TRIVET_MISTAKE_EMPTY_BODY] = {"empty-body",
        "the signature is that of an empty body: sign the body that is sent"},
    [TRIVET_MISTAKE_EMPTY_OBJECT] = {"empty-object",
        "an empty object, {}, was signed, and no body was sent: sign no bytes "
        "at all, or send the object"},
    [TRIVET_MISTAKE_DOUBLE_DIGEST] = {"double-digest",
        "the digest of the body's digest was signed: sign the body itself"},
    [TRIVET_MISTAKE_HEX_DIGEST] = {"double-digest",
        "the body's digest in hex was signed: sign the body itself"},
    [TRIVET_MISTAKE_OLD_SCHEME] = {"old-scheme",
        "first line and headers were signed too, as before April 2020: sign "
        "only the body"},
    [TRIVET_MISTAKE_BODY_ALONE] = {"body-alone",
        "only the body was signed, as since April 2020: here the signature "
        "must "
        "cover the first line and the headers, too"},
    [TRIVET_MISTAKE_NO_QUERY] = {"query-left-out",
        "the first line was signed without its query string: sign the path "
        "with ? and all that follows, as it is sent"},
    [TRIVET_MISTAKE_JSON_LAYOUT] = {"json-reserialised",
        "the same JSON was signed in another layout: sign the bytes that are "
        "sent, and serialise the JSON once"},

    [TRIVET_MISTAKE_OTHER_BODY] = {"other-body",
        "the key is right, but another body was signed: change no byte after "
        "signing, and do not use the signature of another message"},
    [TRIVET_MISTAKE_TOO_LARGE] = {"too-large",
        "the key is right, but something else was signed, and the body is too "
        "large to be examined: sign the bytes that are sent"},
};

const struct trivet_mistake_row *
trivet_mistake_row(enum trivet_mistake mistake)
{
    return &rows[(unsigned) mistake < TRIVET_NUM_MISTAKES
                     ? mistake
                     : TRIVET_MISTAKE_OTHER_BODY];
}

const char *
trivet_mistake_tried(void)
{
    return "Newlines at the end, other line ends, a byte order mark, JSON in "
           "other layouts, no body, a digest signed twice, and the scheme of "
           "first line and headers were tried";
}

/* ---- the body, as it may have been signed -------------------------------- */

/* False: cannot be the case. */
typedef bool (*change_fn)(
    const struct trivet_mistake_search *search, struct trivet_writer *out);

static bool
as_it_is(const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    trivet_writer_put(out, search->message->body);
    return true;
}

static bool
without_newline(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    struct trivet_slice body = search->message->body;

    while (
        body.len > 0
        && (body.data[body.len - 1] == '\n' || body.data[body.len - 1] == '\r'))
    {
        body.len--;
    }

    trivet_writer_put(out, body);
    return body.len != search->message->body.len;
}

static bool
with_newline(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    trivet_writer_put(out, search->message->body);
    trivet_writer_put_byte(out, '\n');
    return true;
}

static bool
with_crlf_end(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    trivet_writer_put(out, search->message->body);
    trivet_writer_put_text(out, "\r\n");
    return true;
}

static bool
crlf_to_lf(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    struct trivet_slice body = search->message->body;
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
lf_to_crlf(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    struct trivet_slice body = search->message->body;
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
without_bom(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    if (!trivet_slice_starts_with(search->message->body, bom)) {
        return false;
    }

    trivet_writer_put(
        out, trivet_slice_after(search->message->body, sizeof bom - 1));
    return true;
}

static bool
with_bom(const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    trivet_writer_put_text(out, bom);
    trivet_writer_put(out, search->message->body);
    return true;
}

static bool
nothing(const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    (void) out;
    return search->message->body.len > 0;
}

static bool
empty_object(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    trivet_writer_put_text(out, "{}");
    return search->message->body.len == 0;
}

/* Of which programs take the digest once more. */
static bool
digest_itself(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    trivet_writer_put(out, search->digest);
    return true;
}

static bool
digest_in_hex(
    const struct trivet_mistake_search *search, struct trivet_writer *out)
{
    char text[2 * MAX_DIGEST];

    if (search->digest.len > MAX_DIGEST) {
        return false;
    }

    trivet_hex_encode(search->digest, text);
    trivet_writer_put(out, trivet_slice_make(text, 2 * search->digest.len));
    return true;
}

/* ---- what is signed in front of it --------------------------------------- */

enum head {
    HEAD_NONE = 0,
    HEAD_RIGHT,   /* of the message's scheme      */
    HEAD_FULL,    /* of the scheme before 2020    */
    HEAD_NO_QUERY /* the same, without the query  */
};

/* Whether the target has a query, which is taken off. */
static bool
cut_query(struct trivet_slice *target)
{
    const void *mark =
        target->len == 0 ? NULL : memchr(target->data, '?', target->len);

    if (mark == NULL) {
        return false;
    }

    target->len = (size_t) ((const unsigned char *) mark - target->data);
    return true;
}

static bool
write_head(const struct trivet_signed_message *message, enum head head,
    struct trivet_writer *out)
{
    struct trivet_slice target = message->target;

    if (head == HEAD_NONE
        || (head == HEAD_RIGHT && message->scheme == TRIVET_SCHEME_BODY))
    {
        return true;
    }
    if (message->method.len == 0 && message->status == 0) {
        return false;
    }
    if (head == HEAD_NO_QUERY && (message->status != 0 || !cut_query(&target)))
    {
        return false;
    }

    return (message->status != 0
                   ? trivet_canonical_response_head(TRIVET_SCHEME_FULL,
                       message->status, message->fields, message->num_fields,
                       out)
                   : trivet_canonical_request_head(TRIVET_SCHEME_FULL,
                       message->method, target, message->fields,
                       message->num_fields, out))
           == TRIVET_OK;
}

bool
trivet_signed_message_write(
    const struct trivet_signed_message *message, struct trivet_writer *out)
{
    if (!write_head(message, HEAD_RIGHT, out)) {
        return false;
    }

    trivet_writer_put(out, message->body);
    return !out->overflowed;
}

/* ---- the search ---------------------------------------------------------- */

/* Under which schemes something is a mistake. */
enum { IN_BODY = 1, IN_FULL = 2, IN_BOTH = IN_BODY | IN_FULL };

static const struct {
    enum trivet_mistake mistake;
    unsigned schemes;
    enum head head;
    change_fn change;
} changes[] = {
    {TRIVET_MISTAKE_NEWLINE_SENT, IN_BOTH, HEAD_RIGHT, without_newline},
    {TRIVET_MISTAKE_NEWLINE_SIGNED, IN_BOTH, HEAD_RIGHT, with_newline},
    {TRIVET_MISTAKE_CRLF_SIGNED_BEHIND, IN_BOTH, HEAD_RIGHT, with_crlf_end},
    {TRIVET_MISTAKE_LF_SIGNED, IN_BOTH, HEAD_RIGHT, crlf_to_lf},
    {TRIVET_MISTAKE_CRLF_SIGNED, IN_BOTH, HEAD_RIGHT, lf_to_crlf},
    {TRIVET_MISTAKE_BOM_SENT, IN_BOTH, HEAD_RIGHT, without_bom},
    {TRIVET_MISTAKE_BOM_SIGNED, IN_BOTH, HEAD_RIGHT, with_bom},
    {TRIVET_MISTAKE_EMPTY_BODY, IN_BOTH, HEAD_RIGHT, nothing},
    {TRIVET_MISTAKE_EMPTY_OBJECT, IN_BOTH, HEAD_RIGHT, empty_object},
    {TRIVET_MISTAKE_DOUBLE_DIGEST, IN_BOTH, HEAD_NONE, digest_itself},
    {TRIVET_MISTAKE_HEX_DIGEST, IN_BOTH, HEAD_NONE, digest_in_hex},
    {TRIVET_MISTAKE_OLD_SCHEME, IN_BODY, HEAD_FULL, as_it_is},
    {TRIVET_MISTAKE_OLD_SCHEME, IN_BODY, HEAD_NO_QUERY, as_it_is},
    {TRIVET_MISTAKE_NO_QUERY, IN_FULL, HEAD_NO_QUERY, as_it_is},
    {TRIVET_MISTAKE_BODY_ALONE, IN_FULL, HEAD_NONE, as_it_is},
};

/* How JSON writers lay out the same text; all then with sorted keys, too. */
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
#define NUM_ORDERED (sizeof layouts / sizeof layouts[0])
#define NUM_LAYOUTS (2 * NUM_ORDERED)

_Static_assert(NUM_CHANGES + NUM_LAYOUTS <= TRIVET_MAX_MISTAKE_ATTEMPTS,
    "more attempts than the header says");

/* As nearly all JSON writers have it: \u00e9, where jansson has \u00E9. */
static void
lower_escapes(unsigned char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] != '\\') {
            continue;
        }
        i++;
        for (size_t j = i + 1; text[i] == 'u' && j <= i + 4 && j < len; j++) {
            if (text[j] >= 'A' && text[j] <= 'F') {
                text[j] |= 0x20;
            }
        }
    }
}

/* Ends the dump when the writer is full: indents can make much of little. */
static int
put_json(const char *text, size_t len, void *opaque)
{
    struct trivet_writer *out = opaque;

    trivet_writer_put(out, trivet_slice_make(text, len));
    return out->overflowed ? -1 : 0;
}

/* False: no such work is left. */
static bool
spend(struct trivet_mistake_search *search, size_t work)
{
    search->has_given_up = search->has_given_up || work > search->work_left;
    search->work_left -= search->has_given_up ? 0 : work;
    return !search->has_given_up;
}

static bool
parse_body(struct trivet_mistake_search *search)
{
    struct trivet_slice body = search->message->body;

    if (!search->is_parsed && body.len > 0
        && spend(search, body.len * TRIVET_JSON_WORK))
    {
        search->json = trivet_json_load(body, JSON_DECODE_ANY, NULL);
    }

    search->is_parsed = true;
    return search->json != NULL;
}

static bool
write_layout(struct trivet_mistake_search *search, size_t number,
    struct trivet_writer *out)
{
    size_t flags = layouts[number % NUM_ORDERED] | JSON_ENCODE_ANY
                   | JSON_REAL_PRECISION(15)
                   | (number < NUM_ORDERED ? 0 : (size_t) JSON_SORT_KEYS);
    size_t cap = out->cap;
    size_t begin;
    size_t room;
    bool is_written;

    if (!parse_body(search) || !write_head(search->message, HEAD_RIGHT, out)) {
        return false;
    }

    begin = out->len;
    room = search->work_left / TRIVET_JSON_WORK;
    if (room < cap - begin) {
        out->cap = begin + room;
    }

    is_written = json_dump_callback(search->json, put_json, out, flags) == 0;
    (void) spend(search, (out->len - begin) * TRIVET_JSON_WORK);
    search->has_given_up =
        search->has_given_up || (out->overflowed && out->cap < cap);
    out->cap = cap;
    if (!is_written) {
        return false;
    }

    lower_escapes(out->data + begin, out->len - begin);
    return true;
}

/* Writes one attempt; false: it cannot be the case. */
static bool
write_attempt(struct trivet_mistake_search *search, size_t number,
    struct trivet_writer *out, enum trivet_mistake *mistake)
{
    unsigned scheme =
        search->message->scheme == TRIVET_SCHEME_FULL ? IN_FULL : IN_BODY;

    if (number >= NUM_CHANGES) {
        *mistake = TRIVET_MISTAKE_JSON_LAYOUT;
        return write_layout(search, number - NUM_CHANGES, out);
    }

    *mistake = changes[number].mistake;
    return (changes[number].schemes & scheme) != 0
           && spend(search, search->message->body.len)
           && write_head(search->message, changes[number].head, out)
           && changes[number].change(search, out);
}

void
trivet_mistake_search_start(struct trivet_mistake_search *search,
    const struct trivet_signed_message *message, struct trivet_slice digest,
    size_t max_work)
{
    *search = (struct trivet_mistake_search){.message = message,
        .digest = digest,
        .work_left = max_work == 0 ? SIZE_MAX : max_work};
}

bool
trivet_mistake_search_next(struct trivet_mistake_search *search,
    struct trivet_writer *out, enum trivet_mistake *out_mistake)
{
    enum trivet_mistake mistake;

    while (search->next < NUM_CHANGES + NUM_LAYOUTS && !search->has_given_up) {
        out->len = 0;
        out->overflowed = false;
        if (write_attempt(search, search->next++, out, &mistake)
            && !out->overflowed) {
            *out_mistake = mistake;
            return true;
        }
    }

    return false;
}

void
trivet_mistake_search_end(struct trivet_mistake_search *search)
{
    json_decref(search->json);
    search->json = NULL;
}
