/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a receipt: its end, its hash, and what is found wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sidecar/receipt_check.h"

static struct trivet_buffer
make_line(uint64_t number, char hash[TRIVET_RECEIPT_HASH + 1])
{
    static const char begin[] = "{\"a\":1";
    struct trivet_buffer line =
        trivet_buffer_make(sizeof begin + TRIVET_MAX_RECEIPT_END);

    assert_int_equal(
        trivet_buffer_append(&line, trivet_slice_text(begin)), TRIVET_OK);
    assert_int_equal(trivet_receipt_end(&line, number, hash), TRIVET_OK);

    return line;
}

static void
an_end_is_read_as_it_was_written(void **state)
{
    char hash[TRIVET_RECEIPT_HASH + 1];
    char previous[TRIVET_RECEIPT_HASH + 1];
    char said[TRIVET_RECEIPT_HASH + 1];
    char right[TRIVET_RECEIPT_HASH + 1];
    uint64_t number = 0;
    struct trivet_buffer line;
    struct trivet_slice text;

    (void) state;

    memcpy(hash, trivet_receipt_no_hash, sizeof hash);
    line = make_line(4711, hash);
    assert_int_equal(line.data[line.len - 1], '\n');
    text = trivet_slice_make(line.data, line.len - 1);
    assert_true(trivet_receipt_read_end(text, &number, previous, said));
    assert_int_equal(number, 4711);
    assert_string_equal(previous, trivet_receipt_no_hash);
    assert_string_equal(said, hash);
    assert_int_equal(trivet_receipt_hash(text, right), TRIVET_OK);
    assert_string_equal(right, hash);
    trivet_buffer_free(&line);
}

static void
anything_shorter_has_no_end(void **state)
{
    char hash[TRIVET_RECEIPT_HASH + 1];
    char previous[TRIVET_RECEIPT_HASH + 1];
    char said[TRIVET_RECEIPT_HASH + 1];
    uint64_t number;
    struct trivet_buffer line;

    (void) state;

    memcpy(hash, trivet_receipt_no_hash, sizeof hash);
    line = make_line(1, hash);
    for (size_t len = 0; len < line.len - 1; len++) {
        assert_false(trivet_receipt_read_end(
            trivet_slice_make(line.data, len), &number, previous, said));
    }
    trivet_buffer_free(&line);
}

static void
count(void *arg, const char *sentence)
{
    int *num = arg;

    assert_true(strlen(sentence) > 0);
    (*num)++;
}

static int
num_findings(const char *text)
{
    int num = 0;
    struct trivet_receipt_check check = {
        .on_finding = count, .arg = &num, .keys.folder = "/nonexistent"};

    assert_int_equal(
        trivet_receipt_check_line(&check, trivet_slice_text(text)), TRIVET_OK);
    trivet_receipt_check_release(&check);

    return num;
}

static void
whatever_is_no_receipt_is_found(void **state)
{
    static const char *const texts[] = {"", "\n", "{}\n", "x",
        ",\"previous\":\"\",\"n\":,\"hash\":\"\"}\n", "\"}\n"};
    char hash[TRIVET_RECEIPT_HASH + 1];
    struct trivet_buffer line;

    (void) state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(num_findings(texts[i]) > 0);
    }

    memcpy(hash, trivet_receipt_no_hash, sizeof hash);
    line = make_line(1, hash);
    assert_true(num_findings(line.data) > 0); /* no request is in it */
    trivet_buffer_free(&line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_read_as_it_was_written),
        cmocka_unit_test(anything_shorter_has_no_end),
        cmocka_unit_test(whatever_is_no_receipt_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
