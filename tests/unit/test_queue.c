/* SPDX-License-Identifier: Apache-2.0 */
/* test_queue.c - whose turn it is */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "sidecar/queue.h"

enum { NOW = 1000000, MAX = 64 };

struct world {
    struct trivet_queue queue;
    struct trivet_budget budget;
    struct trivet_waiter waiters[512];
    size_t num;
};

static struct world *
new_world(size_t max_running)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    trivet_queue_init(&world->queue, max_running);
    return world;
}

static const struct trivet_budget_limit free_limit = {0};
static const struct trivet_budget_limit tight = {
    .key = 7, .max_calls = 2, .per_s = 3};

static struct trivet_waiter *
come(struct world *world, uint64_t caller,
    const struct trivet_budget_limit *limit, bool is_batch)
{
    struct trivet_waiter *waiter = &world->waiters[world->num++];

    waiter->limit = *limit;
    waiter->is_batch = is_batch;
    assert_true(trivet_queue_add(&world->queue, waiter, caller));
    return waiter;
}

static struct trivet_waiter *
next(struct world *world, int64_t now_ms)
{
    int64_t wake_ms;

    return trivet_queue_next(&world->queue, &world->budget, now_ms, &wake_ms);
}

/* The next one, which ends at once. */
static struct trivet_waiter *
serve(struct world *world)
{
    struct trivet_waiter *waiter = next(world, NOW);

    assert_non_null(waiter);
    trivet_queue_leave(&world->queue, waiter);
    return waiter;
}

static void
one_callers_calls_come_in_their_order(void **state)
{
    struct world *world = new_world(MAX);
    struct trivet_waiter *first = come(world, 1, &free_limit, false);
    struct trivet_waiter *second = come(world, 1, &free_limit, false);

    (void) state;
    assert_ptr_equal(serve(world), first);
    assert_ptr_equal(serve(world), second);
    assert_null(next(world, NOW));
    free(world);
}

static void
callers_take_turns(void **state)
{
    struct world *world = new_world(MAX);
    struct trivet_waiter *hog[6];
    struct trivet_waiter *one;
    struct trivet_waiter *two;

    (void) state;
    for (size_t i = 0; i < 6; i++) {
        hog[i] = come(world, 1, &free_limit, false);
    }
    assert_ptr_equal(serve(world), hog[0]);
    one = come(world, 2, &free_limit, false);
    two = come(world, 2, &free_limit, false);
    /* the newcomer comes after the call whose turn it was */
    assert_ptr_equal(serve(world), hog[1]);
    assert_ptr_equal(serve(world), one);
    assert_ptr_equal(serve(world), hog[2]);
    assert_ptr_equal(serve(world), two);
    assert_ptr_equal(serve(world), hog[3]);
    assert_ptr_equal(serve(world), hog[4]);
    free(world);
}

/* For ever: nobody who waits is kept waiting by those that come. */
static void
newcomers_do_not_starve_the_others(void **state)
{
    struct world *world = new_world(MAX);
    struct trivet_waiter *old;
    int turns = 0;

    (void) state;
    (void) come(world, 1, &free_limit, false);
    (void) serve(world);
    old = come(world, 1, &free_limit, false);
    for (uint64_t i = 0; i < 100 && old->caller != NULL; i++) {
        (void) come(world, 100 + i, &free_limit, false);
        (void) serve(world);
        turns++;
    }
    assert_null(old->caller);
    assert_in_range(turns, 1, 4);
    free(world);
}

static void
batches_have_each_fourth_turn(void **state)
{
    struct world *world = new_world(MAX);
    char order[17] = "";

    (void) state;
    for (int i = 0; i < 8; i++) {
        (void) come(world, 1, &free_limit, true);
        (void) come(world, 2, &free_limit, false);
    }
    for (int i = 0; i < 16; i++) {
        struct trivet_waiter *waiter = serve(world);

        order[i] = waiter->is_batch ? 'b' : 'i';
    }
    assert_string_equal(order, "iiibiiibiibbbbbb");
    free(world);
}

static void
a_limit_keeps_its_own_waiting_alone(void **state)
{
    struct world *world = new_world(MAX);
    struct trivet_waiter *waiters[3];
    struct trivet_waiter *other;
    int64_t wake_ms;

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        waiters[i] = come(world, 1, &tight, false);
    }
    other = come(world, 1, &free_limit, false);
    assert_ptr_equal(next(world, NOW), waiters[0]);
    assert_ptr_equal(next(world, NOW), waiters[1]);
    assert_ptr_equal(next(world, NOW), other);
    assert_null(
        trivet_queue_next(&world->queue, &world->budget, NOW, &wake_ms));
    assert_true(wake_ms == NOW + 3500);
    assert_null(next(world, NOW + 3499));
    assert_ptr_equal(next(world, NOW + 3500), waiters[2]);
    assert_null(
        trivet_queue_next(&world->queue, &world->budget, NOW, &wake_ms));
    assert_true(wake_ms == INT64_MAX);
    free(world);
}

