/* SPDX-License-Identifier: Apache-2.0 */
/* test_throttle.c - not calling faster than the server allows */
#include "tests/unit/unit.h"

#include "client/throttle.h"

#define S INT64_C(1000000)

static struct trivet_rate_call
classify(const char *method, const char *path)
{
    return trivet_rate_classify(
        trivet_slice_text(method), trivet_slice_text(path));
}

static void
calls_beyond_the_limit_come_one_window_later(void **state)
{
    struct trivet_throttle_table table = {0};
    struct trivet_rate_call call = classify("GET", "user");
    int64_t now = 1000 * S;

    (void) state;

    for (int i = 0; i < 3; i++) {
        assert_true(trivet_throttle_reserve(&table, &call, now, 60 * S) == now);
    }
    for (int i = 0; i < 3; i++) {
        int64_t at = trivet_throttle_reserve(&table, &call, now, 60 * S);

        assert_true(at >= now + 3 * S && at < now + 4 * S);
    }
    assert_true(
        trivet_throttle_reserve(&table, &call, now, 60 * S) >= now + 6 * S);
}

static void
no_window_ever_holds_more_than_the_limit(void **state)
{
    struct trivet_throttle_table table = {0};
    struct trivet_rate_call call = classify("POST", "payment");
    int64_t stamps[200];
    int64_t now = 1000 * S;

    (void) state;

    for (size_t i = 0; i < 200; i++) {
        now += (int64_t) (i * 7919 % 900) * 1000;
        stamps[i] = trivet_throttle_reserve(&table, &call, now, 1000 * S);
        if (i >= 5) {
            assert_true(stamps[i] - stamps[i - 5] > 3 * S);
        }
    }
}

static void
what_would_wait_too_long_takes_no_place(void **state)
{
    struct trivet_throttle_table table = {0};
    struct trivet_rate_call call = classify("POST", "session-server");
    int64_t now = 1000 * S;

    (void) state;

    assert_true(trivet_throttle_reserve(&table, &call, now, 0) == now);
    assert_true(trivet_throttle_reserve(&table, &call, now, 0) > now + 30 * S);
    assert_true(trivet_throttle_reserve(&table, &call, now + 31 * S, 0)
                == now + 31 * S);
}

static void
a_429_blocks_the_endpoint_alone(void **state)
{
    struct trivet_throttle_table table = {0};
    struct trivet_rate_call call = classify("GET", "user");
    struct trivet_rate_call other = classify("GET", "card");
    int64_t now = 1000 * S;

    (void) state;

    trivet_throttle_block(&table, &call, now, 7);
    assert_true(
        trivet_throttle_reserve(&table, &call, now, 60 * S) >= now + 7 * S);
    assert_true(trivet_throttle_reserve(&table, &other, now, 60 * S) == now);
}

static void
a_clock_that_was_set_back_stops_nobody(void **state)
{
    struct trivet_throttle_table table = {0};
    struct trivet_rate_call call = classify("POST", "session-server");

    (void) state;

    (void) trivet_throttle_reserve(&table, &call, 999999 * S, 0);
    assert_true(
        trivet_throttle_reserve(&table, &call, 1000 * S, 0) == 1000 * S);
    assert_true(
        trivet_throttle_reserve(&table, &call, 800 * S, 60 * S) == 800 * S);
    assert_true(
        trivet_throttle_reserve(&table, &call, 790 * S, 60 * S) >= 830 * S);
}

static void
many_endpoints_push_out_the_oldest(void **state)
{
    struct trivet_throttle_table table = {0};
    char path[16] = "path-aaa";

    (void) state;

    for (int i = 0; i < 500; i++) {
        struct trivet_rate_call call;

        path[5] = (char) ('a' + i % 26);
        path[6] = (char) ('a' + i / 26);
        call = classify("GET", path);
        assert_true(trivet_throttle_reserve(&table, &call, (1000 + i) * S, 0)
                    == (1000 + i) * S);
    }
}

static void
seconds_are_read_from_the_text(void **state)
{
    const char *bunqs = "Too many requests. You can do a maximum of 3 calls "
                        "per 3 second to this endpoint.";

    (void) state;

    assert_int_equal(trivet_throttle_read_seconds(bunqs, 9), 3);
    assert_int_equal(trivet_throttle_read_seconds("<html>", 9), 9);
    assert_int_equal(trivet_throttle_read_seconds("calls per 99999", 9),
        TRIVET_MAX_THROTTLE_BLOCK_S);
    assert_int_equal(trivet_throttle_read_seconds("calls per -5", 9), 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_beyond_the_limit_come_one_window_later),
        cmocka_unit_test(no_window_ever_holds_more_than_the_limit),
        cmocka_unit_test(what_would_wait_too_long_takes_no_place),
        cmocka_unit_test(a_429_blocks_the_endpoint_alone),
        cmocka_unit_test(a_clock_that_was_set_back_stops_nobody),
        cmocka_unit_test(many_endpoints_push_out_the_oldest),
        cmocka_unit_test(seconds_are_read_from_the_text),
    };

    return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
