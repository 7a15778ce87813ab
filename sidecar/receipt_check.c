/* SPDX-License-Identifier: Apache-2.0 */
/* receipt_check.c - whether receipts are what they were */
#include "sidecar/receipt_check.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "core/json.h"
#include "crypto/signature.h"

enum { NUM_CACHED_KEYS = 16, FIRST_ERROR = 400 };

static void find(struct trivet_receipt_check *check, const char *format, ...)
    TRIVET_PRINTF(2, 3);

static void
find(struct trivet_receipt_check *check, const char *format, ...)
{
    char text[TRIVET_MAX_RECEIPT_FINDING];
    va_list arguments;

    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    check->num_findings++;
    check->on_finding(check->arg, text);
}

/* ---- the chain ---------------------------------------------------------- */

/* What the line says of the one before. */
static void
check_order(
    struct trivet_receipt_check *check, uint64_t number, const char *previous)
{
    bool is_first = check->num_lines == 1;

    if (is_first) {
        check->first = number;
        if (number == 1 && strcmp(previous, trivet_receipt_no_hash) != 0) {
            find(check, "the first one names one before it");
        }
        return;
    }

    if (number == check->number + 1) {
        if (strcmp(previous, check->hash) != 0) {
            find(check, "the one before it is not the one that it names");
        }
    } else if (number > check->number) {
        find(check,
            "%" PRIu64 " are missing before it (%" PRIu64 " to %" PRIu64 ")",
            number - check->number - 1, check->number + 1, number - 1);
    } else {
        find(check, "it is number %" PRIu64 ", and stands behind %" PRIu64,
            number, check->number);
    }
}

/* False: it is not even the end of a line. */
static bool
check_chain(struct trivet_receipt_check *check, struct trivet_slice line)
{
    char previous[TRIVET_RECEIPT_HASH + 1];
    char said[TRIVET_RECEIPT_HASH + 1];
    char hash[TRIVET_RECEIPT_HASH + 1];
    uint64_t number;

    if (!trivet_receipt_read_end(line, &number, previous, said)) {
        find(check, "it is cut off, or was changed");
        return false;
    }

    if (trivet_receipt_hash(line, hash) != TRIVET_OK || strcmp(hash, said) != 0)
    {
        find(check, "it was changed: it does not have its hash");
    }
    check_order(check, number, previous);
    check->number = number;
    memcpy(check->hash, said, sizeof said);

    return true;
}

/* ---- a part: the request, or the answer --------------------------------- */

struct part {
    const char *name;
    const json_t *json;
    struct trivet_buffer body; /* as it was kept */
    bool has_body;
};

static const char *
text_of(const struct part *part, const char *name)
{
    const char *text = json_string_value(json_object_get(part->json, name));

    return text == NULL ? "" : text;
}

/* Base64 of any length. */
static bool
decode(const char *text, struct trivet_buffer *out)
{
    size_t len = strlen(text);

    *out = trivet_buffer_make(len + 1);

    return trivet_buffer_reserve(out, len + 1) == TRIVET_OK
           && trivet_base64_decode(trivet_slice_make(text, len),
                  (unsigned char *) out->data, len + 1, &out->len)
                  == TRIVET_OK;
}

/* False: it cannot be read. */
static bool
read_body(struct part *part)
{
    const json_t *text = json_object_get(part->json, "body");
    const char *encoded =
        json_string_value(json_object_get(part->json, "body_base64"));

    if (text != NULL) {
        size_t len = json_string_length(text);

        part->has_body = true;
        part->body = trivet_buffer_make(len + 1);
        return json_is_string(text)
               && trivet_buffer_append(&part->body,
                      trivet_slice_make(json_string_value(text), len))
                      == TRIVET_OK;
    }

    part->has_body = encoded != NULL;
    return encoded == NULL || decode(encoded, &part->body);
}

/* Whether the digest (in hexadecimal) is that of head and body. */
static bool
has_digest(struct trivet_slice head, struct trivet_slice body, const char *said)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    char text[TRIVET_RECEIPT_HASH + 1] = "";
    struct trivet_digest *work = trivet_digest_new();
    bool is_done = work != NULL;

    if (is_done) {
        trivet_digest_start(work);
        trivet_digest_add(work, head);
        trivet_digest_add(work, body);
        is_done = trivet_digest_finish(work, digest) == TRIVET_OK;
    }
    if (is_done) {
        trivet_hex_encode(trivet_slice_make(digest, sizeof digest), text);
    }

    trivet_digest_free(work);
    return is_done && strncmp(text, said, TRIVET_RECEIPT_HASH) == 0
           && strlen(said) == TRIVET_RECEIPT_HASH;
}

/* The body that was kept, and what is said of it. */
static void
check_body(struct trivet_receipt_check *check, struct part *part)
{
    bool is_encrypted = json_is_true(json_object_get(part->json, "encrypted"));
    const char *said = text_of(part, is_encrypted ? "plain_sha256" : "sha256");

    if (!read_body(part)) {
        find(check, "%s: its body cannot be read", part->name);
        part->has_body = false;
    } else if (part->has_body
               && !has_digest(trivet_slice_make("", 0),
                   trivet_buffer_slice(&part->body), said))
    {
        find(check, "%s: its body is another one", part->name);
    }
}

