/* SPDX-License-Identifier: Apache-2.0 */
/* test_backup.c - a whole copy of a store in one file; a damaged file */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/unit.h"

#include "store/backup.h"
#include "tests/unit/sqlite_store.h"

static char path[MAX_SCRATCH_PATH];

/* Where the backup goes: an empty file, as its caller makes it. */
static void
make_empty(void)
{
    FILE *file;

    scratch_name(&scratch, "backup.db", path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static struct trivet_store *
open_backup(void)
{
    char url[MAX_SCRATCH_PATH + 8];
    struct trivet_store *store;

    (void) snprintf(url, sizeof url, "sqlite:%s", path);
    assert_int_equal(
        trivet_store_open(url, TRIVET_STORE_EXISTING, &store, NULL), TRIVET_OK);
    return store;
}

static void
a_backup_has_what_was_committed_and_no_more(void **state)
{
    struct trivet_store *store, *writer, *copy;

    (void) state;
    sqlite_alone();

    store = open_store(TRIVET_STORE_MIGRATE);
    writer = open_store(TRIVET_STORE_EXISTING);
    put_user(store, 1);
    assert_int_equal(trivet_store_begin(writer, NULL), TRIVET_OK);
    put_user(writer, 2);

    make_empty();
    assert_int_equal(trivet_store_backup(store, path, NULL), TRIVET_OK);
    assert_int_equal(trivet_store_commit(writer, NULL), TRIVET_OK);
    put_user(store, 3);

    copy = open_backup();
    assert_true(has_user(copy, 1));
    assert_false(has_user(copy, 2));
    assert_true(has_user(store, 2));

    /* It is a store as any other. */
    put_user(copy, 4);
    assert_true(has_user(copy, 2));

    trivet_store_close(copy);
    trivet_store_close(writer);
    trivet_store_close(store);
}

static void
a_file_that_is_in_use_otherwise_is_not_written(void **state)
{
    struct trivet_error err = {.status = TRIVET_OK};
    struct trivet_store *store;

    (void) state;
    sqlite_alone();

    store = open_store(TRIVET_STORE_MIGRATE);
    scratch_name(&scratch, "backup.db", path);
    scratch_write(path, "mine", 4);
    assert_int_equal(
        trivet_store_backup(store, path, &err), TRIVET_E_UNAVAILABLE);
    assert_true(err.detail[0] != '\0');

    /* The connection is of use all the same. */
    make_empty();
    assert_int_equal(trivet_store_backup(store, path, NULL), TRIVET_OK);

    make_empty();
    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_backup(store, path, NULL), TRIVET_E_UNAVAILABLE);
    trivet_store_rollback(store);
    trivet_store_close(store);
}

static void
count_damage(void *user, const char *text)
{
    assert_true(text[0] != '\0');
    ++*(int *) user;
}

static int
num_damages(struct trivet_store *store)
{
    int num = 0;

    assert_int_equal(
        trivet_store_examine(store, count_damage, &num, NULL), TRIVET_OK);
    return num;
}

/* An index that lacks a row: as SQLite sees a file that was damaged. */
static void
damage(void)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
            "CREATE TABLE t (x); INSERT INTO t VALUES (1);"
            "CREATE INDEX i ON t (x); PRAGMA writable_schema = ON;"
            "UPDATE sqlite_schema SET rootpage ="
            " (SELECT rootpage FROM sqlite_schema WHERE name = 'users')"
            " WHERE name = 't'",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
a_damage_is_told(void **state)
{
    struct trivet_store *store;

    (void) state;
    sqlite_alone();

    store = open_store(TRIVET_STORE_MIGRATE);
    put_user(store, 1);
    assert_int_equal(num_damages(store), 0);
    trivet_store_close(store);

    damage();
    store = open_store(TRIVET_STORE_EXISTING);
    assert_true(num_damages(store) > 0);
    trivet_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_backup_has_what_was_committed_and_no_more),
        TEST(a_file_that_is_in_use_otherwise_is_not_written),
        TEST(a_damage_is_told),
    };

    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
