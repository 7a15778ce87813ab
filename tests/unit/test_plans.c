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

static void
step_over(sqlite3_stmt *statement)
{
    int result;

    do {
        result = sqlite3_step(statement);
    } while (result == SQLITE_ROW);
    assert_int_equal(result, SQLITE_DONE);
}

/* How many rows of tables and indexes are passed over, to answer the statement
 * with these numbers for its parameters. */
static int
count_steps(sqlite3 *db, enum trivet_statement number, const int *params)
{
    char sql[4096];
    sqlite3_stmt *statement;
    int num_params;
    int num_steps;

    (void) snprintf(sql, sizeof sql, "%s", trivet_statement_sql(number));
    for (char *p = sql; *p != '\0'; p++) {
        *p = *p == '$' ? '?' : *p;
    }
    assert_int_equal(
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    num_params = sqlite3_bind_parameter_count(statement);
    for (int i = 0; i < num_params; i++) {
        assert_int_equal(
            sqlite3_bind_int(statement, i + 1, params[i]), SQLITE_OK);
    }

    step_over(statement);
    num_steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);

    return num_steps;
}

/* A device with 3000 sessions: every other was ended, the rest is over. */
static const char crowd[] =
    "PRAGMA foreign_keys = OFF;"
    "INSERT INTO users (id, created_us, updated_us, kind, public_uuid,"
    " display_name, auto_logout_s) VALUES (1, 0, 0, 0, 'u', 'n', 60);"
    "INSERT INTO api_key (id, created_us, updated_us, user_id, digest, label,"
    " expires_us) VALUES (1, 0, 0, 1, x'01', '', 0);"
    "INSERT INTO device (id, created_us, installation_id, api_key_id,"
    " description, address) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
    " SELECT i + 1 FROM n WHERE i < 3000) SELECT i, 0, CASE i WHEN 1 THEN 1"
    " ELSE 2 END, 1, '', x'' FROM n;"
    "INSERT INTO session (created_us, anchored_us, ended_us, digest, device_id)"
    " SELECT 0, id, CASE id % 2 WHEN 0 THEN 5 END, CAST(id AS BLOB), 1"
    " FROM device;";

static void
work_does_not_grow_with_sessions_nor_past_the_maximum_of_devices(void **state)
{
    static const int alive[] = {1, 100000000};
    static const int ten[] = {2, 1, 10, 10};
    static const int all[] = {2, 1, 10000, 10000};
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
    assert_int_equal(sqlite3_exec(db, crowd, NULL, NULL, NULL), SQLITE_OK);

    assert_in_range(
        count_steps(db, TRIVET_SQL_SESSION_IS_ALIVE, alive), 1, 300);
    assert_in_range(count_steps(db, TRIVET_SQL_DEVICE_COUNT, ten), 1, 500);
    assert_in_range(count_steps(db, TRIVET_SQL_DEVICE_COUNT, all), 6000, 99999);

    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    scratch_remove(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_find_what_they_want_by_an_index),
        cmocka_unit_test(
            work_does_not_grow_with_sessions_nor_past_the_maximum_of_devices),
    };

    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
