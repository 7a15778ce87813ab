/* SPDX-License-Identifier: Apache-2.0 */
/* test_buffer.c - owned bytes that grow up to a maximum */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/buffer.h"

static void
put(struct trivet_buffer *buffer, const char *text)
{
    assert_int_equal(
        trivet_buffer_append(buffer, trivet_slice_text(text)), TRIVET_OK);
}

static void
what_is_appended_stands_behind_the_rest(void **state)
{
    struct trivet_buffer buffer = trivet_buffer_make(100);

    (void) state;

    assert_null(buffer.data);
    put(&buffer, "abc");
    put(&buffer, "");
    put(&buffer, "def");
    assert_string_equal(buffer.data, "abcdef");
    assert_true(trivet_slice_is(trivet_buffer_slice(&buffer), "abcdef"));

    trivet_buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(buffer.max, 0);
    trivet_buffer_free(&buffer);
}

static void
it_grows_to_its_maximum_and_not_past_it(void **state)
{
    enum { MAX = 1000 };
    struct trivet_buffer buffer = trivet_buffer_make(MAX);

    (void) state;

    for (size_t i = 0; i < MAX; i++) {
        char byte = (char) ('a' + i % 26);

        assert_int_equal(
            trivet_buffer_append(&buffer, trivet_slice_make(&byte, 1)),
            TRIVET_OK);
        assert_true(buffer.cap >= buffer.len && buffer.cap <= MAX);
    }

    assert_int_equal(
        trivet_buffer_append(&buffer, trivet_slice_text("x")), TRIVET_E_LIMIT);
    assert_int_equal(trivet_buffer_reserve(&buffer, SIZE_MAX), TRIVET_E_LIMIT);
    assert_int_equal(buffer.len, MAX);
    assert_int_equal(strlen(buffer.data), MAX);
    for (size_t i = 0; i < MAX; i++) {
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    }
    put(&buffer, "");

    trivet_buffer_free(&buffer);
}

static void
a_zeroed_buffer_holds_nothing(void **state)
{
    struct trivet_buffer buffer = {0};

    (void) state;

    assert_int_equal(
        trivet_buffer_append(&buffer, trivet_slice_text("x")), TRIVET_E_LIMIT);
    assert_null(buffer.data);
    trivet_buffer_cut(&buffer, 0);
    trivet_buffer_free(&buffer);
}

static void
what_was_reserved_is_written_by_the_caller(void **state)
{
    struct trivet_buffer buffer = trivet_buffer_make(4096);
    const char *before;

    (void) state;

    put(&buffer, "head ");
    assert_int_equal(trivet_buffer_reserve(&buffer, 3000), TRIVET_OK);
    before = buffer.data;
    assert_true(buffer.cap - buffer.len >= 3000);
    assert_string_equal(buffer.data, "head ");
    memset(buffer.data + buffer.len, 'x', 3000);
    buffer.len += 3000;
    buffer.data[buffer.len] = '\0';
    assert_int_equal(strlen(buffer.data), 3005);
    /* What was reserved is not moved any more. */
    assert_ptr_equal(buffer.data, before);

    trivet_buffer_free(&buffer);
}

static void
what_is_cut_off_is_wiped(void **state)
{
    struct trivet_buffer buffer = trivet_buffer_make(64);

    (void) state;

    put(&buffer, "public secret");
    trivet_buffer_cut(&buffer, 6);
    assert_string_equal(buffer.data, "public");
    for (size_t i = 6; i <= 13; i++) {
        assert_int_equal(buffer.data[i], 0);
    }
    put(&buffer, "!");
    assert_string_equal(buffer.data, "public!");

    trivet_buffer_free(&buffer);
}

static void
more_memory_than_there_is_changes_nothing(void **state)
{
    struct trivet_buffer buffer = trivet_buffer_make(SIZE_MAX);

    (void) state;

    put(&buffer, "abc");
    assert_int_equal(
        trivet_buffer_reserve(&buffer, SIZE_MAX - 3), TRIVET_E_MEMORY);
    assert_string_equal(buffer.data, "abc");

    trivet_buffer_free(&buffer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_stands_behind_the_rest),
        cmocka_unit_test(it_grows_to_its_maximum_and_not_past_it),
        cmocka_unit_test(a_zeroed_buffer_holds_nothing),
        cmocka_unit_test(what_was_reserved_is_written_by_the_caller),
        cmocka_unit_test(what_is_cut_off_is_wiped),
        cmocka_unit_test(more_memory_than_there_is_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
