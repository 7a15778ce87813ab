/* SPDX-License-Identifier: Apache-2.0 */
/* test_budget.c - how many calls the server allows, and how many were made */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "sidecar/budget.h"

enum { NOW = 1000000, MARGIN = 500 };

static struct trivet_budget_limit
classify(enum trivet_budget_rule rule, const char *method, const char *target)
{
    return trivet_budget_classify(
        rule, trivet_slice_text(method), trivet_slice_text(target));
}

static struct trivet_budget *
new_budget(void)
{
    struct trivet_budget *budget = calloc(1, sizeof *budget);

    assert_non_null(budget);
    return budget;
}

static void
the_classic_limits_are_of_endpoints(void **state)
{
    struct trivet_budget_limit get =
        classify(TRIVET_BUDGET_CLASSIC, "GET", "/v1/user/1?a=b");
    struct trivet_budget_limit other =
        classify(TRIVET_BUDGET_CLASSIC, "GET", "/v1/user/2");
    struct trivet_budget_limit post =
        classify(TRIVET_BUDGET_CLASSIC, "POST", "/v1/user/2");

    (void) state;
    assert_true(get.key != 0 && get.key == other.key);
    assert_int_equal(get.max_calls, 3);
    assert_int_equal(get.per_s, 3);
    assert_true(post.key != get.key && post.max_calls == 5);
    assert_true(
        classify(TRIVET_BUDGET_CLASSIC, "DELETE", "/v1/user/2").key == 0);
}

static void
those_of_2026_are_of_kinds(void **state)
{
    struct trivet_budget_limit read =
        classify(TRIVET_BUDGET_2026, "GET", "/v1/user/1?a=/b");
    struct trivet_budget_limit other =
        classify(TRIVET_BUDGET_2026, "HEAD", "/v1/event");
    struct trivet_budget_limit write =
        classify(TRIVET_BUDGET_2026, "DELETE", "/v1/user/2");

    (void) state;
    assert_true(read.key != 0 && read.key == other.key);
    assert_int_equal(read.max_calls, 140);
    assert_true(write.key != read.key && write.max_calls == 70);
    /* more than are remembered: it is no limit that one keeps */
    assert_true(
        classify(TRIVET_BUDGET_2026, "GET", "/v1/user/1/card").key == 0);
}

static void
without_limits_all_is_free(void **state)
{
    struct trivet_budget *budget = new_budget();
    struct trivet_budget_limit none =
        classify(TRIVET_BUDGET_OFF, "GET", "/v1/user");

    (void) state;
    assert_true(none.key == 0);
    for (int i = 0; i < 1000; i++) {
        trivet_budget_take(budget, &none, NOW);
    }
    trivet_budget_hold(budget, &none, NOW + 99999);
    assert_true(trivet_budget_free_at(budget, &none, 1000, NOW) == NOW);
    free(budget);
}

static void
a_window_holds_as_many_as_the_limit_has(void **state)
{
    struct trivet_budget *budget = new_budget();
    struct trivet_budget_limit get =
        classify(TRIVET_BUDGET_CLASSIC, "GET", "/v1/user");

    (void) state;
    for (int i = 0; i < 3; i++) {
        assert_true(trivet_budget_free_at(budget, &get, 0, NOW + i) == NOW + i);
        trivet_budget_take(budget, &get, NOW + i);
    }

    assert_true(
        trivet_budget_free_at(budget, &get, 0, NOW + 3) == NOW + 3000 + MARGIN);
    assert_true(trivet_budget_free_at(budget, &get, 1, NOW + 3)
                == NOW + 1 + 3000 + MARGIN);
    assert_true(trivet_budget_free_at(budget, &get, 2, NOW + 3)
                == NOW + 2 + 3000 + MARGIN);
    assert_true(trivet_budget_free_at(budget, &get, 3, NOW + 3)
                == NOW + 6000 + 2 * MARGIN);
    assert_true(
        trivet_budget_free_at(budget, &get, 0, NOW + 3499 + 1) == NOW + 3500);
    free(budget);
}

/* Whatever is asked, no window has more than the limit. */
static void
who_asks_first_never_breaks_a_limit(void **state)
{
    static const char *const methods[] = {"GET", "POST", "PUT"};
    struct trivet_budget *budget = new_budget();
    int64_t now = NOW;
    int64_t made[3][64];
    int num[3] = {0, 0, 0};

    (void) state;
    for (int i = 0; num[0] < 64 && num[1] < 64 && num[2] < 64; i++) {
        int which = i % 3;
        struct trivet_budget_limit limit =
            classify(TRIVET_BUDGET_CLASSIC, methods[which], "/v1/thing");

        now += (i * 7919) % 400;
        if (trivet_budget_free_at(budget, &limit, 0, now) == now) {
            trivet_budget_take(budget, &limit, now);
            made[which][num[which]++] = now;
        }
        for (int m = 0; m < 3; m++) {
            limit = classify(TRIVET_BUDGET_CLASSIC, methods[m], "/v1/thing");
            if (num[m] > limit.max_calls) {
                assert_true(
                    made[m][num[m] - 1] - made[m][num[m] - 1 - limit.max_calls]
                    >= limit.per_s * 1000);
            }
        }
    }
    free(budget);
}

static void
a_refusal_holds_all(void **state)
{
    struct trivet_budget *budget = new_budget();
    struct trivet_budget_limit get =
        classify(TRIVET_BUDGET_CLASSIC, "GET", "/v1/user");
    struct trivet_budget_limit other =
        classify(TRIVET_BUDGET_CLASSIC, "GET", "/v1/card");

    (void) state;
    trivet_budget_hold(budget, &get, NOW + 5000);
    trivet_budget_hold(budget, &get, NOW + 2000);
    assert_true(trivet_budget_free_at(budget, &get, 0, NOW) == NOW + 5000);
    assert_true(trivet_budget_free_at(budget, &other, 0, NOW) == NOW);
    assert_true(
        trivet_budget_free_at(budget, &get, 0, NOW + 5001) == NOW + 5001);
    free(budget);
}

/* More endpoints than are remembered: those of long ago are forgotten. */
static void
the_latest_are_remembered(void **state)
{
    struct trivet_budget *budget = new_budget();
    struct trivet_budget_limit limits[TRIVET_NUM_BUDGET_SLOTS + 40];
    size_t num = sizeof limits / sizeof limits[0];

    (void) state;
    for (size_t i = 0; i < num; i++) {
        limits[i] = (struct trivet_budget_limit){
            .key = i + 1, .max_calls = 1, .per_s = 60};
        trivet_budget_take(budget, &limits[i], NOW + (int64_t) i);
    }
    for (size_t i = 40; i < num; i++) {
        assert_true(trivet_budget_free_at(budget, &limits[i], 0, NOW + 500)
                    > NOW + 500);
    }
    assert_true(
        trivet_budget_free_at(budget, &limits[0], 0, NOW + 500) == NOW + 500);
    free(budget);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_classic_limits_are_of_endpoints),
        cmocka_unit_test(those_of_2026_are_of_kinds),
        cmocka_unit_test(without_limits_all_is_free),
        cmocka_unit_test(a_window_holds_as_many_as_the_limit_has),
        cmocka_unit_test(who_asks_first_never_breaks_a_limit),
        cmocka_unit_test(a_refusal_holds_all),
        cmocka_unit_test(the_latest_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
