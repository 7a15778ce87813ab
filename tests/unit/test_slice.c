/* SPDX-License-Identifier: Apache-2.0 */
/* test_slice.c - runs of bytes, and numbers in them */
#include "tests/unit/unit.h"

#include "base/slice.h"

static void
ids_are_digits_alone(void **state)
{
    static const char *const refused[] = {"", "-1", "+1", " 1", "1 ", "1a",
        "0x1", "9223372036854775808", "99999999999999999999",
        "00000000000000000000", "00000000000000000001"};
    long long id = 7;

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(trivet_slice_to_id(trivet_slice_text(refused[i]), &id));
        assert_int_equal(id, 7);
    }

    assert_true(
        trivet_slice_to_id(trivet_slice_text("0000000000000000042"), &id));
    assert_int_equal(id, 42);
    assert_true(trivet_slice_to_id(trivet_slice_text("0"), &id));
    assert_int_equal(id, 0);
    assert_true(
        trivet_slice_to_id(trivet_slice_text("9223372036854775807"), &id));
    assert_true(id == INT64_MAX);
}

static void
case_is_ignored_only_where_asked(void **state)
{
    (void) state;

    assert_true(trivet_slice_equal_nocase(
        trivet_slice_text("X-Bunq"), trivet_slice_text("x-bUNQ")));
    assert_false(trivet_slice_equal_nocase(
        trivet_slice_text("X-Bunq"), trivet_slice_text("X-Bunk")));
    assert_false(trivet_slice_equal_nocase(
        trivet_slice_text("X-Bunq"), trivet_slice_text("X-Bunq-")));
    assert_false(trivet_slice_is(trivet_slice_text("a"), "A"));
}

static void
trim_cuts_both_ends(void **state)
{
    (void) state;

    assert_true(trivet_slice_is(
        trivet_slice_trim(trivet_slice_text(" \r\n a b\t\n")), "a b"));
    assert_int_equal(trivet_slice_trim(trivet_slice_text(" \n")).len, 0);
}

static void
among_names_without_case(void **state)
{
    static const char *const names[] = {"Token", "Api-Key"};
    (void) state;

    assert_true(trivet_slice_is_among(trivet_slice_text("tOKEN"), names, 2));
    assert_true(trivet_slice_is_among(trivet_slice_text("api-key"), names, 2));
    assert_false(trivet_slice_is_among(trivet_slice_text("api-key"), names, 1));
    assert_false(trivet_slice_is_among(trivet_slice_text("Toke"), names, 2));
    assert_false(trivet_slice_is_among(trivet_slice_text(""), names, 2));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(among_names_without_case),
        cmocka_unit_test(ids_are_digits_alone),
        cmocka_unit_test(case_is_ignored_only_where_asked),
        cmocka_unit_test(trim_cuts_both_ends),
    };

    return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