static void
as_many_run_as_may(void **state)
{
    struct world *world = new_world(4);
    struct trivet_waiter *running[4];

    (void) state;
    for (int i = 0; i < 8; i++) {
        (void) come(world, 1, &free_limit, false);
    }
    for (size_t i = 0; i < 3; i++) {
        running[i] = next(world, NOW);
        assert_non_null(running[i]);
    }
    /* a quarter is for others */
    assert_null(next(world, NOW));
    (void) come(world, 2, &free_limit, false);
    (void) come(world, 2, &free_limit, false);
    running[3] = next(world, NOW);
    assert_non_null(running[3]);
    assert_null(next(world, NOW));
    trivet_queue_leave(&world->queue, running[0]);
    assert_non_null(next(world, NOW));
    assert_null(next(world, NOW));
    free(world);
}

static void
one_at_a_time(void **state)
{
    struct world *world = new_world(1);
    struct trivet_waiter *first = come(world, 1, &free_limit, false);
    struct trivet_waiter *second = come(world, 1, &free_limit, false);

    (void) state;
    assert_ptr_equal(next(world, NOW), first);
    assert_null(next(world, NOW));
    trivet_queue_leave(&world->queue, first);
    assert_ptr_equal(next(world, NOW), second);
    free(world);
}

static void
who_leaves_is_out(void **state)
{
    struct world *world = new_world(MAX);
    struct trivet_waiter *waiters[3];

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        waiters[i] = come(world, 1, &free_limit, i == 1);
    }
    trivet_queue_leave(&world->queue, waiters[1]);
    trivet_queue_leave(&world->queue, waiters[1]); /* nothing */
    assert_int_equal(world->queue.num_waiting, 2);
    assert_int_equal(world->queue.num_batch, 0);
    assert_ptr_equal(serve(world), waiters[0]);
    trivet_queue_leave(&world->queue, waiters[2]);
    assert_null(next(world, NOW));
    assert_null(world->queue.first);
    assert_null(world->queue.last);
    assert_int_equal(world->queue.num_running, 0);
    free(world);
}

static void
how_many_come_before_is_told_as_turns_go(void **state)
{
    struct world *world = new_world(MAX);
    const struct trivet_budget_limit other = {
        .key = 8, .max_calls = 2, .per_s = 3};

    (void) state;
    for (int i = 0; i < 20; i++) {
        (void) come(world, 1, &tight, false);
    }
    assert_int_equal(trivet_queue_count_ahead(&world->queue, 1, &tight), 20);
    assert_int_equal(trivet_queue_count_ahead(&world->queue, 2, &tight), 1);
    assert_int_equal(trivet_queue_count_ahead(&world->queue, 2, &other), 0);
    (void) come(world, 2, &tight, false);
    assert_int_equal(trivet_queue_count_ahead(&world->queue, 2, &tight), 3);
    assert_int_equal(trivet_queue_count_ahead(&world->queue, 3, &tight), 2);
    free(world);
}

/* More callers than are told apart: some share, none is lost. */
static void
many_callers(void **state)
{
    struct world *world = new_world(MAX);
    int num = 0;

    (void) state;
    for (uint64_t round = 0; round < 3; round++) {
        world->num = 0;
        for (uint64_t i = 0; i < 512; i++) {
            memset(&world->waiters[i], 0, sizeof world->waiters[i]);
            (void) come(world, round * 1000 + i + 1, &free_limit, false);
        }
        while (world->queue.num_waiting > 0) {
            (void) serve(world);
            num++;
        }
    }
    assert_int_equal(num, 3 * 512);
    free(world);
}

static void
too_many_are_refused(void **state)
{
    struct world *world = new_world(MAX);
    struct trivet_waiter *waiters =
        calloc(TRIVET_MAX_WAITERS + 1, sizeof waiters[0]);

    (void) state;
    assert_non_null(waiters);
    for (size_t i = 0; i < TRIVET_MAX_WAITERS; i++) {
        assert_true(trivet_queue_add(&world->queue, &waiters[i], 1));
    }
    assert_false(
        trivet_queue_add(&world->queue, &waiters[TRIVET_MAX_WAITERS], 1));
    trivet_queue_leave(&world->queue, &waiters[5]);
    assert_true(
        trivet_queue_add(&world->queue, &waiters[TRIVET_MAX_WAITERS], 1));
    free(waiters);
    free(world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_callers_calls_come_in_their_order),
        cmocka_unit_test(callers_take_turns),
        cmocka_unit_test(newcomers_do_not_starve_the_others),
        cmocka_unit_test(batches_have_each_fourth_turn),
        cmocka_unit_test(a_limit_keeps_its_own_waiting_alone),
        cmocka_unit_test(as_many_run_as_may),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(who_leaves_is_out),
        cmocka_unit_test(how_many_come_before_is_told_as_turns_go),
        cmocka_unit_test(many_callers),
        cmocka_unit_test(too_many_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
