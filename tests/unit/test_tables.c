/* SPDX-License-Identifier: Apache-2.0 */
/* test_tables.c - what is copied is every table and column of the schema */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/sqlite_store.h"

#include "store/noun/tables.h"

static void
make_tables(void)
{
    trivet_store_close(open_store(TRIVET_STORE_MIGRATE));
}

static void
no_table_is_left_out(void **state)
{
    (void) state;
    sqlite_alone();

    make_tables();
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM sqlite_master"
                              " WHERE type = 'table' AND name NOT IN"
                              " ('schema_version', 'sqlite_sequence')"),
        TRIVET_NUM_TABLES);
}

/* The columns of the schema that the list has, too. */
static int64_t
count_listed(const struct trivet_table *table)
{
    char sql[1024];

    (void) snprintf(sql, sizeof sql,
        "SELECT COUNT(*) FROM pragma_table_info('%s')"
        " WHERE instr(', %s,', ', ' || name || ',') > 0",
        table->name, table->columns);
    return scratch_sql(&scratch, sql);
}

static void
no_column_is_left_out(void **state)
{
    (void) state;
    sqlite_alone();

    make_tables();
    for (size_t i = 0; i < TRIVET_NUM_TABLES; i++) {
        const struct trivet_table *table = &trivet_tables[i];
        char sql[128];

        (void) snprintf(sql, sizeof sql,
            "SELECT COUNT(*) FROM pragma_table_info('%s')", table->name);
        assert_int_equal(
            scratch_sql(&scratch, sql), (int64_t) table->num_columns);
        assert_int_equal(count_listed(table), (int64_t) table->num_columns);
    }
}

/* Those whose ids SQLite gives need a beginning elsewhere. */
static void
ids_that_the_database_gives_are_known(void **state)
{
    (void) state;
    sqlite_alone();

    make_tables();
    for (size_t i = 0; i < TRIVET_NUM_TABLES; i++) {
        const struct trivet_table *table = &trivet_tables[i];
        char sql[128];

        (void) snprintf(sql, sizeof sql,
            "SELECT COUNT(*) FROM sqlite_master WHERE name = '%s'"
            " AND sql LIKE '%%AUTOINCREMENT%%'",
            table->name);
        assert_int_equal(
            scratch_sql(&scratch, sql), table->highest.sql != NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_table_is_left_out),
        TEST(no_column_is_left_out),
        TEST(ids_that_the_database_gives_are_known),
    };

    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
