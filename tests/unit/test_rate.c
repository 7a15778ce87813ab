/* SPDX-License-Identifier: Apache-2.0 */
/* test_rate.c - the rate limits: so many calls of a method to an endpoint */
#include "tests/unit/unit.h"

#include "core/rate.h"

static struct trivet_rate_call
classify(const char *method, const char *path)
{
    return trivet_rate_classify(
        trivet_slice_text(method), trivet_slice_text(path));
}

static uint64_t
endpoint(const char *method, const char *path)
{
    return classify(method, path).endpoint;
}

static void
the_limits_are_the_classic_ones(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        enum trivet_rate_class kind;
        int max_calls;
        int per_s;
    } rows[] = {
        {"GET", "user", TRIVET_RATE_GET, 3, 3},
        {"HEAD", "user", TRIVET_RATE_GET, 3, 3},
        {"GET", "session-server", TRIVET_RATE_GET, 3, 3},
        {"POST", "installation", TRIVET_RATE_POST, 5, 3},
        {"POST", "device-server", TRIVET_RATE_POST, 5, 3},
        {"POST", "session-server/1", TRIVET_RATE_POST, 5, 3},
        {"POST", "a/session-server", TRIVET_RATE_POST, 5, 3},
        {"POST", "session-serve", TRIVET_RATE_POST, 5, 3},
        {"PUT", "user/1", TRIVET_RATE_PUT, 2, 3},
        {"PUT", "session-server", TRIVET_RATE_PUT, 2, 3},
        {"POST", "session-server", TRIVET_RATE_SESSION, 1, 30},
        {"DELETE", "session/0", TRIVET_RATE_NONE, 0, 0},
        {"DELETE", "session-server", TRIVET_RATE_NONE, 0, 0},
        {"OPTIONS", "user", TRIVET_RATE_NONE, 0, 0},
        {"get", "user", TRIVET_RATE_NONE, 0, 0},
        {"", "user", TRIVET_RATE_NONE, 0, 0},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_rate_call call = classify(rows[i].method, rows[i].path);

        assert_int_equal(call.kind, rows[i].kind);
        assert_int_equal(call.max_calls, rows[i].max_calls);
        assert_int_equal(call.per_s, rows[i].per_s);
        assert_int_equal(call.endpoint == 0, rows[i].kind == TRIVET_RATE_NONE);
    }
}

static void
a_class_has_its_limit_and_no_class_has_none(void **state)
{
    (void) state;

    for (int i = 1; i < TRIVET_NUM_RATE_CLASSES; i++) {
        assert_true(trivet_rate_limit((enum trivet_rate_class) i)->per_s > 0);
    }
    assert_null(trivet_rate_limit(TRIVET_RATE_NONE));
    assert_null(trivet_rate_limit(TRIVET_NUM_RATE_CLASSES));
    assert_null(trivet_rate_limit((enum trivet_rate_class) - 1));
}

static void
an_endpoint_is_the_same_however_it_is_written(void **state)
{
    static const char *const same[] = {
        "user/1/payment/22",
        "user/7/payment/9",
        "user/7/payment/9/",
        "user/7/payment/9?count=3",
        "user/7/payment/9/?a=/b/c",
        "/v1/user/7/payment/9",
        "/v1/user//7/payment/9//",
        "user/007/payment/9",
        "user/1/payment/123456789012345678901234567890",
        "user/_/payment/1",
    };

    (void) state;

    for (size_t i = 1; i < sizeof same / sizeof same[0]; i++) {
        assert_true(endpoint("GET", same[0]) == endpoint("GET", same[i]));
    }
    assert_true(endpoint("GET", "user") == endpoint("HEAD", "/v1/user/"));
}

