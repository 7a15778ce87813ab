/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqlite.c - the store's file: opening, who may read it, migrating */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/sqlite_store.h"

#include <pthread.h>
#include <sys/wait.h>

#include "store/noun/server_key.h"
#include "store/store.h"

enum { NUM_PROCESSES = 8, NUM_ROUNDS = 6, NOBODY = 65534 };

/* ---- opening and migrating ---------------------------------------------- */

static void
only_sqlite_urls_are_store_urls(void **state)
{
    static const char *const others[] = {"", "sqlite", "SQLITE:/tmp/x",
        "postgres://localhost/x", "/tmp/x", "file:/tmp/x", " sqlite:/tmp/x"};

    (void) state;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_refused(others[i], TRIVET_STORE_EXISTING, TRIVET_E_USAGE);
        assert_refused(others[i], TRIVET_STORE_MIGRATE, TRIVET_E_USAGE);
    }
}

static void
a_missing_store_is_made_only_when_migrating(void **state)
{
    struct trivet_store *store;

    (void) state;

    assert_refused(scratch.url, TRIVET_STORE_EXISTING, TRIVET_E_UNAVAILABLE);
    assert_false(is_there(scratch.path));

    store = open_store(TRIVET_STORE_MIGRATE);
    put_user(store, 1);
    trivet_store_close(store);

    store = open_store(TRIVET_STORE_EXISTING);
    assert_true(has_user(store, 1));
    trivet_store_close(store);
    trivet_store_close(NULL);
}

static void
migrating_twice_changes_nothing(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);
    struct trivet_store *again = open_store(TRIVET_STORE_MIGRATE);

    (void) state;

    put_user(store, 1);
    assert_true(has_user(again, 1));
    trivet_store_close(store);
    trivet_store_close(again);

    store = open_store(TRIVET_STORE_MIGRATE);
    assert_true(has_user(store, 1));
    trivet_store_close(store);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM schema_version"), 1);
}

static void
an_empty_file_is_a_store_only_when_migrating(void **state)
{
    struct trivet_store *store;

    (void) state;

    scratch_write(scratch.path, "", 0);
    assert_refused(scratch.url, TRIVET_STORE_EXISTING, TRIVET_E_UNAVAILABLE);

    store = open_store(TRIVET_STORE_MIGRATE);
    put_user(store, 1);
    trivet_store_close(store);
}

static void
commits_are_durable_and_readers_do_not_wait(void **state)
{
    struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);

    (void) state;

    trivet_store_close(store);
    assert_int_equal(scratch_sql(&scratch, "PRAGMA user_version"), 0);
    assert_int_equal(scratch_sql(&scratch, "SELECT journal_mode = 'wal' FROM"
                                           " pragma_journal_mode"),
        1);
}

static void
another_schema_version_is_refused_and_left_alone(void **state)
{
    (void) state;

    trivet_store_close(open_store(TRIVET_STORE_MIGRATE));

    (void) scratch_sql(&scratch, "UPDATE schema_version SET version = 1000");
    assert_refused_in_both_modes(TRIVET_E_USAGE);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT version FROM schema_version"), 1000);

    (void) scratch_sql(&scratch, "UPDATE schema_version SET version = 0");
    assert_refused(scratch.url, TRIVET_STORE_EXISTING, TRIVET_E_USAGE);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT version FROM schema_version"), 0);
}

/* ---- who may read it ---------------------------------------------------- */

enum { NOT_THERE = -1, OTHERS = S_IRWXG | S_IRWXO };

static int
mode_of(const char *suffix)
{
    char path[MAX_SCRATCH_PATH + 16];
    struct stat info;

    (void) snprintf(path, sizeof path, "%s%s", scratch.path, suffix);
    return stat(path, &info) == 0 ? (int) (info.st_mode & 07777) : NOT_THERE;
}

