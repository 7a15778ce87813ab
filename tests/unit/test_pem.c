/* SPDX-License-Identifier: Apache-2.0 */
/* test_pem.c - PEM text as programs really write it */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/pem.h"

#define A16 "AAAAAAAAAAAAAAAA"
#define A64 A16 A16 A16 A16

static const char strict[] =
    "-----BEGIN KEY-----\n" A64 "\nBBBB\n-----END KEY-----\n";

static enum trivet_status
rewrap(const char *text, char out[512])
{
    struct trivet_writer writer = trivet_writer_make(out, 511);
    enum trivet_status status =
        trivet_pem_rewrap(trivet_slice_text(text), &writer);

    out[writer.len] = '\0';
    return status;
}

static void
a_label_has_no_bytes_that_cannot_be_shown(void **state)
{
    static const char text[] = "-----BEGIN K\0Y-----\nBBBB\n-----END K";
    char out[512];
    struct trivet_writer writer = trivet_writer_make(out, sizeof(out));

    (void) state;

    assert_int_equal(
        trivet_pem_rewrap(trivet_slice_make(text, sizeof(text) - 1), &writer),
        TRIVET_E_MALFORMED);
    assert_int_equal(rewrap("-----BEGIN K\x1b"
                            "Y-----\nBBBB\n-----END K\x1b"
                            "Y-----",
                         out),
        TRIVET_E_MALFORMED);
    assert_int_equal(
        rewrap("-----BEGIN A KEY-----\nBBBB\n-----END A KEY-----", out),
        TRIVET_OK);
}

static void
every_layout_becomes_the_strict_one(void **state)
{
    static const char *const texts[] = {
        "-----BEGIN KEY-----\n" A64 "\nBBBB\n-----END KEY-----\n",
        "-----BEGIN KEY-----\n" A64 "BBBB\n-----END KEY-----",
        "-----BEGIN KEY-----" A64 "BBBB-----END KEY-----",
        "\r\n -----BEGIN KEY-----\r\n" A64 "\r\nBBBB\r\n-----END KEY-----\r\n",
        "-----BEGIN KEY-----\n" A16 "\n" A16 "\n" A16 A16
        "\nBB BB\n\n-----END KEY-----\n\n",
    };
    char out[512];

    (void) state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(rewrap(texts[i], out), TRIVET_OK);
        assert_string_equal(out, strict);
    }
}

static void
what_is_no_pem_is_refused(void **state)
{
    static const char *const texts[] = {"", "KEY", "-----BEGIN KEY-----",
        "-----BEGIN -----\nAAAA\n-----END -----",
        "-----BEGIN KEY-----\nAAAA\n-----END OTHER-----",
        "-----BEGIN KEY--\nAAAA\n-----END KEY-----",
        "-----BEGIN " A64 "AA-----\nAAAA\n-----END " A64 "AA-----",
        "x -----BEGIN KEY-----\nAAAA\n-----END KEY-----"};
    char out[512];

    (void) state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(rewrap(texts[i], out), TRIVET_E_MALFORMED);
    }
}

static void
a_full_writer_is_told(void **state)
{
    char small[sizeof strict];

    (void) state;

    for (size_t cap = 0; cap < sizeof strict - 1; cap++) {
        struct trivet_writer writer = trivet_writer_make(small, cap);

        assert_int_equal(trivet_pem_rewrap(trivet_slice_text(strict), &writer),
            TRIVET_E_LIMIT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_becomes_the_strict_one),
        cmocka_unit_test(a_label_has_no_bytes_that_cannot_be_shown),
        cmocka_unit_test(what_is_no_pem_is_refused),
        cmocka_unit_test(a_full_writer_is_told),
    };

    return cmocka_run_group_tests_name("pem", tests, NULL, NULL);
}
