/* SPDX-License-Identifier: Apache-2.0 */
/* test_profile.c - the named presets */
#include "tests/unit/unit.h"

#include "core/profile.h"

static void
a_name_is_exact(void **state)
{
    static const char *const unknown[] = {"", " ", "Strict", "STRICT",
        "strict ", " strict", "stric", "strictt", "currentstrict", "default",
        "none"};

    (void) state;

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_null(trivet_profile_find(trivet_slice_text(unknown[i])));
    }

    assert_null(trivet_profile_find(trivet_slice_make("strict\0", 7)));
    assert_null(trivet_profile_find(trivet_slice_make(NULL, 0)));
}

static void
strict_wants_all_signatures_and_current_does_not(void **state)
{
    const struct trivet_profile *strict =
        trivet_profile_find(trivet_slice_text("strict"));
    const struct trivet_profile *current =
        trivet_profile_find(trivet_slice_text("current"));

    (void) state;

    assert_non_null(strict);
    assert_string_equal(strict->name, "strict");
    assert_true(strict->requires_all_signatures);

    assert_non_null(current);
    assert_string_equal(current->name, "current");
    assert_false(current->requires_all_signatures);
}

static void
both_sign_bodies_and_extend_in_the_last_half_hour(void **state)
{
    static const char *const names[] = {"strict", "current"};

    (void) state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct trivet_profile *profile =
            trivet_profile_find(trivet_slice_text(names[i]));

        assert_non_null(profile);
        assert_int_equal(profile->request_scheme, TRIVET_SCHEME_BODY);
        assert_int_equal(profile->response_scheme, TRIVET_SCHEME_BODY);
        assert_int_equal(profile->extend_window_s, 1800);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_exact),
        cmocka_unit_test(strict_wants_all_signatures_and_current_does_not),
        cmocka_unit_test(both_sign_bodies_and_extend_in_the_last_half_hour),
    };

    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
