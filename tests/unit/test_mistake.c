/* SPDX-License-Identifier: Apache-2.0 */
/* test_mistake.c - each known mistake is recognised, and nothing else is */
#define _DEFAULT_SOURCE
#include "tests/unit/vector.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encoding.h"
#include "crypto/explain.h"

#define BODY "{\"b\": \"x/y\", \"a\": [1, 2.5], \"c\": \"\xc3\xa9\"}"
#define HEAD                                                                   \
    "POST /v1/x?q=1\nCache-Control: no-cache\nUser-Agent: me\n"                \
    "X-Bunq-Language: en_US\n\n"
#define HEAD_WITHOUT_QUERY                                                     \
    "POST /v1/x\nCache-Control: no-cache\nUser-Agent: me\n"                    \
    "X-Bunq-Language: en_US\n\n"

enum { MAX_TEXT = 1024, LARGE = 64 * 1024 };

static EVP_PKEY *ours;
static EVP_PKEY *others;
static struct trivet_public_key our_key;
static struct trivet_public_key other_key;

static struct trivet_field fields[] = {
    {{(const unsigned char *) "user-agent", 10},
        {(const unsigned char *) "me", 2}},
    {{(const unsigned char *) "Cache-Control", 13},
        {(const unsigned char *) "no-cache", 8}},
    {{(const unsigned char *) "Accept", 6}, {(const unsigned char *) "x", 1}},
    {{(const unsigned char *) "X-Bunq-Language", 15},
        {(const unsigned char *) "en_US", 5}},
};

static void
read_public(EVP_PKEY *pkey, struct trivet_public_key *out)
{
    unsigned char *p = out->der;

    out->der_len = (size_t) i2d_PUBKEY(pkey, &p);
    assert_in_range(out->der_len, 256, sizeof out->der);
}

static int
begin(void **state)
{
    (void) state;

    ours = EVP_RSA_gen(2048);
    others = EVP_RSA_gen(2048);
    assert_non_null(ours);
    assert_non_null(others);
    read_public(ours, &our_key);
    read_public(others, &other_key);
    return 0;
}

static int
end(void **state)
{
    (void) state;

    EVP_PKEY_free(ours);
    EVP_PKEY_free(others);
    return 0;
}

/* With OpenSSL itself. */
static void
sign(EVP_PKEY *key, const EVP_MD *algorithm, int padding, const char *bytes,
    size_t len, char out[MAX_TEXT])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner;
    unsigned char signature[256];
    size_t signature_len = sizeof signature;

    assert_int_equal(
        EVP_DigestSignInit(context, &inner, algorithm, NULL, key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(inner, padding), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &signature_len,
                         (const unsigned char *) bytes, len),
        1);
    EVP_MD_CTX_free(context);
    (void) EVP_EncodeBlock(
        (unsigned char *) out, signature, (int) signature_len);
}

static void
sign_text(const char *text, char out[MAX_TEXT])
{
    sign(ours, EVP_sha256(), RSA_PKCS1_PADDING, text, strlen(text), out);
}

static struct trivet_explain_input
make_input(enum trivet_scheme scheme, const char *body, const char *signature)
{
    return (struct trivet_explain_input){
        .message = {.scheme = scheme,
            .method = trivet_slice_text("POST"),
            .target = trivet_slice_text("/v1/x?q=1"),
            .fields = fields,
            .num_fields = sizeof fields / sizeof fields[0],
            .body = trivet_slice_text(body)},
        .signature = trivet_slice_text(signature),
        .key = &our_key,
    };
}

static struct trivet_explanation
explain(const struct trivet_explain_input *input)
{
    struct trivet_explanation found;

    assert_int_equal(trivet_explain(input, &found, NULL), TRIVET_OK);
    return found;
}

