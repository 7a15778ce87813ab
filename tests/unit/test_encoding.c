/* SPDX-License-Identifier: Apache-2.0 */
/* test_encoding.c - strict base64, and hex */
#include "tests/unit/unit.h"

#include "base/encoding.h"

static void
anything_but_strict_base64_is_refused(void **state)
{
    static const char *const refused[] = {
        /* lengths that no bytes have */
        "A",
        "AA",
        "AAA",
        "AAAAA",
        "AAAAAA",
        "AAAAAAA",
        /* padding missing, too much, or in the middle */
        "=",
        "==",
        "===",
        "====",
        "A===",
        "AA=",
        "AA===",
        "AAAA=",
        "AAAA====",
        "AAA=AAAA",
        "AA==AAAA",
        "AA=A",
        "A=AA",
        "=AAA",
        "=AA=",
        "A=A=",
        /* URL-safe letters */
        "-_-_",
        "AA-A",
        "AA_A",
        "A_==",
        /* line breaks and blanks, also where they make the length right */
        "AAAA\n",
        "AAAA\r\n",
        "AAA\n",
        "\nAAA",
        "AA\nA",
        "AAAA\nAA=",
        "AA A",
        " AAA",
        "AAA ",
        "AA\tA",
        "AA= ",
        "AA\n=",
        /* other bytes */
        "AA.A",
        "AA,A",
        "AA:A",
        "AA@A",
        "AA[A",
        "AA`A",
        "AA{A",
        "AA\x7f"
        "A",
        "AA\x80"
        "A",
        "AA\xff"
        "A",
        "\xc3\xa9"
        "AA",
        /* bits behind the end */
        "AB==",
        "AQ==AAAA",
        "AP==",
        "Ag=B",
        "/x==",
        "//==",
        "AAB=",
        "AAD=",
        "//9=",
        "///=",
        "AAAAAB==",
    };
    unsigned char out[64];
    size_t len = 77;

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (trivet_base64_decode(
                trivet_slice_text(refused[i]), out, sizeof out, &len)
            != TRIVET_E_MALFORMED)
        {
            fail_msg("taken: \"%s\"", refused[i]);
        }
        assert_int_equal(len, 77);
    }

    assert_int_equal(trivet_base64_decode(
                         trivet_slice_make("AA\0A", 4), out, sizeof out, &len),
        TRIVET_E_MALFORMED);
}

static void
every_letter_outside_the_alphabet_is_refused_everywhere(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char out[6];
    size_t len;

    (void) state;

    for (int c = 0; c < 256; c++) {
        bool is_letter = c != 0 && strchr(alphabet, c) != NULL;

        for (size_t at = 0; at < 8; at++) {
            unsigned char text[] = "AAAAAAAA";
            /* Only the last character may also be padding. */
            bool is_taken = is_letter || (c == '=' && at == 7);

            text[at] = (unsigned char) c;
            assert_int_equal(trivet_base64_decode(trivet_slice_make(text, 8),
                                 out, sizeof out, &len),
                is_taken ? TRIVET_OK : TRIVET_E_MALFORMED);
        }
    }
}

static void
the_standard_s_own_vectors_work_both_ways(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xff\xff", "////"},
        {"\xfb\xef\xbe", "++++"},
        {"\xff", "/w=="},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_slice bytes = trivet_slice_text(rows[i].bytes);
        struct trivet_slice text = trivet_slice_text(rows[i].text);
        unsigned char decoded[8];
        char encoded[16] = "###############";
        size_t len;

        assert_int_equal(trivet_base64_encode(bytes, encoded), text.len);
        assert_int_equal(TRIVET_BASE64_LEN(bytes.len), text.len);
        assert_true(
            trivet_slice_equal(trivet_slice_make(encoded, text.len), text));
        assert_int_equal(encoded[text.len], '#');

        /* No more room than needed. */
        assert_int_equal(
            trivet_base64_decode(text, decoded, bytes.len, &len), TRIVET_OK);
        assert_true(trivet_slice_equal(trivet_slice_make(decoded, len), bytes));
    }
}

static void
all_bytes_come_back_at_every_length(void **state)
{
    unsigned char bytes[256];
    unsigned char decoded[256];
    char text[TRIVET_BASE64_LEN(256)];

    (void) state;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char) (i * 37 + 11);
    }

    for (size_t n = 0; n <= sizeof bytes; n++) {
        size_t text_len =
            trivet_base64_encode(trivet_slice_make(bytes, n), text);
        size_t len;

        assert_int_equal(text_len, TRIVET_BASE64_LEN(n));
        assert_int_equal(trivet_base64_decode(trivet_slice_make(text, text_len),
                             decoded, sizeof decoded, &len),
            TRIVET_OK);
        assert_true(trivet_slice_equal(
            trivet_slice_make(decoded, len), trivet_slice_make(bytes, n)));
    }
}

static void
each_run_of_bytes_has_one_spelling(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t num_one = 0;
    size_t num_two = 0;

    (void) state;

    for (size_t a = 0; a < 64; a++) {
        for (size_t b = 0; b < 64; b++) {
            char one[] = {alphabet[a], alphabet[b], '=', '='};
            char two[] = {'Q', alphabet[a], alphabet[b], '='};
            unsigned char out[3];
            size_t len;

            num_one += trivet_base64_decode(
                           trivet_slice_make(one, 4), out, sizeof out, &len)
                       == TRIVET_OK;
            num_two += trivet_base64_decode(
                           trivet_slice_make(two, 4), out, sizeof out, &len)
                       == TRIVET_OK;
        }
    }

    /* 'Q' gives six of the sixteen bits. */
    assert_int_equal(num_one, 256);
    assert_int_equal(num_two, 1024);
}

static void
more_bytes_than_there_is_room_for_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t num_bytes;
    } rows[] = {{"Zg==", 1}, {"Zm8=", 2}, {"Zm9v", 3}, {"Zm9vYg==", 4}};

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char out[5] = {9, 9, 9, 9, 9};
        size_t len = 77;

        assert_int_equal(trivet_base64_decode(trivet_slice_text(rows[i].text),
                             out, rows[i].num_bytes - 1, &len),
            TRIVET_E_LIMIT);
        assert_int_equal(len, 77);
        assert_int_equal(out[rows[i].num_bytes - 1], 9);

        assert_int_equal(trivet_base64_decode(trivet_slice_text(rows[i].text),
                             out, rows[i].num_bytes, &len),
            TRIVET_OK);
        assert_int_equal(len, rows[i].num_bytes);
        assert_int_equal(out[rows[i].num_bytes], 9);
    }
}

static void
hex_is_lower_case(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x0f, 0xa0, 0x5c, 0xff};
    char out[11] = "##########";

    (void) state;

    trivet_hex_encode(trivet_slice_make(bytes, sizeof bytes), out);
    assert_string_equal(out, "000fa05cff");

    trivet_hex_encode(trivet_slice_make(NULL, 0), out);
    assert_string_equal(out, "000fa05cff");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anything_but_strict_base64_is_refused),
        cmocka_unit_test(
            every_letter_outside_the_alphabet_is_refused_everywhere),
        cmocka_unit_test(the_standard_s_own_vectors_work_both_ways),
        cmocka_unit_test(all_bytes_come_back_at_every_length),
        cmocka_unit_test(each_run_of_bytes_has_one_spelling),
        cmocka_unit_test(more_bytes_than_there_is_room_for_are_refused),
        cmocka_unit_test(hex_is_lower_case),
    };

    return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
