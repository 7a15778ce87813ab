/* SPDX-License-Identifier: Apache-2.0 */
/* receipt.c - the receipt of a call: one line of JSON */
#include "sidecar/receipt.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "base/timestamp.h"
#include "core/json_tree.h"

const char trivet_receipt_no_hash[TRIVET_RECEIPT_HASH + 1] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static const char mark_previous[] = ",\"previous\":\"";
static const char mark_number[] = "\",\"n\":";
static const char mark_hash[] = ",\"hash\":\"";
static const char mark_end[] = "\"}";

enum trivet_status
trivet_receipt_key_id(
    struct trivet_slice der, char out[TRIVET_RECEIPT_HASH + 1])
{
    return trivet_sha256_hex(der, out);
}

/* ---- its parts ---------------------------------------------------------- */

static json_t *
hex(const unsigned char digest[TRIVET_DIGEST_LEN])
{
    char text[TRIVET_RECEIPT_HASH + 1];

    trivet_hex_encode(trivet_slice_make(digest, TRIVET_DIGEST_LEN), text);
    text[TRIVET_RECEIPT_HASH] = '\0';

    return json_string(text);
}

static json_t *
hash_text(struct trivet_slice bytes)
{
    char text[TRIVET_RECEIPT_HASH + 1];

    return trivet_sha256_hex(bytes, text) == TRIVET_OK ? json_string(text)
                                                       : NULL;
}

static json_t *
base64(struct trivet_slice bytes)
{
    char *text = malloc(TRIVET_BASE64_LEN(bytes.len) + 1);
    json_t *value = NULL;

    if (text != NULL) {
        value = json_stringn(text, trivet_base64_encode(bytes, text));
    }

    free(text);
    return value;
}

/* A body as text if it is UTF-8, else in base64. */
static void
put_body(json_t **part, struct trivet_slice body)
{
    const char *data = body.len == 0 ? "" : (const char *) body.data;
    json_t *text = json_stringn(data, body.len);

    if (text != NULL) {
        trivet_json_put(part, "body", text);
    } else {
        trivet_json_put(part, "body_base64", base64(body));
    }
}

static void
put_key(json_t **part, const struct trivet_public_key *key)
{
    char id[TRIVET_RECEIPT_HASH + 1];
    json_t *value = NULL;

    if (trivet_receipt_key_id(trivet_slice_make(key->der, key->der_len), id)
        == TRIVET_OK)
    {
        value = json_string(id);
    }

    trivet_json_put(part, "key", value);
}

static void
put_signature(json_t **part, const struct trivet_evidence_part *from)
{
    const char *form = "body";

    if (from->signature[0] == '\0' || from->key.der_len == 0) {
        return;
    }
    if (from->scheme == TRIVET_SCHEME_FULL) {
        struct trivet_slice head = trivet_buffer_slice(&from->head);

        form = "full";
        /* Header fields may have bytes that are no UTF-8. */
        trivet_json_put(part, "head_base64", base64(head));
    }

    trivet_json_put(part, "form", json_string(form));
    trivet_json_put(part, "signed", hex(from->covered));
    trivet_json_put(part, "signature", json_string(from->signature));
    put_key(part, &from->key);
}

/* What both have. body: the plain one; data NULL: it is not known. */
static void
put_part(json_t **part, const struct trivet_evidence_part *from,
    struct trivet_slice body, bool keeps_body)
{
    trivet_json_put(part, "sha256", hex(from->body));
    if (from->is_encrypted) {
        trivet_json_put(part, "encrypted", json_true());
    }
    if (from->is_encrypted && body.data != NULL) {
        trivet_json_put(part, "plain_sha256", hash_text(body));
    }
    put_signature(part, from);
    if (keeps_body && body.data != NULL) {
        put_body(part, body);
    }
}

static json_t *
make_request(const struct trivet_receipt *receipt)
{
    json_t *part = json_object();
    struct trivet_slice body = receipt->body;

    if (body.data == NULL) {
        body = trivet_slice_make("", 0);
    }
    trivet_json_put(&part, "method", json_string(receipt->method));
    trivet_json_put(&part, "url", json_string(receipt->evidence->url));
    put_part(&part, &receipt->evidence->request, body, receipt->keeps_bodies);

    return part;
}

static json_t *
make_answer(const struct trivet_receipt *receipt)
{
    const struct trivet_evidence *evidence = receipt->evidence;
    const struct trivet_answer *answer = receipt->answer;
    struct trivet_slice body = trivet_slice_make(NULL, 0);
    json_t *part;

    if (!evidence->has_answer) {
        return json_null();
    }
    if (answer != NULL) {
        body = trivet_slice_make(answer->body, answer->body_len);
    }

    part = json_object();
    trivet_json_put(
        &part, "status", json_integer((json_int_t) evidence->answer_status));
    put_part(&part, &evidence->answer, body, receipt->keeps_bodies);

    return part;
}

