/* SPDX-License-Identifier: Apache-2.0 */
/* test_allow.c - which calls a caller of the proxy may make */
#include "tests/unit/unit.h"

#include "sidecar/allow.h"

static void
what_a_rule_is(void **state)
{
    static const char *const good[] = {"GET:/v1/user", "*:/v1/**",
        "POST:/v1/user/*/monetary-account/*/payment", "GET:/v1/*",
        "DELETE:/v1/a.b/c_d-e/**"};
    static const char *const bad[] = {"", ":", "GET", "GET:", "GET:/",
        "GET:/v1", "GET:/v1/", "GET:/v2/user", "GET:v1/user", "get:/v1/user",
        ":/v1/user", "GET:/v1//user", "GET:/v1/user/", "GET:/v1/user/../x",
        "GET:/v1/**/x", "GET:/v1/***", "GET:/v1/a*", "GET:/v1/a%20b",
        "GET:/v1/a?b", "GET:/v1/a;", "GET:/v1/\"", "**:/v1/user", "GET :/v1/a",
        "GET:/v1/a b"};

    (void) state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(trivet_allow_is_rule(trivet_slice_text(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (trivet_allow_is_rule(trivet_slice_text(bad[i]))) {
            fail_msg("%s", bad[i]);
        }
    }
}

static bool
allows(const char *rule, const char *method, const char *target)
{
    assert_true(trivet_allow_is_rule(trivet_slice_text(rule)));

    return trivet_allow_matches(trivet_slice_text(rule),
        trivet_slice_text(method), trivet_slice_text(target));
}

static void
a_method_is_that_one(void **state)
{
    (void) state;
    assert_true(allows("GET:/v1/user", "GET", "/v1/user"));
    assert_true(allows("GET:/v1/user", "HEAD", "/v1/user"));
    assert_true(allows("*:/v1/user", "PATCH", "/v1/user"));
    assert_false(allows("GET:/v1/user", "POST", "/v1/user"));
    assert_false(allows("POST:/v1/user", "HEAD", "/v1/user"));
    assert_false(allows("GET:/v1/user", "GE", "/v1/user"));
    assert_false(allows("GET:/v1/user", "", "/v1/user"));
}

static void
a_path_fits_segment_by_segment(void **state)
{
    (void) state;
    assert_true(allows("GET:/v1/user", "GET", "/v1/user?count=1&a=/b/%2e"));
    assert_false(allows("GET:/v1/user", "GET", "/v1/user/1"));
    assert_false(allows("GET:/v1/user", "GET", "/v1/users"));
    assert_false(allows("GET:/v1/user", "GET", "/v1/use"));
    assert_false(allows("GET:/v1/user", "GET", "/v1/User"));

    assert_true(allows("GET:/v1/user/*", "GET", "/v1/user/1"));
    assert_false(allows("GET:/v1/user/*", "GET", "/v1/user"));
    assert_false(allows("GET:/v1/user/*", "GET", "/v1/user/1/card"));
    assert_true(allows("GET:/v1/user/*/card", "GET", "/v1/user/1/card"));
    assert_false(allows("GET:/v1/user/*/card", "GET", "/v1/user/1/2/card"));

    assert_true(allows("GET:/v1/user/**", "GET", "/v1/user"));
    assert_true(allows("GET:/v1/user/**", "GET", "/v1/user/1/card/2"));
    assert_false(allows("GET:/v1/user/**", "GET", "/v1/users/1"));
}

/* As a server may read them, they are other paths. */
static void
a_path_with_two_readings_is_allowed_by_none(void **state)
{
    static const char *const targets[] = {"/v1/user/%2e%2e/payment",
        "/v1/user/../payment", "/v1/user/./1", "/v1//user", "/v1/user//1",
        "/v1/user/", "/v1/user/1/", "/v1/us%65r", "/v1/user;a=b",
        "/v1/user/a+b", "/v1/", "/v1", "/", "", "v1/user", "/v1/user#a",
        "/v1/user/a\\b", "*", "http://localhost/v1/user"};

    (void) state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        bool is_v1 = strcmp(targets[i], "/v1") == 0;

        /* what is no call at all is refused before */
        if (!is_v1 && allows("*:/v1/**", "GET", targets[i])) {
            fail_msg("%s", targets[i]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_rule_is),
        cmocka_unit_test(a_method_is_that_one),
        cmocka_unit_test(a_path_fits_segment_by_segment),
        cmocka_unit_test(a_path_with_two_readings_is_allowed_by_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