static void
assert_mistake(enum trivet_scheme scheme, const char *body,
    const char *signature, const char *id)
{
    struct trivet_explain_input input = make_input(scheme, body, signature);
    struct trivet_explanation found = explain(&input);

    if (strcmp(trivet_mistake_row(found.mistake)->id, id) != 0) {
        fail_msg("%s, not %s, of %s", trivet_mistake_row(found.mistake)->id, id,
            body);
    }
}

/* ---- what was signed ----------------------------------------------------- */

static const struct {
    const char *id;
    const char *sent;
    const char *signed_text;
} bodies[] = {
    {"fits", BODY, BODY},
    {"fits", "", ""},
    {"trailing-newline", BODY "\n", BODY},
    {"trailing-newline", BODY "\r\n", BODY},
    {"trailing-newline", BODY, BODY "\n"},
    {"trailing-newline", BODY, BODY "\r\n"},
    {"trailing-newline", "\n", ""},
    {"trailing-newline", "", "\n"},
    {"crlf", "a\r\nb\r\nc", "a\nb\nc"},
    {"crlf", "a\nb\nc", "a\r\nb\r\nc"},
    {"bom", "\xef\xbb\xbf" BODY, BODY},
    {"bom", BODY, "\xef\xbb\xbf" BODY},
    {"empty-body", BODY, ""},
    {"empty-body", "{}", ""},
    {"empty-object", "", "{}"},
    {"json-reserialised", BODY,
        "{\"b\":\"x/y\",\"a\":[1,2.5],\"c\":\"\xc3\xa9\"}"},
    {"json-reserialised", BODY,
        "{\"b\":\"x\\/y\",\"a\":[1,2.5],\"c\":\"\\u00e9\"}"},
    {"json-reserialised", "{\"b\":1.1}", "{\n    \"b\": 1.1\n}"},
    {"json-reserialised", "{\"b\":1,\"a\":2}", "{\n  \"a\": 2,\n  \"b\": 1\n}"},
    {"other-body", BODY, "quite another one"},
    {"other-body", BODY, BODY " "},
    {"other-body", BODY, "{\"b\":\"x/z\",\"a\":[1,2.5],\"c\":\"\xc3\xa9\"}"},
    {"other-body", "not JSON", "Not JSON"},
    {"other-body", "", " "},
};

static void
what_was_signed_in_place_of_the_body(void **state)
{
    char signature[MAX_TEXT];

    (void) state;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char text[MAX_TEXT];

        sign_text(bodies[i].signed_text, signature);
        assert_mistake(
            TRIVET_SCHEME_BODY, bodies[i].sent, signature, bodies[i].id);

        (void) snprintf(text, sizeof text, HEAD "%s", bodies[i].signed_text);
        sign_text(text, signature);
        assert_mistake(
            TRIVET_SCHEME_FULL, bodies[i].sent, signature, bodies[i].id);
    }
}

/* The bytes themselves, when they were found; nothing when not. */
static void
assert_was_signed(enum trivet_scheme scheme, size_t i, const char *signed_text)
{
    char signature[MAX_TEXT];
    struct trivet_buffer was_signed = trivet_buffer_make(MAX_TEXT);
    struct trivet_explain_input input;
    struct trivet_explanation found;
    bool is_known = strcmp(bodies[i].id, "fits") != 0
                    && strcmp(bodies[i].id, "other-body") != 0;

    sign_text(signed_text, signature);
    input = make_input(scheme, bodies[i].sent, signature);
    input.was_signed = &was_signed;
    found = explain(&input);

    assert_int_equal(found.knows_signed, is_known);
    assert_false(found.is_signed_cut);
    if (is_known) {
        assert_int_equal(was_signed.len, strlen(signed_text));
        assert_memory_equal(was_signed.data, signed_text, was_signed.len);
    } else {
        assert_int_equal(was_signed.len, 0);
    }
    trivet_buffer_free(&was_signed);
}

static void
the_bytes_that_were_signed(void **state)
{
    (void) state;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char text[MAX_TEXT];

        assert_was_signed(TRIVET_SCHEME_BODY, i, bodies[i].signed_text);
        (void) snprintf(text, sizeof text, HEAD "%s", bodies[i].signed_text);
        assert_was_signed(TRIVET_SCHEME_FULL, i, text);
    }
}