static void
a_new_store_is_its_owners_alone(void **state)
{
    static const mode_t umasks[] = {0, 022, 077, 0277, 0777};
    (void) state;

    for (size_t i = 0; i < sizeof umasks / sizeof umasks[0]; i++) {
        mode_t before = umask(umasks[i]);
        struct trivet_store *store = open_store(TRIVET_STORE_MIGRATE);

        (void) umask(before);
        put_user(store, 1);
        assert_int_equal(mode_of(""), 0600);
        assert_int_equal(mode_of("-wal"), 0600);
        assert_int_equal(mode_of("-shm"), 0600);
        assert_null(trivet_store_notice(store));
        trivet_store_close(store);
        assert_int_equal(unlink(scratch.path), 0);
    }
}

static void
loosen(const char *suffix, mode_t mode)
{
    char path[MAX_SCRATCH_PATH + 16];

    (void) snprintf(path, sizeof path, "%s%s", scratch.path, suffix);
    assert_int_equal(chmod(path, mode), 0);
}

static void
a_looser_store_is_mended_with_a_word(void **state)
{
    static const mode_t modes[] = {0644, 0660, 0666, 0604, 0640};
    (void) state;

    trivet_store_close(open_store(TRIVET_STORE_MIGRATE));

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct trivet_store *first;
        struct trivet_store *second;

        loosen("", modes[i]);
        first = open_store(TRIVET_STORE_EXISTING);
        assert_non_null(trivet_store_notice(first));
        assert_non_null(strstr(trivet_store_notice(first), scratch.path));
        put_user(first, 10 + (int) i);
        assert_int_equal(mode_of(""), 0600);
        assert_int_equal(mode_of("-wal") & OTHERS, 0);
        assert_int_equal(mode_of("-shm") & OTHERS, 0);

        /* The files beside it alone, and a writer that has them open. */
        loosen("-wal", 0644);
        loosen("-shm", 0666);
        second = open_store(TRIVET_STORE_EXISTING);
        assert_non_null(trivet_store_notice(second));
        assert_int_equal(mode_of("-wal"), 0600);
        assert_int_equal(mode_of("-shm"), 0600);
        put_user(first, 20 + (int) i);
        put_user(second, 30 + (int) i);

        trivet_store_close(second);
        trivet_store_close(first);
    }
}

static void
what_is_no_store_keeps_its_mode(void **state)
{
    (void) state;

    scratch_write(scratch.path, "root:x:0:0\n", 11);
    loosen("", 0644);
    assert_refused(scratch.url, TRIVET_STORE_EXISTING, TRIVET_E_UNAVAILABLE);
    assert_refused(scratch.url, TRIVET_STORE_MIGRATE, TRIVET_E_UNAVAILABLE);
    assert_int_equal(mode_of(""), 0644);
}

