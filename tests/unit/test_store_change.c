/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_change.c - the list of what was taken away, and what holds once
 * among all gateways: of PostgreSQL alone (TRIVET_TEST_STORE)
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include "authority/gaps.h"
#include "base/timestamp.h"
#include "store/noun/change.h"
#include "store/noun/once.h"

#define NOW INT64_C(1767323045678901)

enum { MAX_SEEN = 5000 };

static struct scratch scratch;
static struct trivet_store *store;

static struct {
    struct trivet_change rows[MAX_SEEN];
    size_t num;
} seen;

static int
set_up(void **state)
{
    (void) state;

    scratch_make(&scratch);
    return trivet_store_open(scratch.url, TRIVET_STORE_UPGRADE, &store, NULL)
                   == TRIVET_OK
               ? 0
               : -1;
}

static int
tear_down(void **state)
{
    (void) state;

    trivet_store_close(store);
    scratch_remove(&scratch);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* None of SQLite's. */
#define postgres_alone()                                                       \
    do {                                                                       \
        if (scratch_server() == NULL) {                                        \
            skip();                                                            \
        }                                                                      \
    } while (0)

static void
take_row(void *user, const struct trivet_change *row)
{
    (void) user;

    assert_true(seen.num < MAX_SEEN);
    seen.rows[seen.num++] = *row;
}

static struct trivet_store_clock
read_list(int64_t after, const struct trivet_change_gap *gaps, size_t num_gaps)
{
    struct trivet_store_clock clock = {.database_us = 0};
    struct trivet_error err = {.status = TRIVET_OK};

    seen.num = 0;
    if (trivet_store_change_read(
            store, after, gaps, num_gaps, take_row, NULL, &clock, &err)
        != TRIVET_OK)
    {
        fail_msg("%s", err.detail);
    }

    return clock;
}

static void
put_changes(int num)
{
    char sql[200];

    (void) snprintf(sql, sizeof sql,
        "INSERT INTO change (kind, subject) SELECT n %% 7, n * 10"
        " FROM GENERATE_SERIES(1, %d) AS n",
        num);
    (void) scratch_postgres_sql(scratch.url, sql);
}

static void
a_list_without_rows_tells_the_time(void **state)
{
    struct trivet_store_clock clock;

    (void) state;

    postgres_alone();
    clock = read_list(0, NULL, 0);
    assert_int_equal(seen.num, 0);
    assert_true(clock.database_us > NOW);
    assert_int_equal(clock.epoch, 0);
}

static void
rows_behind_an_id_and_in_gaps_are_read_in_order(void **state)
{
    const struct trivet_change_gap gaps[] = {
        {.first = 2, .last = 3}, {.first = 5, .last = 5}};
    const int64_t expected[] = {2, 3, 5, 8, 9, 10};

    (void) state;

    postgres_alone();
    put_changes(10);
    (void) read_list(7, gaps, 2);
    assert_int_equal(seen.num, 6);
    for (size_t i = 0; i < seen.num; i++) {
        assert_int_equal(seen.rows[i].id, expected[i]);
        assert_int_equal(seen.rows[i].subject, expected[i] * 10);
        assert_int_equal(seen.rows[i].kind, expected[i] % 7);
    }
    (void) read_list(10, NULL, 0);
    assert_int_equal(seen.num, 0);
}

static void
many_rows_are_read_one_part_after_the_other(void **state)
{
    struct trivet_gaps gaps = {.num = 0};

    (void) state;

    postgres_alone();
    put_changes(TRIVET_MAX_CHANGES_READ + 100);
    (void) read_list(0, NULL, 0);
    assert_int_equal(seen.num, TRIVET_MAX_CHANGES_READ);
    for (size_t i = 0; i < seen.num; i++) {
        assert_true(trivet_gaps_see(&gaps, seen.rows[i].id, 0));
    }
    (void) read_list(gaps.latest_id, gaps.all, gaps.num);
    assert_int_equal(seen.num, 100);
}

/* Many gaps make a long text. */
static void
as_many_gaps_as_there_may_be_are_looked_into(void **state)
{
    struct trivet_change_gap gaps[TRIVET_MAX_CHANGE_GAPS];

    (void) state;

    postgres_alone();
    put_changes(2 * TRIVET_MAX_CHANGE_GAPS);
    for (int64_t i = 0; i < TRIVET_MAX_CHANGE_GAPS; i++) {
        gaps[i] =
            (struct trivet_change_gap){.first = 2 * i + 1, .last = 2 * i + 1};
    }
    (void) read_list(2 * TRIVET_MAX_CHANGE_GAPS, gaps, TRIVET_MAX_CHANGE_GAPS);
    assert_int_equal(seen.num, TRIVET_MAX_CHANGE_GAPS);
    gaps[0].first = INT64_MAX - 1;
    gaps[0].last = INT64_MAX;
    (void) read_list(2 * TRIVET_MAX_CHANGE_GAPS, gaps, TRIVET_MAX_CHANGE_GAPS);
    assert_int_equal(seen.num, TRIVET_MAX_CHANGE_GAPS - 1);
}

static void
old_rows_are_removed_and_new_ones_stay(void **state)
{
    (void) state;

    postgres_alone();
    put_changes(4);
    (void) scratch_postgres_sql(scratch.url,
        "UPDATE change SET at_us = at_us - 901 * 1000000 WHERE id < 3");
    assert_int_equal(trivet_store_change_remove(store, NULL), TRIVET_OK);
    (void) read_list(0, NULL, 0);
    assert_int_equal(seen.num, 2);
    assert_int_equal(seen.rows[0].id, 3);
}

static bool
take_turn(unsigned char one, unsigned char other, int64_t now_us)
{
    const unsigned char first[TRIVET_DIGEST_LEN] = {one};
    const unsigned char second[TRIVET_DIGEST_LEN] = {other, 1};
    bool is_free;

    assert_int_equal(trivet_store_once_take_turn(
                         store, first, second, 30, now_us, &is_free, NULL),
        TRIVET_OK);
    return is_free;
}

static void
a_turn_is_taken_once_in_its_window_by_either_owner(void **state)
{
    const int64_t window_us = 30 * TRIVET_US_PER_S;

    (void) state;

    postgres_alone();
    assert_true(take_turn(1, 1, NOW));
    assert_false(take_turn(1, 1, NOW));
    assert_false(take_turn(1, 2, NOW + 1));
    assert_false(take_turn(2, 1, NOW + 2));
    assert_true(take_turn(2, 2, NOW + 3)); /* what was refused took nothing */
    assert_false(take_turn(1, 1, NOW - 1000)); /* a clock a little behind */
    assert_false(take_turn(1, 1, NOW + window_us - 1));
    assert_true(take_turn(1, 1, NOW + window_us));
    assert_false(take_turn(2, 1, NOW + 2 * window_us - 1));
    assert_true(take_turn(1, 1, NOW - window_us - 1)); /* put back a lot */
}

static void
ids_are_taken_once_and_given_back(void **state)
{
    const unsigned char one[TRIVET_DIGEST_LEN] = {1};
    const unsigned char two[TRIVET_DIGEST_LEN] = {2};
    bool is_new;

    (void) state;

    postgres_alone();
    assert_int_equal(
        trivet_store_once_take_id(store, one, &is_new, NULL), TRIVET_OK);
    assert_true(is_new);
    assert_int_equal(
        trivet_store_once_take_id(store, one, &is_new, NULL), TRIVET_OK);
    assert_false(is_new);
    assert_int_equal(
        trivet_store_once_take_id(store, two, &is_new, NULL), TRIVET_OK);
    assert_true(is_new);
    assert_int_equal(trivet_store_once_release_id(store, one, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_once_take_id(store, one, &is_new, NULL), TRIVET_OK);
    assert_true(is_new);
}

static void
old_turns_and_ids_are_removed_and_new_ones_stay(void **state)
{
    const unsigned char one[TRIVET_DIGEST_LEN] = {1};
    const unsigned char two[TRIVET_DIGEST_LEN] = {2};
    bool is_new;

    (void) state;

    postgres_alone();
    assert_true(take_turn(1, 1, NOW));
    assert_int_equal(
        trivet_store_once_take_id(store, one, &is_new, NULL), TRIVET_OK);
    (void) scratch_postgres_sql(
        scratch.url, "UPDATE request_id SET at_us = at_us - 3601000000");
    (void) scratch_postgres_sql(
        scratch.url, "UPDATE session_turn SET at_us = at_us - 121000000");
    assert_true(take_turn(2, 2, NOW));
    assert_int_equal(
        trivet_store_once_take_id(store, two, &is_new, NULL), TRIVET_OK);
    assert_int_equal(trivet_store_once_remove(store, NULL), TRIVET_OK);
    assert_int_equal(
        scratch_postgres_sql(scratch.url, "SELECT COUNT(*) FROM request_id"),
        1);
    assert_int_equal(
        scratch_postgres_sql(scratch.url, "SELECT COUNT(*) FROM session_turn"),
        2);
}

/* Said, not done wrongly. */
static void
a_database_without_the_list_says_so(void **state)
{
    const unsigned char one[TRIVET_DIGEST_LEN] = {1};
    struct trivet_store_clock clock;
    bool is_new;

    (void) state;

    sqlite_alone();
    assert_int_equal(trivet_store_change_read(
                         store, 0, NULL, 0, take_row, NULL, &clock, NULL),
        TRIVET_E_INTERNAL);
    assert_int_equal(trivet_store_once_take_id(store, one, &is_new, NULL),
        TRIVET_E_INTERNAL);
    assert_false(trivet_store_is_shared(scratch.url));
    assert_true(trivet_store_is_shared("postgresql://a@b/c"));
    assert_false(trivet_store_is_shared("nothing"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_without_rows_tells_the_time),
        TEST(rows_behind_an_id_and_in_gaps_are_read_in_order),
        TEST(many_rows_are_read_one_part_after_the_other),
        TEST(as_many_gaps_as_there_may_be_are_looked_into),
        TEST(old_rows_are_removed_and_new_ones_stay),
        TEST(a_turn_is_taken_once_in_its_window_by_either_owner),
        TEST(ids_are_taken_once_and_given_back),
        TEST(old_turns_and_ids_are_removed_and_new_ones_stay),
        TEST(a_database_without_the_list_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
