/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - why a signature does not fit */
#include "crypto/explain.h"

#include <stdlib.h>

#include "base/encoding.h"
#include "base/secret.h"
#include "core/limits.h"
#include "crypto/examine.h"

enum {
    MAX_HEAD = 64 * 1024,
    MAX_SIGNATURE_INPUT = 2048,
    NUM_BYTES = 256,  /* of a signature                    */
    NUM_LETTERS = 342 /* of its base64, without the padding */
};

/* ---- the signature's own form ------------------------------------------ */

static bool
is_hex(struct trivet_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')
            && !(c >= 'A' && c <= 'F'))
        {
            return false;
        }
    }

    return true;
}

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

/* Base64 that was cut off, or goes on too long: nothing but its letters, and
 * not as many as a signature has. */
static bool
is_cut_base64(const char *text, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    while (len > 0 && text[len - 1] == '=') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (memchr(letters, text[i], sizeof letters - 1) == NULL) {
            return false;
        }
    }

    return len > 0 && len != NUM_LETTERS;
}

/* The raw signature, as good as it can be had, and what had to be mended for
 * that. *out_len is 0 when there is none. */
static enum trivet_mistake
decode_signature(struct trivet_slice text,
    unsigned char raw[TRIVET_MAX_SIGNATURE], size_t *out_len)
{
    char mended[MAX_SIGNATURE_INPUT];
    enum trivet_status status;
    bool was_url_safe;
    size_t len;

    *out_len = 0;
    text = trivet_slice_trim(text);
    if (text.len == 0) {
        return TRIVET_MISTAKE_NO_SIGNATURE;
    }
    if (trivet_slice_is(text, "IGNORE_ONLY_FOR_TESTING")) {
        return TRIVET_MISTAKE_IGNORE;
    }
    if (text.len == 2 * NUM_BYTES && is_hex(text)) {
        return TRIVET_MISTAKE_HEX;
    }
    if (trivet_base64_decode(text, raw, TRIVET_MAX_SIGNATURE, out_len)
        == TRIVET_OK) {
        return TRIVET_MISTAKE_NONE;
    }

    len = mend_base64(text, mended, &was_url_safe);
    status = trivet_base64_decode(
        trivet_slice_make(mended, len), raw, TRIVET_MAX_SIGNATURE, out_len);
    if (status != TRIVET_OK) {
        *out_len = 0;
        return status == TRIVET_E_LIMIT || is_cut_base64(mended, len)
                   ? TRIVET_MISTAKE_WRONG_SIZE
                   : TRIVET_MISTAKE_NOT_BASE64;
    }

    return was_url_safe ? TRIVET_MISTAKE_BASE64URL : TRIVET_MISTAKE_BASE64_FORM;
}

/* ---- how and with which key it was made ---------------------------------- */

/* Whether the signature opens with this key. */
static bool
opens_with(const struct trivet_public_key *key, struct trivet_slice signature,
    struct trivet_slice message)
{
    struct trivet_examined examined;

    return trivet_signature_examine(key, signature, message, &examined)
               == TRIVET_OK
           && examined.padding != TRIVET_PADDING_NONE;
}

bool
trivet_explain_is_made_with(
    struct trivet_slice signature, const struct trivet_public_key *key)
{
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    size_t len;

    (void) decode_signature(signature, raw, &len);
    return len > 0 && trivet_signature_is_by(key, trivet_slice_make(raw, len));
}

static enum trivet_mistake
find_padding(const struct trivet_explain_input *input,
    const struct trivet_examined *examined, struct trivet_slice signature,
    struct trivet_slice message)
{
    if (examined->padding == TRIVET_PADDING_PSS) {
        return TRIVET_MISTAKE_PSS;
    }
    if (examined->padding == TRIVET_PADDING_BARE) {
        return TRIVET_MISTAKE_NO_DIGEST_INFO;
    }
    if (input->other_key != NULL
        && opens_with(input->other_key, signature, message))
    {
        return TRIVET_MISTAKE_OTHER_SIDE;
    }

    return TRIVET_MISTAKE_WRONG_KEY;
}

/* ---- what was signed ----------------------------------------------------- */

/* Without memory it stays unknown. */
static void
keep_signed(const struct trivet_explain_input *input, struct trivet_slice bytes,
    struct trivet_explanation *out)
{
    struct trivet_buffer *to = input->was_signed;

    if (to == NULL) {
        return;
    }
    if (bytes.len > to->max - to->len) {
        bytes.len = to->max - to->len;
        out->is_signed_cut = true;
    }