/* ---- the line ----------------------------------------------------------- */

static json_t *
make(const struct trivet_receipt *receipt)
{
    char at[TRIVET_TIMESTAMP_SIZE];
    json_t *root = json_object();

    trivet_timestamp_format(receipt->evidence->sent_us, at);
    trivet_json_put(&root, "version", json_integer(1));
    trivet_json_put(&root, "at", json_string(at));
    trivet_json_put(&root, "request", make_request(receipt));
    trivet_json_put(&root, "answer", make_answer(receipt));
    if (receipt->failure[0] != '\0') {
        trivet_json_put(&root, "failure", json_string(receipt->failure));
    }

    return root;
}

struct trivet_buffer
trivet_receipt_begin(const struct trivet_receipt *receipt)
{
    struct trivet_buffer line = {0};
    json_t *root;

    if (receipt->evidence->status != TRIVET_OK) {
        return line;
    }

    root = make(receipt);
    line = trivet_json_write(root, JSON_COMPACT, TRIVET_MAX_RECEIPT_END);
    trivet_json_wipe(root);
    json_decref(root);
    if (line.data != NULL) {
        trivet_buffer_cut(&line, line.len - 1); /* the last bracket */
        line.max = line.len + TRIVET_MAX_RECEIPT_END;
    }

    return line;
}

enum trivet_status
trivet_receipt_end(struct trivet_buffer *line, uint64_t number,
    char hash[TRIVET_RECEIPT_HASH + 1])
{
    char text[TRIVET_MAX_RECEIPT_END];

    (void) snprintf(text, sizeof text, "%s%s%s%" PRIu64, mark_previous, hash,
        mark_number, number);
    TRIVET_TRY(trivet_buffer_append(line, trivet_slice_text(text)));
    TRIVET_TRY(trivet_sha256_hex(trivet_buffer_slice(line), hash));
    (void) snprintf(text, sizeof text, "%s%s%s\n", mark_hash, hash, mark_end);

    return trivet_buffer_append(line, trivet_slice_text(text));
}

/* ---- reading ------------------------------------------------------------ */

/* Takes text from the end of *rest. */
static bool
take_text(struct trivet_slice *rest, const char *text)
{
    size_t len = strlen(text);

    if (rest->len < len || memcmp(rest->data + rest->len - len, text, len) != 0)
    {
        return false;
    }

    rest->len -= len;
    return true;
}

/* The same for a hash. */
static bool
take_hash(struct trivet_slice *rest, char out[TRIVET_RECEIPT_HASH + 1])
{
    if (rest->len < TRIVET_RECEIPT_HASH) {
        return false;
    }

    rest->len -= TRIVET_RECEIPT_HASH;
    memcpy(out, rest->data + rest->len, TRIVET_RECEIPT_HASH);
    out[TRIVET_RECEIPT_HASH] = '\0';

    return strspn(out, "0123456789abcdef") == TRIVET_RECEIPT_HASH;
}

/* The same for digits. */
static bool
take_number(struct trivet_slice *rest, uint64_t *out)
{
    size_t len = 0;
    long long value;

    while (len < rest->len && rest->data[rest->len - len - 1] >= '0'
           && rest->data[rest->len - len - 1] <= '9')
    {
        len++;
    }
    rest->len -= len;
    if (!trivet_slice_to_id(
            trivet_slice_make(rest->data + rest->len, len), &value)) {
        return false;
    }

    *out = (uint64_t) value;
    return true;
}

bool
trivet_receipt_read_end(struct trivet_slice line, uint64_t *out_number,
    char out_previous[TRIVET_RECEIPT_HASH + 1],
    char out_hash[TRIVET_RECEIPT_HASH + 1])
{
    return take_text(&line, mark_end) && take_hash(&line, out_hash)
           && take_text(&line, mark_hash) && take_number(&line, out_number)
           && take_text(&line, mark_number) && take_hash(&line, out_previous)
           && take_text(&line, mark_previous);
}

enum trivet_status
trivet_receipt_hash(struct trivet_slice line, char out[TRIVET_RECEIPT_HASH + 1])
{
    size_t end = strlen(mark_hash) + TRIVET_RECEIPT_HASH + strlen(mark_end);

    line.len = line.len < end ? 0 : line.len - end;

    return trivet_sha256_hex(line, out);
}
