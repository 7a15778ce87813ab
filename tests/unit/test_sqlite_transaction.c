/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqlite_transaction.c - transactions, and a file that is moved or cut */
#define _POSIX_C_SOURCE 200809L
#include "store/store.h"
#include "tests/unit/sqlite_store.h"

#include <pthread.h>

/* ---- transactions ------------------------------------------------------- */

static void
a_rollback_leaves_nothing(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);

    (void) state;

    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    put_user(store, 1);
    put_user(store, 2);
    assert_true(has_user(store, 1));
    trivet_store_rollback(store);
    assert_false(has_user(store, 1));
    assert_false(has_user(store, 2));

    /* it goes on as if nothing had been */
    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    put_user(store, 3);
    assert_int_equal(trivet_store_commit(store, NULL), TRIVET_OK);
    trivet_store_close(store);
    assert_int_equal(scratch_sql(&scratch, "SELECT COUNT(*) FROM users"), 1);
}

static void
a_commit_is_seen_by_others_and_nothing_before(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    struct trivet_store *other = open_store(TRIVET_STORE_EXISTING);

    (void) state;

    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    put_user(store, 1);
    /* a reader does not wait for the writer */
    assert_false(has_user(other, 1));
    assert_int_equal(trivet_store_commit(store, NULL), TRIVET_OK);
    assert_true(has_user(other, 1));

    put_user(other, 2);
    assert_true(has_user(store, 2));
    trivet_store_close(store);
    trivet_store_close(other);
}

static void
what_is_not_committed_at_the_end_never_was(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);

    (void) state;

    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    put_user(store, 1);
    trivet_store_close(store);
    assert_int_equal(scratch_sql(&scratch, "SELECT COUNT(*) FROM users"), 0);
}

static void
a_transaction_has_one_beginning_and_one_end(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);

    (void) state;

    assert_int_equal(trivet_store_commit(store, NULL), TRIVET_E_UNAVAILABLE);
    trivet_store_rollback(store);
    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_E_UNAVAILABLE);
    trivet_store_rollback(store);
    put_user(store, 1);
    assert_true(has_user(store, 1));
    trivet_store_close(store);
}

static void
a_conflict_in_a_transaction_can_be_rolled_back(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);

    (void) state;

    put_user(store, 1);
    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    put_user(store, 2);
    assert_int_equal(try_user(store, 1), TRIVET_E_CONFLICT);
    trivet_store_rollback(store);
    trivet_store_close(store);
    assert_int_equal(scratch_sql(&scratch, "SELECT COUNT(*) FROM users"), 1);
}

static void
sleep_ms(long ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000};

    (void) nanosleep(&time, NULL);
}

/* A writer of its own that begins while another is at it. */
static void *
write_second(void *opaque)
{
    enum trivet_status *status = opaque;
    struct trivet_store *store = NULL;

    *status =
        trivet_store_open(scratch.url, TRIVET_STORE_EXISTING, &store, NULL);
    if (*status == TRIVET_OK) {
        *status = trivet_store_begin(store, NULL);
    }
    if (*status == TRIVET_OK && !has_user(store, 1)) {
        *status = TRIVET_E_INTERNAL; /* it did not wait */
    }
    if (*status == TRIVET_OK) {
        *status = try_user(store, 2);
    }
    if (*status == TRIVET_OK) {
        *status = trivet_store_commit(store, NULL);
    }
    trivet_store_close(store);

    return NULL;
}

static void
of_two_writers_one_waits(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    enum trivet_status status = TRIVET_E_INTERNAL;
    pthread_t thread;

    (void) state;

    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    assert_int_equal(pthread_create(&thread, NULL, write_second, &status), 0);
    sleep_ms(150);
    put_user(store, 1);
    sleep_ms(50);
    assert_int_equal(trivet_store_commit(store, NULL), TRIVET_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(status, TRIVET_OK);
    assert_true(has_user(store, 2));
    trivet_store_close(store);
}

/* ---- what becomes of the file ------------------------------------------- */

static void
a_store_in_use_stays_current(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    struct trivet_store *other = open_store(TRIVET_STORE_EXISTING);

    (void) state;

    for (int i = 0; i < 20; i++) {
        assert_true(trivet_store_is_current(store));
        assert_true(trivet_store_is_current(other));
        put_user(i % 2 == 0 ? store : other, i);
    }
    trivet_store_close(other);
    (void) scratch_sql(&scratch, "PRAGMA wal_checkpoint(TRUNCATE)");
    (void) scratch_sql(&scratch, "DELETE FROM users");
    assert_true(trivet_store_is_current(store));
    trivet_store_close(store);
}

static void
a_store_that_was_moved_away_is_not_current(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    char away[MAX_SCRATCH_PATH];

    (void) state;

    scratch_name(&scratch, "away", away);
    assert_int_equal(rename(scratch.path, away), 0);
    assert_false(trivet_store_is_current(store));
    assert_false(is_there(scratch.path));

    assert_int_equal(rename(away, scratch.path), 0);
    assert_true(trivet_store_is_current(store));

    assert_int_equal(unlink(scratch.path), 0);
    assert_false(trivet_store_is_current(store));
    trivet_store_close(store);
}

static void
a_store_that_was_exchanged_is_not_current(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    struct scratch second;
    struct trivet_store *other;

    (void) state;

    scratch_make(&second);
    assert_int_equal(
        trivet_store_open(second.url, TRIVET_STORE_MIGRATE, &other, NULL),
        TRIVET_OK);
    put_user(other, 1);
    trivet_store_close(other);

    assert_int_equal(rename(second.path, scratch.path), 0);
    assert_false(trivet_store_is_current(store));
    trivet_store_close(store);

    scratch_remove(&second);
}

static void
a_store_that_was_truncated_is_not_current(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    struct stat whole;

    (void) state;

    trivet_store_close(store);
    store = open_store(TRIVET_STORE_EXISTING);
    assert_int_equal(stat(scratch.path, &whole), 0);
    assert_true(whole.st_size > 0);

    assert_int_equal(truncate(scratch.path, whole.st_size - 1), 0);
    assert_false(trivet_store_is_current(store));
    assert_int_equal(truncate(scratch.path, 0), 0);
    assert_false(trivet_store_is_current(store));
    trivet_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rollback_leaves_nothing),
        TEST(a_commit_is_seen_by_others_and_nothing_before),
        TEST(what_is_not_committed_at_the_end_never_was),
        TEST(a_transaction_has_one_beginning_and_one_end),
        TEST(a_conflict_in_a_transaction_can_be_rolled_back),
        TEST(of_two_writers_one_waits),
        TEST(a_store_in_use_stays_current),
        TEST(a_store_that_was_moved_away_is_not_current),
        TEST(a_store_that_was_exchanged_is_not_current),
        TEST(a_store_that_was_truncated_is_not_current),
    };

    return cmocka_run_group_tests_name("sqlite_transaction", tests, NULL, NULL);
}
