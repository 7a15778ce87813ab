/* SPDX-License-Identifier: Apache-2.0 */
/* test_writer.c - bytes out, never past the end */
#include "tests/unit/unit.h"

#include "base/writer.h"

static void
what_does_not_fit_is_dropped_whole(void **state)
{
    char memory[8] = "#######";
    struct trivet_writer writer = trivet_writer_make(memory, 5);

    (void) state;

    trivet_writer_put_text(&writer, "abc");
    trivet_writer_put_text(&writer, "def");
    assert_true(writer.overflowed);
    assert_true(trivet_slice_is(trivet_writer_slice(&writer), "abc"));
    assert_memory_equal(memory, "abc####", 8);
}

static void
nothing_is_written_after_an_overflow(void **state)
{
    char memory[8] = "#######";
    struct trivet_writer writer = trivet_writer_make(memory, 5);

    (void) state;

    trivet_writer_put_text(&writer, "abcdef");
    trivet_writer_put_byte(&writer, 'x');
    trivet_writer_put_text(&writer, "");
    trivet_writer_put(&writer, trivet_slice_make("y", 1));
    assert_true(writer.overflowed);
    assert_int_equal(trivet_writer_slice(&writer).len, 0);
    assert_memory_equal(memory, "#######", 8);
}

static void
a_length_that_would_wrap_around_is_an_overflow(void **state)
{
    char memory[8];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    trivet_writer_put_text(&writer, "abc");
    trivet_writer_put(&writer, trivet_slice_make(memory, SIZE_MAX));
    assert_true(writer.overflowed);
    assert_int_equal(writer.len, 3);
}

static void
it_can_be_filled_to_the_last_byte(void **state)
{
    char memory[8] = "#######";
    struct trivet_writer writer = trivet_writer_make(memory, 7);

    (void) state;

    trivet_writer_put_text(&writer, "abc");
    trivet_writer_put(&writer, trivet_slice_make("d\0f", 3));
    trivet_writer_put_byte(&writer, '\n');
    trivet_writer_put_text(&writer, "");
    trivet_writer_put(&writer, trivet_slice_make(NULL, 0));
    assert_false(writer.overflowed);
    assert_true(trivet_slice_equal(
        trivet_writer_slice(&writer), trivet_slice_make("abcd\0f\n", 7)));
    assert_int_equal(memory[7], '\0');

    trivet_writer_put_byte(&writer, '!');
    assert_true(writer.overflowed);
    assert_int_equal(memory[7], '\0');
}

static void
no_memory_holds_nothing(void **state)
{
    struct trivet_writer writer = trivet_writer_make(NULL, 0);

    (void) state;

    trivet_writer_put_text(&writer, "");
    assert_false(writer.overflowed);
    assert_int_equal(trivet_writer_slice(&writer).len, 0);

    trivet_writer_put_byte(&writer, 0);
    assert_true(writer.overflowed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_dropped_whole),
        cmocka_unit_test(nothing_is_written_after_an_overflow),
        cmocka_unit_test(a_length_that_would_wrap_around_is_an_overflow),
        cmocka_unit_test(it_can_be_filled_to_the_last_byte),
        cmocka_unit_test(no_memory_holds_nothing),
    };

    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
