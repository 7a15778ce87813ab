/* SPDX-License-Identifier: Apache-2.0 */
/* test_traceparent.c - W3C Trace Context: what is a traceparent */
#include "tests/unit/unit.h"

#include "core/traceparent.h"

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static void
the_trace_id_of_a_right_value_is_read(void **state)
{
    static const char *const right[] = {
        "00-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-00",
        "00-" TRACE "-" PARENT "-ff",
        "01-" TRACE "-" PARENT "-01",
        "cc-" TRACE "-" PARENT "-01-what-the-future-will-be-like",
    };

    (void) state;

    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct trivet_slice id = {0};

        assert_true(trivet_traceparent_read(trivet_slice_text(right[i]), &id));
        assert_true(trivet_slice_is(id, TRACE));
    }
}

static void
any_other_value_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "00-" TRACE "-" PARENT "-0",
        "00-" TRACE "-" PARENT "-01-",
        "00-" TRACE "-" PARENT "-01-x",
        "01-" TRACE "-" PARENT "-01x",
        "ff-" TRACE "-" PARENT "-01",
        "0G-" TRACE "-" PARENT "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-" TRACE "-B7AD6B7169203331-01",
        "00-" TRACE "-" PARENT "-0x",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
        " 00-" TRACE "-" PARENT "-01",
    };

    (void) state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct trivet_slice id = {0};

        assert_false(trivet_traceparent_read(trivet_slice_text(wrong[i]), &id));
        assert_null(id.data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trace_id_of_a_right_value_is_read),
        cmocka_unit_test(any_other_value_is_refused),
    };

    return cmocka_run_group_tests_name("traceparent", tests, NULL, NULL);
}
