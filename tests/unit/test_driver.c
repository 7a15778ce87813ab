/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver.c - what the store does where a driver lacks an optional slot */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/sqlite_store.h"

#include "store/handle.h"
#include "store/store.h"

/* SQLite's driver with one slot less. */
static struct trivet_driver lesser;

static struct trivet_store *
open_lesser(void)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);

    lesser = *store->driver;
    lesser.get_version = NULL;
    store->driver = &lesser;
    return store;
}

static int64_t
version_of(struct trivet_store *store)
{
    int64_t version = -1;

    assert_int_equal(
        trivet_store_get_version(store, &version, NULL), TRIVET_OK);
    return version;
}

static void
a_version_stays_until_another_connection_writes(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    struct trivet_store *other = open_store(TRIVET_STORE_EXISTING);
    int64_t before = version_of(store);
    (void) state;

    assert_int_equal(version_of(store), before);
    put_user(other, 1);
    assert_int_not_equal(version_of(store), before);

    trivet_store_close(other);
    trivet_store_close(store);
}

/* Nothing that was read before may count as still true. */
static void
without_a_version_each_question_has_another_answer(void **state)
{
    struct trivet_store *store = open_lesser();
    int64_t before = version_of(store);
    (void) state;

    assert_int_not_equal(version_of(store), before);
    trivet_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_version_stays_until_another_connection_writes),
        TEST(without_a_version_each_question_has_another_answer),
    };

    return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
