/* SPDX-License-Identifier: Apache-2.0 */
/* test_plans.c - no statement costs what the store has, but lists of all */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include <glob.h>

#include "store/noun/statements.h"
#include "store/store.h"

enum { MAX_STATEMENTS = 200 };

/* They are made to read everything, for the operator, or a table of a few
 * rows. Of the last, the rows looked at have a maximum. */
static const char *const whole[] = {
    "admission.check",
    "server-key.clear-location",
    "server-key.clear-current",
    "server-key.list",
    "server-key.use-list",
    "user.list",
    "api-key.list",
    "device.list",
    "session.list",
    "user.search-older",
    "user.search-newer",
    "api-key.search-older",
    "api-key.search-newer",
    "device.search-older",
    "device.search-newer",
    "session.search-older",
    "session.search-newer",
    "audit.chains",
    "audit.chain",
    "audit.names",
    "audit.checkpoints",
    "checkpoint.moved",
    "installation.newest-keys",
    "reset.sessions",
    "reset.devices",
    "reset.permitted-ips",
    "reset.api-keys",
    "reset.tokens",
    "reset.installations",
    "reset.users",
};

static bool
may_scan(const struct trivet_statement *statement)
{
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (strcmp(whole[i], statement->name) == 0) {
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
is_of_pages(const struct trivet_statement *statement)
{
    return strstr(statement->name, ".page") != NULL;
}

static const char *
text_of(const struct trivet_statement *statement)
{
    return trivet_statement_sql(statement, TRIVET_DIALECT_SQLITE);
}

/* Every statement of every noun; returns how many. */
static size_t
collect(const struct trivet_statement **out, size_t cap)
{
    size_t num = 0;

    for (size_t i = 0; trivet_noun_statements[i] != NULL; i++) {
        for (size_t j = 0; j < trivet_noun_statements[i]->num; j++) {
            assert_true(num < cap);
            out[num++] = trivet_noun_statements[i]->all[j];
        }
    }

    return num;
}

static const struct trivet_statement *
find(const char *name)
{
    const struct trivet_statement *all[MAX_STATEMENTS];
    size_t num = collect(all, MAX_STATEMENTS);

    for (size_t i = 0; i < num; i++) {
        if (strcmp(all[i]->name, name) == 0) {
            return all[i];
        }
    }

    fail_msg("there is no statement %s", name);
    return NULL;
}

static void
assert_plan(sqlite3 *db, const struct trivet_statement *wanted)
{
    const char *text = text_of(wanted);
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
            && !may_scan(wanted)) {
            fail_msg("%s: %s", plan, text);
        }
        if (strstr(plan, "TEMP B-TREE") != NULL && is_of_pages(wanted)) {
            fail_msg("%s: %s", plan, text);
        }
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void
statements_find_what_they_want_by_an_index(void **state)
{
    const struct trivet_statement *all[MAX_STATEMENTS];
    size_t num;
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

    num = collect(all, MAX_STATEMENTS);
    for (size_t i = 0; i < num; i++) {
        if (text_of(all[i]) != NULL) { /* else of other databases alone */
            assert_plan(db, all[i]);
        }
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
count_steps(sqlite3 *db, const char *name, const int *params)
{
    char sql[4096];
    sqlite3_stmt *statement;
    int num_params;
    int num_steps;

    (void) snprintf(sql, sizeof sql, "%s", text_of(find(name)));
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

    assert_in_range(count_steps(db, "session.is-alive", alive), 1, 300);
    assert_in_range(count_steps(db, "device.count", ten), 1, 500);
    assert_in_range(count_steps(db, "device.count", all), 6000, 99999);

    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    scratch_remove(&scratch);
}

/* How many constants of statements the file defines. */
static size_t
count_defined(const char *path)
{
    static const char begin[] = "static const struct trivet_statement ";
    static const char pair[] = "static const struct trivet_search_statements ";
    FILE *file = fopen(path, "r");
    char line[256];
    size_t num = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        num += strncmp(line, begin, sizeof begin - 1) == 0
               && line[sizeof begin - 1] != '*';
        num += strncmp(line, pair, sizeof pair - 1) == 0 ? 2 : 0;
    }
    (void) fclose(file);

    return num;
}

/* A statement that its noun's list lacks would not be tried here. */
static void
every_statement_is_listed_under_a_name_of_its_own(void **state)
{
    const struct trivet_statement *all[MAX_STATEMENTS];
    size_t num = collect(all, MAX_STATEMENTS);
    size_t num_defined = 0;
    glob_t files;
    (void) state;

    assert_int_equal(glob("store/noun/*.c", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        num_defined += count_defined(files.gl_pathv[i]);
    }
    globfree(&files);
    assert_int_equal(num, num_defined);

    for (size_t i = 0; i < num; i++) {
        for (size_t j = i + 1; j < num; j++) {
            assert_string_not_equal(all[i]->name, all[j]->name);
        }
    }
}

/* A database whose SQL differs has a form of its own; the others do not. */
static void
a_statement_has_a_form_for_each_dialect(void **state)
{
    static const struct trivet_statement one = {.name = "one", .sql = "one"};
    static const struct trivet_statement two = {.name = "two",
        .sql = "all",
        .sql_of = {[TRIVET_DIALECT_SQLITE] = "SQLite's own"}};
    (void) state;

    assert_string_equal(text_of(&one), "one");
    assert_string_equal(text_of(&two), "SQLite's own");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_is_listed_under_a_name_of_its_own),
        cmocka_unit_test(a_statement_has_a_form_for_each_dialect),
        cmocka_unit_test(statements_find_what_they_want_by_an_index),
        cmocka_unit_test(
            work_does_not_grow_with_sessions_nor_past_the_maximum_of_devices),
    };

    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
