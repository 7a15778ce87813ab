/* SPDX-License-Identifier: Apache-2.0 */
/* test_gaps.c - which ids may still come, whatever their order */
#define _DEFAULT_SOURCE /* srand48 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "authority/gaps.h"

static bool
is_looked_for(const struct trivet_gaps *gaps, int64_t id)
{
    bool is_found = id > gaps->latest_id;

    for (size_t i = 0; i < gaps->num; i++) {
        assert_true(gaps->all[i].first <= gaps->all[i].last);
        assert_true(i == 0 || gaps->all[i - 1].last < gaps->all[i].first);
        is_found |= gaps->all[i].first <= id && id <= gaps->all[i].last;
    }

    return is_found;
}

static void
ids_in_their_order_leave_no_gap(void **state)
{
    struct trivet_gaps gaps = {.num = 0};

    (void) state;

    for (int64_t id = 1; id <= 5000; id++) {
        assert_true(trivet_gaps_see(&gaps, id, 0));
        assert_false(trivet_gaps_see(&gaps, id, 0));
        assert_int_equal(gaps.num, 0);
    }
    assert_int_equal(gaps.latest_id, 5000);
}

static void
what_comes_late_is_seen_once(void **state)
{
    struct trivet_gaps gaps = {.num = 0};

    (void) state;

    assert_true(trivet_gaps_see(&gaps, 10, 0));
    assert_int_equal(gaps.num, 1);
    assert_true(trivet_gaps_see(&gaps, 1, 0)); /* its beginning */
    assert_true(trivet_gaps_see(&gaps, 9, 0)); /* its end       */
    assert_true(trivet_gaps_see(&gaps, 5, 0)); /* between       */
    assert_int_equal(gaps.num, 2);
    for (int64_t id = 1; id <= 10; id++) {
        assert_int_equal(is_looked_for(&gaps, id),
            id != 1 && id != 5 && id != 9 && id != 10);
    }
    assert_false(trivet_gaps_see(&gaps, 5, 0));
    for (int64_t id = 2; id <= 8; id++) {
        assert_int_equal(trivet_gaps_see(&gaps, id, 0), id != 5);
    }
    assert_int_equal(gaps.num, 0);
    assert_int_equal(gaps.latest_id, 10);
}

static void
a_gap_is_given_up_when_it_is_old_and_no_sooner(void **state)
{
    struct trivet_gaps gaps = {.num = 0};

    (void) state;

    assert_true(trivet_gaps_see(&gaps, 3, 1000));
    assert_true(trivet_gaps_see(&gaps, 6, 2000));
    assert_true(trivet_gaps_see(&gaps, 2, 3000)); /* what is left is as old */
    trivet_gaps_expire(&gaps, 1000 + TRIVET_GAP_LIFE_MS - 1);
    assert_true(is_looked_for(&gaps, 1));
    trivet_gaps_expire(&gaps, 1000 + TRIVET_GAP_LIFE_MS);
    assert_false(is_looked_for(&gaps, 1));
    assert_true(is_looked_for(&gaps, 4));
    trivet_gaps_expire(&gaps, 2000 + TRIVET_GAP_LIFE_MS);
    assert_int_equal(gaps.num, 0);
}

/* Of more than there is room for, the lowest go; the others stay right. */
static void
too_many_gaps_cost_the_lowest(void **state)
{
    struct trivet_gaps gaps = {.num = 0};

    (void) state;

    for (int64_t id = 2; id <= 4 * TRIVET_MAX_CHANGE_GAPS; id += 2) {
        assert_true(trivet_gaps_see(&gaps, id, 0));
        assert_true(gaps.num <= TRIVET_MAX_CHANGE_GAPS);
    }
    assert_false(is_looked_for(&gaps, 1));
    for (int64_t id = 4 * TRIVET_MAX_CHANGE_GAPS - 1, num = 0;
         num < TRIVET_MAX_CHANGE_GAPS - 1; id -= 2, num++)
    {
        assert_true(is_looked_for(&gaps, id));
    }
}

static void
what_was_given_up_too_soon_is_known_for_as_long_as_it_may_come(void **state)
{
    struct trivet_gaps gaps = {.num = 0};
    int64_t id = 2;

    (void) state;

    for (; id <= 2 * TRIVET_MAX_CHANGE_GAPS; id += 2) {
        assert_true(trivet_gaps_see(&gaps, id, 1000));
        assert_false(trivet_gaps_are_lossy(&gaps, 1000));
    }
    assert_true(is_looked_for(&gaps, 1));
    assert_true(trivet_gaps_see(&gaps, id, 5000));
    assert_false(is_looked_for(&gaps, 1));
    assert_true(trivet_gaps_are_lossy(&gaps, 5000));
    assert_true(trivet_gaps_are_lossy(&gaps, 5000 + TRIVET_GAP_LIFE_MS - 1));
    assert_false(trivet_gaps_are_lossy(&gaps, 5000 + TRIVET_GAP_LIFE_MS));
}

/* A range that is full of holes, filled from a place of its middle. */
static void
a_gap_is_split_as_often_as_there_is_room(void **state)
{
    struct trivet_gaps gaps = {.num = 0};

    (void) state;

    assert_true(trivet_gaps_see(&gaps, 1000000, 0));
    for (int64_t id = 999; id < 1000000; id += 1000) {
        (void) trivet_gaps_see(&gaps, id, 0);
        assert_true(gaps.num <= TRIVET_MAX_CHANGE_GAPS);
        assert_false(trivet_gaps_see(&gaps, id, 0));
    }
}

/* Against a plain list of what was seen: ids of 1 to 300, in any order. */
static void
any_order_is_as_a_list_has_it(void **state)
{
    enum { NUM = 300, NUM_ROUNDS = 200 };

    (void) state;

    for (int round = 0; round < NUM_ROUNDS; round++) {
        struct trivet_gaps gaps = {.num = 0};
        bool was_seen[NUM + 1] = {false};

        srand48(round);
        for (int step = 0; step < 2 * NUM; step++) {
            int64_t id = 1 + lrand48() % NUM;

            assert_int_equal(trivet_gaps_see(&gaps, id, 0), !was_seen[id]);
            was_seen[id] = true;
        }
        for (int64_t id = 1; id <= NUM; id++) {
            assert_int_equal(is_looked_for(&gaps, id), !was_seen[id]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_in_their_order_leave_no_gap),
        cmocka_unit_test(what_comes_late_is_seen_once),
        cmocka_unit_test(a_gap_is_given_up_when_it_is_old_and_no_sooner),
        cmocka_unit_test(too_many_gaps_cost_the_lowest),
        cmocka_unit_test(
            what_was_given_up_too_soon_is_known_for_as_long_as_it_may_come),
        cmocka_unit_test(a_gap_is_split_as_often_as_there_is_room),
        cmocka_unit_test(any_order_is_as_a_list_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
