/* SPDX-License-Identifier: Apache-2.0 */
/* test_origin.c - whether a request comes from a program on this machine */
#include "tests/unit/unit.h"

#include "sidecar/origin.h"

static void
names_of_this_machine(void **state)
{
    static const char *const names[] = {"localhost", "localhost:8480",
        "LocalHost:1", "127.0.0.1", "127.0.0.1:8480", "127.255.255.254:80",
        "[::1]", "[::1]:8480"};

    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(trivet_origin_is_here(trivet_slice_text(names[i])));
    }
}

static void
names_of_others(void **state)
{
    static const char *const names[] = {"", ":", ":8480",
        "localhost:", "localhost:80:80", "localhost.", "localhost.evil.example",
        "evil.example", "evil.example:8480", "127.0.0.1.evil.example", "127.1",
        "127.0.0.1:", "127.0.0.1:8480x", "0127.0.0.1", "0x7f.0.0.1",
        "2130706433", "0.0.0.0", "128.0.0.1", "[::1", "[::1]x", "[::2]", "::1",
        "[::ffff:127.0.0.1]", "[127.0.0.1]", "[]", "localhost@evil.example",
        "evil.example#localhost", "localhost,evil.example", " localhost",
        "xlocalhost", "a.localhost"};

    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (trivet_origin_is_here(trivet_slice_text(names[i]))) {
            fail_msg("%s", names[i]);
        }
    }
}

static bool
is_own(const char *origin, const char *host)
{
    return trivet_origin_is_own(
        trivet_slice_text(origin), trivet_slice_text(host));
}

static void
an_origin_is_the_host_or_anothers(void **state)
{
    (void) state;
    assert_true(is_own("http://localhost:8480", "localhost:8480"));
    assert_false(is_own("http://localhost:3000", "localhost:8480"));
    assert_false(is_own("https://localhost:8480", "localhost:8480"));
    assert_false(is_own("http://localhost:8480.evil", "localhost:8480"));
    assert_false(is_own("http://", ""));
    assert_false(is_own("null", "localhost"));
    assert_false(is_own("", "localhost"));
}

static void
a_site_is_ones_own_or_anothers(void **state)
{
    (void) state;
    assert_true(trivet_origin_is_own_site(trivet_slice_text("none")));
    assert_true(trivet_origin_is_own_site(trivet_slice_text("same-origin")));
    assert_false(trivet_origin_is_own_site(trivet_slice_text("same-site")));
    assert_false(trivet_origin_is_own_site(trivet_slice_text("cross-site")));
    assert_false(trivet_origin_is_own_site(trivet_slice_text("")));
    assert_false(trivet_origin_is_own_site(trivet_slice_text("None")));
}

static const char token[] = "0123456789abcdef~!";

static bool
has_token(const char *authorization)
{
    return trivet_origin_has_token(
        trivet_slice_text(authorization), trivet_slice_text(token));
}

static void
a_token_is_there_whole(void **state)
{
    (void) state;
    assert_true(has_token("Bearer 0123456789abcdef~!"));
    assert_true(has_token("bearer  0123456789abcdef~! "));
    assert_false(has_token("Bearer 0123456789abcdef~"));
    assert_false(has_token("Bearer 0123456789abcdef~!!"));
    assert_false(has_token("Bearer 0123456789abcdef~?"));
    assert_false(has_token("Bearer0123456789abcdef~!"));
    assert_false(has_token("Basic 0123456789abcdef~!"));
    assert_false(has_token("Bearer "));
    assert_false(has_token(""));
    assert_false(has_token(token));
}

static void
what_a_token_is(void **state)
{
    char long_one[600];

    (void) state;
    memset(long_one, 'x', sizeof long_one);
    assert_true(trivet_origin_is_token(trivet_slice_text(token)));
    assert_true(trivet_origin_is_token(trivet_slice_make(long_one, 512)));
    assert_false(trivet_origin_is_token(trivet_slice_make(long_one, 513)));
    assert_false(trivet_origin_is_token(trivet_slice_make(long_one, 15)));
    assert_false(
        trivet_origin_is_token(trivet_slice_text("0123456789 abcdef")));
    assert_false(
        trivet_origin_is_token(trivet_slice_text("0123456789abcde\n0")));
    assert_false(trivet_origin_is_token(trivet_slice_make(NULL, 0)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_this_machine),
        cmocka_unit_test(names_of_others),
        cmocka_unit_test(an_origin_is_the_host_or_anothers),
        cmocka_unit_test(a_site_is_ones_own_or_anothers),
        cmocka_unit_test(a_token_is_there_whole),
        cmocka_unit_test(what_a_token_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