    out->knows_signed = trivet_buffer_append(to, bytes) == TRIVET_OK;
}

/* Which attempt has the digest that was signed. */
static enum trivet_mistake
search_mistake(const struct trivet_explain_input *input,
    struct trivet_writer *scratch, struct trivet_explanation *out)
{
    struct trivet_mistake_search search;
    unsigned char digest[TRIVET_DIGEST_LEN];
    enum trivet_mistake found = TRIVET_MISTAKE_OTHER_BODY;
    enum trivet_mistake mistake;

    trivet_mistake_search_start(&search, &input->message,
        trivet_slice_make(out->digest, sizeof out->digest), input->max_work);

    while (found == TRIVET_MISTAKE_OTHER_BODY
           && trivet_mistake_search_next(&search, scratch, &mistake))
    {
        if (trivet_sha256(trivet_writer_slice(scratch), digest) == TRIVET_OK
            && memcmp(digest, out->signed_digest, sizeof digest) == 0)
        {
            found = mistake;
            keep_signed(input, trivet_writer_slice(scratch), out);
        }
    }

    out->has_given_up = search.has_given_up;
    trivet_mistake_search_end(&search);
    return found;
}

static enum trivet_mistake
find_content(const struct trivet_explain_input *input,
    const struct trivet_examined *examined, struct trivet_writer *scratch,
    struct trivet_explanation *out)
{
    if (strcmp(examined->hash, "SHA256") != 0) {
        out->hash = examined->hash;
        return TRIVET_MISTAKE_WRONG_DIGEST;
    }

    memcpy(out->signed_digest, examined->digest, sizeof out->signed_digest);
    out->has_signed_digest = true;
    if (memcmp(out->signed_digest, out->digest, sizeof out->digest) == 0) {
        return TRIVET_MISTAKE_NONE;
    }

    return input->digest != NULL ? TRIVET_MISTAKE_TOO_LARGE
                                 : search_mistake(input, scratch, out);
}

/* ---- all together ------------------------------------------------------ */

/* What should have been signed, into scratch, and its digest. */
static enum trivet_status
write_message(const struct trivet_explain_input *input,
    struct trivet_writer *scratch, struct trivet_explanation *out)
{
    if (input->digest != NULL) {
        memcpy(out->digest, input->digest, sizeof out->digest);
        return TRIVET_OK;
    }

    if (!trivet_signed_message_write(&input->message, scratch)) {
        return TRIVET_E_LIMIT;
    }

    out->len = scratch->len;
    return trivet_sha256(trivet_writer_slice(scratch), out->digest);
}

static enum trivet_status
explain(const struct trivet_explain_input *input, struct trivet_writer *scratch,
    struct trivet_explanation *out)
{
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    struct trivet_examined examined;
    struct trivet_slice message;
    struct trivet_slice signature;
    enum trivet_mistake form;
    size_t len;

    TRIVET_TRY(write_message(input, scratch, out));
    message = trivet_writer_slice(scratch);

    form = decode_signature(input->signature, raw, &len);
    if (len == 0) {
        out->mistake = form;
        return TRIVET_OK;
    }

    signature = trivet_slice_make(raw, len);
    if (trivet_signature_examine(input->key, signature, message, &examined)
        != TRIVET_OK)
    {
        out->mistake = TRIVET_MISTAKE_WRONG_SIZE;
        return TRIVET_OK;
    }

    out->mistake = examined.padding == TRIVET_PADDING_PKCS1
                       ? find_content(input, &examined, scratch, out)
                       : find_padding(input, &examined, signature, message);
    if (form != TRIVET_MISTAKE_NONE) {
        out->mistake = form; /* it comes first, whatever else is wrong */
        out->hash = NULL;
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_explain(const struct trivet_explain_input *input,
    struct trivet_explanation *out, struct trivet_error *err)
{
    /* Escapes make up to six letters of one, line ends two; and the head. */
    size_t cap = input->message.body.len * 6 + MAX_HEAD;
    struct trivet_explanation found = {.mistake = TRIVET_MISTAKE_NONE};
    struct trivet_writer scratch = trivet_writer_make(malloc(cap), cap);
    enum trivet_status status;

    if (scratch.data == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "explain", "out of memory");
    }

    status = explain(input, &scratch, &found);
    trivet_wipe(scratch.data, cap); /* a body may hold an API key */
    free(scratch.data);
    if (status != TRIVET_OK) {
        return trivet_error_set(err, status, "explain",
            "the bytes that should have been signed cannot be built");
    }

    *out = found;
    return TRIVET_OK;
}