static void
endpoints_are_told_apart(void **state)
{
    static const char *const paths[] = {"", "user", "user/1", "user/1/payment",
        "user/1/payment/9", "user/x", "user/1x", "user/-1", "user/__", "User",
        "payment/9", "v2/user", "userpayment"};
    const size_t num = sizeof paths / sizeof paths[0];

    (void) state;

    for (size_t i = 0; i < num; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(endpoint("GET", paths[i]) != endpoint("GET", paths[j]));
        }
        assert_true(endpoint("GET", paths[i]) != endpoint("PUT", paths[i]));
        assert_true(endpoint("GET", paths[i]) != endpoint("POST", paths[i]));
    }
}

static void
session_server_is_found_in_every_spelling_that_the_gateway_takes(void **state)
{
    static const char *const spellings[] = {"session-server", "session-server/",
        "/v1/session-server", "/v1/session-server/", "session-server?a=b",
        "/v1/session-server/?"};

    (void) state;

    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        struct trivet_rate_call call = classify("POST", spellings[i]);

        assert_int_equal(call.kind, TRIVET_RATE_SESSION);
        assert_true(call.endpoint == endpoint("POST", "session-server"));
    }
    assert_int_equal(
        classify("POST", "/session-server").kind, TRIVET_RATE_POST);
}

static void
any_bytes_are_a_path(void **state)
{
    static const unsigned char bytes[] = {
        '/', 'v', '1', '/', 0, 0xff, '/', '?'};

    (void) state;

    for (size_t len = 0; len <= sizeof bytes; len++) {
        assert_true(trivet_rate_classify(trivet_slice_text("GET"),
                        trivet_slice_make(len == 0 ? NULL : bytes, len))
                        .endpoint
                    != 0);
    }
}

static void
a_clock_set_by_a_window_leads_to_another_key(void **state)
{
    static const int64_t starts[] = {0, 1, -1, -29, -30, -31, 30, 86400,
        INT64_C(-86400) * 3650, INT64_MAX / 2};
    struct trivet_rate_call call = classify("POST", "session-server");

    (void) state;

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        int64_t from = starts[i];
        uint64_t key = trivet_rate_key(&call, from);

        assert_true(key == trivet_rate_key(&call, from));
        assert_true(key != trivet_rate_key(&call, from + 30));
        assert_true(key != trivet_rate_key(&call, from - 30));
        assert_true(key != trivet_rate_key(&call, from + 45));
        assert_true(key != trivet_rate_key(&call, from + 3600));
    }
    assert_true(trivet_rate_key(&call, 0) == call.endpoint);
    assert_true(trivet_rate_key(&call, 0) == trivet_rate_key(&call, 29));
}

static void
keys_of_endpoints_differ_at_any_clock(void **state)
{
    struct trivet_rate_call user = classify("GET", "user");
    struct trivet_rate_call card = classify("GET", "card");

    (void) state;

    for (int64_t offset = -7; offset < 7; offset++) {
        assert_true(
            trivet_rate_key(&user, offset) != trivet_rate_key(&card, offset));
    }
}

static void
a_limit_is_told_as_bunq_tells_it(void **state)
{
    struct trivet_rate_call call = classify("GET", "user");
    char text[TRIVET_RATE_TEXT_SIZE];

    (void) state;

    trivet_rate_format(&call, text);
    assert_string_equal(text, "3 calls per 3 second");
    call = classify("POST", "session-server");
    trivet_rate_format(&call, text);
    assert_string_equal(text, "1 calls per 30 second");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limits_are_the_classic_ones),
        cmocka_unit_test(a_class_has_its_limit_and_no_class_has_none),
        cmocka_unit_test(an_endpoint_is_the_same_however_it_is_written),
        cmocka_unit_test(endpoints_are_told_apart),
        cmocka_unit_test(
            session_server_is_found_in_every_spelling_that_the_gateway_takes),
        cmocka_unit_test(any_bytes_are_a_path),
        cmocka_unit_test(a_clock_set_by_a_window_leads_to_another_key),
        cmocka_unit_test(keys_of_endpoints_differ_at_any_clock),
        cmocka_unit_test(a_limit_is_told_as_bunq_tells_it),
    };

    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