static void
as_many_of_them_as_there_is_room_for(void **state)
{
    char signature[MAX_TEXT];
    struct trivet_buffer was_signed = trivet_buffer_make(4);
    struct trivet_explain_input input;
    struct trivet_explanation found;
    (void) state;

    sign_text("abcdef", signature);
    input = make_input(TRIVET_SCHEME_BODY, "abcdef\n", signature);
    input.was_signed = &was_signed;
    found = explain(&input);

    assert_true(found.knows_signed && found.is_signed_cut);
    assert_int_equal(was_signed.len, 4);
    assert_memory_equal(was_signed.data, "abcd", 4);
    trivet_buffer_free(&was_signed);
}

static void
the_other_scheme(void **state)
{
    char signature[MAX_TEXT];

    (void) state;

    sign_text(HEAD BODY, signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "old-scheme");
    sign_text(HEAD_WITHOUT_QUERY BODY, signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "old-scheme");
    assert_mistake(TRIVET_SCHEME_FULL, BODY, signature, "query-left-out");
    sign_text(BODY, signature);
    assert_mistake(TRIVET_SCHEME_FULL, BODY, signature, "body-alone");
}

/* Of the client's own command: nothing is known but the body. */
static void
a_scheme_of_which_nothing_is_known(void **state)
{
    char signature[MAX_TEXT];
    struct trivet_explain_input input;

    (void) state;

    sign_text(HEAD BODY, signature);
    input = make_input(TRIVET_SCHEME_BODY, BODY, signature);
    input.message.method = trivet_slice_text("");
    assert_int_equal(explain(&input).mistake, TRIVET_MISTAKE_OTHER_BODY);

    input.message.status = 200;
    assert_int_equal(explain(&input).mistake, TRIVET_MISTAKE_OTHER_BODY);

    sign_text("200\nX-Bunq-Language: en_US\n\n" BODY, signature);
    assert_int_equal(explain(&input).mistake, TRIVET_MISTAKE_OLD_SCHEME);
}

static void
a_digest_of_the_digest(void **state)
{
    unsigned char digest[32];
    char hex[64];
    char signature[MAX_TEXT];

    (void) state;

    assert_int_equal(
        EVP_Digest(BODY, strlen(BODY), digest, NULL, EVP_sha256(), NULL), 1);
    sign(ours, EVP_sha256(), RSA_PKCS1_PADDING, (const char *) digest, 32,
        signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "double-digest");

    trivet_hex_encode(trivet_slice_make(digest, 32), hex);
    sign(ours, EVP_sha256(), RSA_PKCS1_PADDING, hex, 64, signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "double-digest");
}

/* ---- how, and with which key --------------------------------------------- */

static void
padding_and_digest(void **state)
{
    char signature[MAX_TEXT];

    (void) state;

    sign(ours, EVP_sha256(), RSA_PKCS1_PSS_PADDING, BODY, strlen(BODY),
        signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "pss");
    assert_mistake(TRIVET_SCHEME_BODY, BODY " ", signature, "wrong-key");

    sign(ours, EVP_sha256(), RSA_PKCS1_PSS_PADDING, HEAD BODY,
        strlen(HEAD BODY), signature);
    assert_mistake(TRIVET_SCHEME_FULL, BODY, signature, "pss");

    sign(ours, EVP_sha1(), RSA_PKCS1_PADDING, BODY, strlen(BODY), signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "wrong-digest");
    sign(ours, EVP_sha512(), RSA_PKCS1_PADDING, BODY, strlen(BODY), signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "wrong-digest");
}