/* What is signed is the body that is named, as far as can be known. */
static void
check_cover(struct trivet_receipt_check *check, const struct part *part)
{
    bool is_encrypted = json_is_true(json_object_get(part->json, "encrypted"));
    bool is_request = strcmp(part->name, "the request") == 0;
    const char *covered = text_of(part, "signed");
    struct trivet_buffer head = {0};

    if (strcmp(text_of(part, "form"), "body") == 0) {
        if (strcmp(covered, text_of(part, "sha256")) != 0) {
            find(check, "%s: what is signed is another body", part->name);
        }
        return;
    }

    /* A request's head has lost its token; a body may not be kept. */
    if (is_request || is_encrypted || !part->has_body) {
        check->num_unbound++;
        return;
    }
    if (!decode(text_of(part, "head_base64"), &head)
        || !has_digest(trivet_buffer_slice(&head),
            trivet_buffer_slice(&part->body), covered))
    {
        find(check, "%s: what is signed is another head or body", part->name);
    }
    trivet_buffer_free(&head);
}

static bool
read_digest(const char *text, unsigned char out[TRIVET_DIGEST_LEN])
{
    for (size_t i = 0; i < TRIVET_DIGEST_LEN; i++) {
        unsigned value;

        if (sscanf(text + 2 * i, "%2x", &value) != 1) {
            return false;
        }
        out[i] = (unsigned char) value;
    }

    return strlen(text) == TRIVET_RECEIPT_HASH
           && strspn(text, "0123456789abcdef") == TRIVET_RECEIPT_HASH;
}

static bool
is_signature_right(struct trivet_receipt_check *check, const struct part *part,
    const struct trivet_public_key *key)
{
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    unsigned char digest[TRIVET_DIGEST_LEN];
    size_t len = 0;
    bool is_valid = false;
    const char *covered = text_of(part, "signed");

    return strlen(covered) == TRIVET_RECEIPT_HASH
           && read_digest(covered, digest)
           && trivet_base64_decode(
                  trivet_slice_text(text_of(part, "signature")), raw,
                  sizeof raw, &len)
                  == TRIVET_OK
           && trivet_verify(check->cache,
                  trivet_slice_make(key->der, key->der_len), digest,
                  trivet_slice_make(raw, len), &is_valid)
                  == TRIVET_OK
           && is_valid;
}

/* The right one's key; NULL: there is none, and it was told. */
static struct trivet_receipt_key *
check_signature(struct trivet_receipt_check *check, const struct part *part)
{
    struct trivet_receipt_key *key =
        trivet_receipt_keys_find(&check->keys, text_of(part, "key"));

    if (key == NULL) {
        find(check, "%s: its key is not kept: %.64s", part->name,
            text_of(part, "key"));
        return NULL;
    }
    if (!is_signature_right(check, part, &key->key)) {
        find(check, "%s: its signature is wrong", part->name);
        return NULL;
    }

    check_cover(check, part);
    return key;
}

/* ---- a line ------------------------------------------------------------- */

static void
check_request(struct trivet_receipt_check *check, const json_t *root)
{
    struct part part = {
        .name = "the request", .json = json_object_get(root, "request")};
    struct trivet_receipt_key *key;

    if (text_of(&part, "method")[0] == '\0' || text_of(&part, "url")[0] == '\0')
    {
        find(check, "there is no request in it");
        return;
    }

    check_body(check, &part);
    key = check_signature(check, &part);
    if (key != NULL) {
        key->num_requests++;
    }
    trivet_buffer_free(&part.body);
}

static void
check_answer(struct trivet_receipt_check *check, const json_t *root)
{
    struct part part = {
        .name = "the answer", .json = json_object_get(root, "answer")};
    bool has_failed = json_object_get(root, "failure") != NULL;
    json_int_t status =
        json_integer_value(json_object_get(part.json, "status"));
    struct trivet_receipt_key *key;

    if (json_is_null(part.json)) {
        check->num_unanswered++;
        if (!has_failed) {
            find(check, "there is no answer in it, and no failure");
        }
        return;
    }

    check_body(check, &part);
    if (text_of(&part, "signature")[0] != '\0') {
        key = check_signature(check, &part);
        if (key != NULL) {
            key->num_answers++;
        }
    } else if (has_failed || status >= FIRST_ERROR) {
        check->num_unsigned++;
    } else {
        find(check, "the answer: it has no signature");
    }
    trivet_buffer_free(&part.body);
}

enum trivet_status
trivet_receipt_check_line(
    struct trivet_receipt_check *check, struct trivet_slice line)
{
    json_t *root;

    if (check->cache == NULL) {
        check->cache = trivet_verifier_cache_new(NUM_CACHED_KEYS);
    }
    if (check->cache == NULL) {
        return TRIVET_E_MEMORY;
    }

    check->num_lines++;
    if (line.len == 0 || line.data[line.len - 1] != '\n') {
        find(check, "it is cut off: it has no end");
        return TRIVET_OK;
    }

    line.len--;
    if (!check_chain(check, line)) {
        return TRIVET_OK;
    }
    root =
        trivet_json_load(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (root == NULL) {
        find(check, "it is no JSON");
        return TRIVET_OK;
    }

    check_request(check, root);
    check_answer(check, root);
    json_decref(root);

    return TRIVET_OK;
}

void
trivet_receipt_check_release(struct trivet_receipt_check *check)
{
    trivet_verifier_cache_free(check->cache);
    check->cache = NULL;
}