/* A store of the first version, with what is in it, becomes one of this. */
static void
run_script(sqlite3 *db, const char *path)
{
    char sql[16384];
    FILE *file = fopen(path, "re");
    size_t len;

    assert_non_null(file);
    len = fread(sql, 1, sizeof sql - 1, file);
    assert_true(len > 0 && len < sizeof sql - 1);
    sql[len] = '\0';
    (void) fclose(file);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A store as the first version made it. */
static void
make_first_version(void)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
    run_script(db, "store/schema/sqlite/0001-sqlite.sql");
    assert_int_equal(
        sqlite3_exec(db,
            "CREATE TABLE schema_version (version BIGINT NOT NULL);"
            "INSERT INTO schema_version VALUES (1);"
            "INSERT INTO server_key (created_us, public_der)"
            " VALUES (7, x'00')",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
an_earlier_schema_is_brought_up_to_date(void **state)
{
    (void) state;

    make_first_version();
    assert_refused(scratch.url, TRIVET_STORE_EXISTING, TRIVET_E_USAGE);

    trivet_store_close(open_store(TRIVET_STORE_MIGRATE));
    assert_true(
        scratch_sql(&scratch, "SELECT version FROM schema_version") > 1);
    assert_int_equal(scratch_sql(&scratch, "SELECT COUNT(*) FROM sqlite_schema"
                                           " WHERE name = 'device_by_api_key'"),
        1);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT created_us FROM server_key"), 7);

    trivet_store_close(open_store(TRIVET_STORE_EXISTING));
}

/* The sixth version had no pruning; its installations have the key's text. */
static void
a_store_without_pruning_gets_it(void **state)
{
    static const char *const scripts[] = {"0001-sqlite", "0002-sqlite",
        "0003-audit", "0004-metrics", "0005-server-key", "0006-psp"};
    sqlite3 *db;
    (void) state;

    assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        char path[64];

        (void) snprintf(
            path, sizeof path, "store/schema/sqlite/%s.sql", scripts[i]);
        run_script(db, path);
    }
    assert_int_equal(
        sqlite3_exec(db,
            "CREATE TABLE schema_version (version BIGINT NOT NULL);"
            "INSERT INTO schema_version VALUES (6);"
            "INSERT INTO server_key (id, created_us, public_der)"
            " VALUES (1, 7, x'00');"
            "INSERT INTO users (id, created_us, updated_us, kind, public_uuid,"
            " display_name, auto_logout_s) VALUES (1, 0, 0, 0, 'u', 'U', 9);"
            "INSERT INTO installation (id, created_us, public_der, public_text,"
            " address, server_key_id) VALUES"
            " (1, 5, x'01', char(13,10) || ' a' || char(10) || 'b ' ||"
            " char(10, 9, 10), zeroblob(16), 1),"
            " (2, 6, x'02', 'plain', zeroblob(16), 1);"
            "INSERT INTO api_key (id, created_us, updated_us, user_id, digest,"
            " label, expires_us, bound_us, installation_id) VALUES"
            " (1, 0, 0, 1, x'01', '', 0, 0, NULL),"
            " (2, 0, 0, 1, x'02', '', 0, 0, 2);"
            "INSERT INTO device (id, created_us, installation_id, api_key_id,"
            " description, address) VALUES (1, 8, 2, 1, '', zeroblob(16)),"
            " (2, 9, 2, 2, '', zeroblob(16));"
            "INSERT INTO session (id, created_us, anchored_us, digest,"
            " device_id) VALUES (1, 11, 11, x'01', 1), (2, 12, 12, x'02', 2)",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    trivet_store_close(open_store(TRIVET_STORE_MIGRATE));

    assert_int_equal(
        scratch_sql(&scratch, "SELECT public_text = 'a' || char(10) || 'b' AND"
                              " signed_digest IS NULL AND registered_us IS NULL"
                              " FROM installation WHERE id = 1"),
        1);
    assert_int_equal(scratch_sql(&scratch,
                         "SELECT registered_us FROM installation WHERE id = 2"),
        8);
    assert_int_equal(scratch_sql(&scratch,
                         "SELECT opened_us IS NULL FROM api_key WHERE id = 1"),
        1);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT opened_us FROM api_key WHERE id = 2"),
        12);
    assert_int_equal(scratch_sql(&scratch, "SELECT COUNT(*) FROM session"), 2);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM device WHERE user_id = 1"),
        2);
    trivet_store_close(open_store(TRIVET_STORE_EXISTING));
}

static void
a_migration_that_fails_leaves_nothing(void **state)
{
    (void) state;

    (void) scratch_sql(&scratch, "CREATE TABLE session (of_another TEXT)");
    assert_refused_in_both_modes(TRIVET_E_UNAVAILABLE);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM sqlite_schema"), 1);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(of_another) FROM session"), 0);
}

static void
what_is_no_database_is_refused_and_left_alone(void **state)
{
    unsigned char garbage[8192];
    struct stat before;
    struct stat after;

    (void) state;

    memset(garbage, 0x5a, sizeof garbage);
    scratch_write(scratch.path, garbage, sizeof garbage);
    assert_int_equal(stat(scratch.path, &before), 0);
    assert_refused_in_both_modes(TRIVET_E_UNAVAILABLE);
    assert_int_equal(stat(scratch.path, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    assert_int_equal(after.st_mtime, before.st_mtime);

    /* with SQLite's own first line, and nothing behind it */
    memcpy(garbage, "SQLite format 3", 16);
    scratch_write(scratch.path, garbage, sizeof garbage);
    assert_refused_in_both_modes(TRIVET_E_UNAVAILABLE);
}

static void
a_folder_in_its_place_is_refused(void **state)
{
    (void) state;

    assert_int_equal(mkdir(scratch.path, 0700), 0);
    assert_refused_in_both_modes(TRIVET_E_UNAVAILABLE);
    assert_int_equal(rmdir(scratch.path), 0);

    /* a folder on the way that is not there */
    assert_refused(
        "sqlite:/nonexistent/x.db", TRIVET_STORE_MIGRATE, TRIVET_E_UNAVAILABLE);
    assert_refused(
        "sqlite:/dev/null/x.db", TRIVET_STORE_EXISTING, TRIVET_E_UNAVAILABLE);
}

/* Root may write everywhere: somebody else looks. */
static void
assert_refused_to_nobody(void)
{
    pid_t child = fork();
    int how;

    if (child == 0) {
        struct trivet_store *store;

        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)) {
            _exit(1);
        }
        for (int mode = TRIVET_STORE_EXISTING; mode <= TRIVET_STORE_MIGRATE;
             mode++) {
            if (trivet_store_open(
                    scratch.url, (enum trivet_store_mode) mode, &store, NULL)
                != TRIVET_E_UNAVAILABLE)
            {
                _exit(2);
            }
        }
        _exit(0);
    }

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}

