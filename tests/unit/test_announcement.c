/* SPDX-License-Identifier: Apache-2.0 */
/* test_announcement.c - announced pins: written, signed, read */
#include "tests/unit/vector.h"

#include <string.h>

#include "base/timestamp.h"
#include "core/message/pins.h"
#include "crypto/statement.h"

static const char good_key[] = "keys/rsa2048-private.pem";

static struct trivet_announcement
make_announcement(void)
{
    struct trivet_announcement made = {
        .num_pins = 2,
        .issued_us = INT64_C(1700000000) * TRIVET_US_PER_S,
        .expires_us = INT64_C(1700086400) * TRIVET_US_PER_S,
    };

    made.pins[0].digest[0] = 1;
    made.pins[1].digest[0] = 2;
    made.pins[1].expires_us = INT64_C(1893456000) * TRIVET_US_PER_S;

    return made;
}

static void
what_is_written_is_read(void **state)
{
    const struct trivet_announcement made = make_announcement();
    struct trivet_announcement read;
    struct trivet_buffer statement = trivet_pins_statement_write(&made);

    (void) state;

    assert_non_null(statement.data);
    assert_int_equal(trivet_pins_statement_read(
                         trivet_buffer_slice(&statement), &read, NULL),
        TRIVET_OK);
    assert_int_equal(read.num_pins, 2);
    assert_memory_equal(read.pins, made.pins, 2 * sizeof made.pins[0]);
    assert_int_equal(read.issued_us, made.issued_us);
    assert_int_equal(read.expires_us, made.expires_us);
    trivet_buffer_free(&statement);
}

static void
an_answer_gives_the_same_bytes_back(void **state)
{
    const struct trivet_announcement made = make_announcement();
    struct trivet_buffer statement = trivet_pins_statement_write(&made);
    struct trivet_buffer answer = trivet_pins_answer_write(
        trivet_buffer_slice(&statement), trivet_slice_text("AAAA"));
    struct trivet_pins_answer read;

    (void) state;

    assert_non_null(answer.data);
    assert_int_equal(
        trivet_pins_answer_read(trivet_buffer_slice(&answer), &read, NULL),
        TRIVET_OK);
    assert_string_equal(read.statement, statement.data);
    assert_string_equal(read.signature, "AAAA");

    /* Cut anywhere, it is none. */
    for (size_t len = 0; len < answer.len; len++) {
        assert_int_equal(trivet_pins_answer_read(
                             trivet_slice_make(answer.data, len), &read, NULL),
            TRIVET_E_MALFORMED);
    }
    trivet_buffer_free(&answer);
    trivet_buffer_free(&statement);
}

static void
a_statement_without_a_backup_is_refused(void **state)
{
    struct trivet_announcement made = make_announcement();
    struct trivet_announcement read;

    (void) state;

    for (made.num_pins = 0; made.num_pins < 2; made.num_pins++) {
        struct trivet_buffer statement = trivet_pins_statement_write(&made);

        assert_int_equal(trivet_pins_statement_read(
                             trivet_buffer_slice(&statement), &read, NULL),
            TRIVET_E_MALFORMED);
        trivet_buffer_free(&statement);
    }
}

static size_t
sign(const struct trivet_private_key *key, struct trivet_slice text,
    unsigned char out[TRIVET_MAX_SIGNATURE])
{
    char base64[TRIVET_SIGNATURE_TEXT_LEN];
    size_t len = 0;

    assert_int_equal(trivet_statement_sign(key, text, base64), TRIVET_OK);
    assert_int_equal(
        trivet_base64_decode(trivet_slice_make(base64, sizeof base64), out,
            TRIVET_MAX_SIGNATURE, &len),
        TRIVET_OK);
    assert_int_equal(len, TRIVET_SIGNATURE_LEN);

    return len;
}

static struct trivet_private_key *
load(const char *name, struct trivet_public_key *out_public)
{
    const struct vector pem = vector_read(name);
    struct trivet_private_key *key;

    assert_int_equal(
        trivet_private_key_parse(vector_slice(&pem), &key, NULL), TRIVET_OK);
    assert_int_equal(trivet_private_key_public(key, out_public), TRIVET_OK);

    return key;
}

static void
a_statement_is_signed_by_its_key_alone(void **state)
{
    struct trivet_slice text = trivet_slice_text("{\"type\":\"trivet-pins\"}");
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    struct trivet_public_key public_key;
    struct trivet_public_key other_public;
    struct trivet_private_key *key = load(good_key, &public_key);
    struct trivet_private_key *other;
    size_t len = sign(key, text, raw);

    (void) state;

    assert_int_equal(trivet_private_key_generate(&other, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_private_key_public(other, &other_public), TRIVET_OK);

    assert_true(trivet_statement_is_signed(
        &public_key, text, trivet_slice_make(raw, len)));
    assert_false(trivet_statement_is_signed(
        &other_public, text, trivet_slice_make(raw, len)));
    assert_false(trivet_statement_is_signed(
        &public_key, trivet_slice_text("{}"), trivet_slice_make(raw, len)));
    assert_false(trivet_statement_is_signed(
        &public_key, text, trivet_slice_make(raw, len - 1)));
    assert_false(trivet_statement_is_signed(
        &public_key, text, trivet_slice_make(raw, 0)));
    raw[7] ^= 1;
    assert_false(trivet_statement_is_signed(
        &public_key, text, trivet_slice_make(raw, len)));

    trivet_private_key_free(other);
    trivet_private_key_free(key);
}

/* Answers are signed over whatever the API gives. */
static void
the_signature_of_an_answer_is_none_of_a_statement(void **state)
{
    struct trivet_slice text = trivet_slice_text("{\"type\":\"trivet-pins\"}");
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    char base64[TRIVET_SIGNATURE_TEXT_LEN];
    struct trivet_public_key public_key;
    struct trivet_private_key *key = load(good_key, &public_key);
    struct trivet_signer *signer;
    size_t len = 0;

    (void) state;

    assert_int_equal(trivet_signer_new(key, &signer, NULL), TRIVET_OK);
    assert_int_equal(trivet_sha256(text, digest), TRIVET_OK);
    assert_int_equal(trivet_signer_sign(signer, digest, base64), TRIVET_OK);
    assert_int_equal(
        trivet_base64_decode(
            trivet_slice_make(base64, sizeof base64), raw, sizeof raw, &len),
        TRIVET_OK);
    assert_false(trivet_statement_is_signed(
        &public_key, text, trivet_slice_make(raw, len)));

    trivet_signer_free(signer);
    trivet_private_key_free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(an_answer_gives_the_same_bytes_back),
        cmocka_unit_test(a_statement_without_a_backup_is_refused),
        cmocka_unit_test(a_statement_is_signed_by_its_key_alone),
        cmocka_unit_test(the_signature_of_an_answer_is_none_of_a_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