static void
keys(void **state)
{
    char signature[MAX_TEXT];
    struct trivet_explain_input input;

    (void) state;

    sign(
        others, EVP_sha256(), RSA_PKCS1_PADDING, BODY, strlen(BODY), signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "wrong-key");

    input = make_input(TRIVET_SCHEME_BODY, BODY, signature);
    input.other_key = &other_key;
    assert_int_equal(explain(&input).mistake, TRIVET_MISTAKE_OTHER_SIDE);

    assert_true(trivet_explain_is_made_with(input.signature, &other_key));
    assert_false(trivet_explain_is_made_with(input.signature, &our_key));
    assert_false(
        trivet_explain_is_made_with(trivet_slice_text("AAAA"), &our_key));
    assert_false(trivet_explain_is_made_with(trivet_slice_text(""), &our_key));
}

/* ---- how it is written --------------------------------------------------- */

static void
how_it_is_written(void **state)
{
    static const struct {
        const char *id;
        const char *signature;
    } cases[] = {
        {"no-signature", ""},
        {"no-signature", "   "},
        {"not-base64", "***"},
        {"not-base64", "\xff\xfe"},
        {"wrong-size", "AAAA"},
        {"wrong-size", "nonsense"},
        {"ignore-only-for-testing", "IGNORE_ONLY_FOR_TESTING"},
    };
    char signature[MAX_TEXT];
    char text[MAX_TEXT];

    (void) state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_mistake(
            TRIVET_SCHEME_BODY, BODY, cases[i].signature, cases[i].id);
    }

    sign_text(BODY, signature);
    (void) snprintf(text, sizeof text, "%.342s", signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, text, "base64-form");
    (void) snprintf(
        text, sizeof text, "%.64s\n%.300s", signature, signature + 64);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, text, "base64-form");
    (void) snprintf(text, sizeof text, "%.300s", signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, text, "wrong-size");

    (void) snprintf(text, sizeof text, "%.341s", signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, text, "wrong-size");
    (void) snprintf(text, sizeof text, "%.340s?===", signature);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, text, "not-base64");

    memset(text, 'A', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_mistake(TRIVET_SCHEME_BODY, BODY, text, "wrong-size");
    memset(text, 'a', 512);
    text[512] = '\0';
    assert_mistake(TRIVET_SCHEME_BODY, BODY, text, "hex");
}

/* Whatever letters it has, and whatever else is wrong. */
static void
base64url_is_told_first(void **state)
{
    char signature[MAX_TEXT];
    size_t num_changed = 0;

    (void) state;

    sign_text(BODY, signature);
    for (char *p = signature; *p != '\0'; p++) {
        if (*p == '+' || *p == '/') {
            *p = *p == '+' ? '-' : '_';
            num_changed++;
        }
    }

    assert_int_not_equal(num_changed, 0);
    assert_mistake(TRIVET_SCHEME_BODY, BODY, signature, "base64url");
    assert_mistake(TRIVET_SCHEME_BODY, BODY "\n", signature, "base64url");
}

/* ---- random junk, and bounds --------------------------------------------- */

static void
junk_is_no_known_mistake(void **state)
{
    unsigned char raw[256];
    char signature[MAX_TEXT];

    (void) state;

    srandom(1);
    for (int round = 0; round < 200; round++) {
        struct trivet_explain_input input;
        enum trivet_mistake mistake;

        for (size_t i = 0; i < sizeof raw; i++) {
            raw[i] = (unsigned char) random();
        }
        (void) EVP_EncodeBlock((unsigned char *) signature, raw, sizeof raw);
        input = make_input(TRIVET_SCHEME_BODY, BODY, signature);
        mistake = explain(&input).mistake;
        assert_int_equal(mistake, TRIVET_MISTAKE_WRONG_KEY);
        assert_false(trivet_explain_is_made_with(input.signature, &our_key));
    }
}