static void
a_store_that_cannot_be_written_is_refused(void **state)
{
    (void) state;

    trivet_store_close(open_store(TRIVET_STORE_MIGRATE));
    assert_int_equal(chmod(scratch.dir, 0777), 0);
    assert_int_equal(chmod(scratch.path, 0444), 0);
    assert_refused_to_nobody();
    assert_int_equal(chmod(scratch.path, 0000), 0);
    assert_refused_to_nobody();
    assert_int_equal(chmod(scratch.path, 0666), 0);
    assert_int_equal(chmod(scratch.dir, 0555), 0);
    assert_refused_to_nobody();
    assert_int_equal(chmod(scratch.dir, 0700), 0);
}

/* One of several that start at once: migrate, then write what all write, and
 * something of its own. */
static void
start_at_once(int go, int number)
{
    const struct trivet_public_key key = {.der_len = 294};
    struct trivet_store *store;
    int64_t id;
    char byte;

    if (read(go, &byte, 1) != 0
        || trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL)
               != TRIVET_OK)
    {
        _exit(1);
    }
    if (trivet_store_server_key_ensure(store, &key, NOW, &id, NULL) != TRIVET_OK
        || try_user(store, number) != TRIVET_OK)
    {
        _exit(2);
    }
    trivet_store_close(store);
    _exit(0);
}

static void
assert_all_start_at_once(void)
{
    int go[2];
    int how;

    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < NUM_PROCESSES; i++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            (void) close(go[1]);
            start_at_once(go[0], i);
        }
    }
    (void) close(go[0]);
    (void) close(go[1]);

    for (int i = 0; i < NUM_PROCESSES; i++) {
        assert_true(wait(&how) > 0);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
    }
}

static void
many_that_start_at_once_migrate_once(void **state)
{
    (void) state;

    for (int i = 0; i < NUM_ROUNDS; i++) {
        assert_all_start_at_once();
        assert_int_equal(
            scratch_sql(&scratch, "SELECT COUNT(*) FROM schema_version"), 1);
        assert_int_equal(
            scratch_sql(&scratch, "SELECT COUNT(*) FROM users"), NUM_PROCESSES);
        scratch_remove(&scratch);
        scratch_make(&scratch);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_sqlite_urls_are_store_urls),
        TEST(a_missing_store_is_made_only_when_migrating),
        TEST(migrating_twice_changes_nothing),
        TEST(an_empty_file_is_a_store_only_when_migrating),
        TEST(commits_are_durable_and_readers_do_not_wait),
        TEST(another_schema_version_is_refused_and_left_alone),
        TEST(a_new_store_is_its_owners_alone),
        TEST(a_looser_store_is_mended_with_a_word),
        TEST(what_is_no_store_keeps_its_mode),
        TEST(an_earlier_schema_is_brought_up_to_date),
        TEST(a_store_without_pruning_gets_it),
        TEST(a_migration_that_fails_leaves_nothing),
        TEST(what_is_no_database_is_refused_and_left_alone),
        TEST(a_folder_in_its_place_is_refused),
        TEST(a_store_that_cannot_be_written_is_refused),
        TEST(many_that_start_at_once_migrate_once),
    };

    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
