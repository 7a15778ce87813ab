/* SPDX-License-Identifier: Apache-2.0 */
/* test_plans.c - no statement costs what the store has, but lists of all */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include "store/statements.h"
#include "store/store.h"

/* They are made to read everything, for the operator, or a table of a few
 * rows. Of the last, the rows looked at have a maximum. */
static const enum trivet_statement whole[] = {
    TRIVET_SQL_SERVER_KEY_CLEAR_LOCATION,
    TRIVET_SQL_SERVER_KEY_CLEAR_CURRENT,
    TRIVET_SQL_SERVER_KEY_LIST,
    TRIVET_SQL_SERVER_KEY_USE_LIST,
    TRIVET_SQL_USER_LIST,
    TRIVET_SQL_API_KEY_LIST,
    TRIVET_SQL_DEVICE_LIST,
    TRIVET_SQL_SESSION_LIST,
    TRIVET_SQL_AUDIT_LIST,
    TRIVET_SQL_AUDIT_WALK,
    TRIVET_SQL_INSTALLATION_NEWEST_KEYS,
};

static bool
may_scan(int statement)
{
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if ((int) whole[i] == statement) {
            return true;
        }
    }

    return false;
}

/* "SCAN device" and the like; a subquery's rows were found before. */
static bool
scans_a_table(const char *plan)
{
    static const char *const tables[] = {"installation", "api_key", "device",
        "session", "permitted_ip", "users", "audit", "installation_token", "d",
        "k", "u", "i", "p", "t", "a", "e", "f"};
    size_t len;

    if (strncmp(plan, "SCAN ", 5) != 0) {
        return false;
    }

    len = strcspn(plan + 5, " ");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (strlen(tables[i]) == len && strncmp(plan + 5, tables[i], len) == 0)
        {
            return true;
        }
    }

    return false;
}

static bool
is_of_pages(int statement)
{
    return statement == TRIVET_SQL_CREDENTIAL_PAGE
           || statement == TRIVET_SQL_PERMITTED_IP_PAGE
           || statement == TRIVET_SQL_DEVICE_PAGE_OF_USER
           || statement == TRIVET_SQL_DEVICE_PAGE_OF_INSTALLATION;
}

static void
assert_plan(sqlite3 *db, int number)
{
    const char *text = trivet_statement_sql((enum trivet_statement) number);
    char sql[4096];
    sqlite3_stmt *statement;

    (void) snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", text);
    for (char *p = sql; *p != '\0'; p++) {
        *p = *p == '$' ? '?' : *p;
    }
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }

    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *plan = (const char *) sqlite3_column_text(statement, 3);

        if (scans_a_table(plan) && strstr(plan, "USING") == NULL
            && !may_scan(number)) {
            fail_msg("%s: %s", plan, text);
        }
        if (strstr(plan, "TEMP B-TREE") != NULL && is_of_pages(number)) {
            fail_msg("%s: %s", plan, text);
        }
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void
statements_find_what_they_want_by_an_index(void **state)
{
    struct scratch scratch;
    struct trivet_store *store;
    sqlite3 *db;
    (void) state;

    scratch_make(&scratch);
    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    trivet_store_close(store);
    assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL),
        SQLITE_OK);

    for (int i = TRIVET_SQL_SCHEMA_VERSION + 1; i < TRIVET_NUM_STATEMENTS; i++)
    {
        assert_plan(db, i);
    }

    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    scratch_remove(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_find_what_they_want_by_an_index),
    };

    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