static void
a_body_that_is_not_at_hand(void **state)
{
    unsigned char digest[32];
    char signature[MAX_TEXT];
    struct trivet_explain_input input;
    struct trivet_explanation found;

    (void) state;

    assert_int_equal(
        EVP_Digest(BODY, strlen(BODY), digest, NULL, EVP_sha256(), NULL), 1);
    sign_text(BODY, signature);
    input = make_input(TRIVET_SCHEME_BODY, "", signature);
    input.digest = digest;
    assert_int_equal(explain(&input).mistake, TRIVET_MISTAKE_NONE);

    sign_text(BODY "\n", signature);
    found = explain(&input);
    assert_int_equal(found.mistake, TRIVET_MISTAKE_TOO_LARGE);
    assert_memory_equal(found.digest, digest, sizeof digest);
    assert_true(found.has_signed_digest);

    sign(ours, EVP_sha1(), RSA_PKCS1_PADDING, BODY, strlen(BODY), signature);
    assert_int_equal(explain(&input).mistake, TRIVET_MISTAKE_WRONG_DIGEST);
}

/* Deep arrays, of which indents make a thousand times as much. */
static void
the_work_is_bounded(void **state)
{
    static char body[LARGE + 1];
    static unsigned char memory[8 * LARGE];
    struct trivet_writer out = trivet_writer_make(memory, sizeof memory);
    struct trivet_mistake_search search;
    struct trivet_explain_input input;
    enum trivet_mistake mistake;
    char signature[MAX_TEXT];
    size_t num_attempts = 0;

    (void) state;

    memset(body, '1', LARGE);
    memset(body, '[', 2000);
    memset(body + LARGE - 2000, ']', 2000);
    for (size_t i = 2001; i < LARGE - 2000; i += 2) {
        body[i] = ',';
    }
    body[LARGE - 2001] = '1';

    sign_text("x", signature);
    input = make_input(TRIVET_SCHEME_BODY, body, signature);
    trivet_mistake_search_start(
        &search, &input.message, trivet_slice_make(memory, 32), 0);
    while (trivet_mistake_search_next(&search, &out, &mistake)) {
        assert_in_range(out.len, 0, sizeof memory);
        num_attempts++;
    }
    trivet_mistake_search_end(&search);
    assert_in_range(num_attempts, 1, TRIVET_MAX_MISTAKE_ATTEMPTS);

    assert_false(explain(&input).has_given_up);
    input.max_work = 20 * LARGE;
    assert_true(explain(&input).has_given_up);
    assert_int_equal(explain(&input).mistake, TRIVET_MISTAKE_OTHER_BODY);
}

/* ---- the table ----------------------------------------------------------- */

static void
each_mistake_has_a_word_and_a_text(void **state)
{
    (void) state;

    for (int i = 0; i < TRIVET_NUM_MISTAKES; i++) {
        const struct trivet_mistake_row *row =
            trivet_mistake_row((enum trivet_mistake) i);

        assert_non_null(row->id);
        assert_int_equal(strlen(row->id),
            strspn(row->id, "abcdefghijklmnopqrstuvwxyz0123456789-"));
        assert_in_range(strlen(row->text), 10, 240);
        assert_int_not_equal(row->text[strlen(row->text) - 1], '.');
    }

    assert_string_equal(
        trivet_mistake_row(TRIVET_NUM_MISTAKES)->id, "other-body");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_in_place_of_the_body),
        cmocka_unit_test(the_bytes_that_were_signed),
        cmocka_unit_test(as_many_of_them_as_there_is_room_for),
        cmocka_unit_test(the_other_scheme),
        cmocka_unit_test(a_scheme_of_which_nothing_is_known),
        cmocka_unit_test(a_digest_of_the_digest),
        cmocka_unit_test(padding_and_digest),
        cmocka_unit_test(keys),
        cmocka_unit_test(how_it_is_written),
        cmocka_unit_test(base64url_is_told_first),
        cmocka_unit_test(junk_is_no_known_mistake),
        cmocka_unit_test(a_body_that_is_not_at_hand),
        cmocka_unit_test(the_work_is_bounded),
        cmocka_unit_test(each_mistake_has_a_word_and_a_text),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
