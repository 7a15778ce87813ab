/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch.h - a store's file in a folder of its own, and a look at it from
 * beside: with SQLite itself, not with the code under test. With
 * TRIVET_TEST_STORE a schema in PostgreSQL, in its place.
 *
 * Whoever includes it defines _POSIX_C_SOURCE 200809L before.
 */
#ifndef TRIVET_TESTS_SCRATCH_H
#define TRIVET_TESTS_SCRATCH_H

#include "tests/unit/scratch_postgres.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SCRATCH_PATH = 512 };

struct scratch {
    char dir[MAX_SCRATCH_PATH / 2];
    char path[MAX_SCRATCH_PATH]; /* of the database; not made yet */
    char url[MAX_SCRATCH_PATH + 8];
    bool is_postgres;
};

/* The path of another file of the folder. */
static inline void
scratch_name(
    const struct scratch *scratch, const char *name, char out[MAX_SCRATCH_PATH])
{
    (void) snprintf(out, MAX_SCRATCH_PATH, "%s/%s", scratch->dir, name);
}

static inline void
scratch_make(struct scratch *scratch)
{
    const char *parent = getenv("TMPDIR");

    (void) snprintf(scratch->dir, sizeof scratch->dir, "%s/trivet-unit-XXXXXX",
        parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
    if (mkdtemp(scratch->dir) == NULL) {
        fail_msg("cannot make %s", scratch->dir);
    }

    scratch_name(scratch, "trivet.db", scratch->path);
    (void) snprintf(
        scratch->url, sizeof scratch->url, "sqlite:%s", scratch->path);

    scratch->is_postgres = scratch_server() != NULL;
    if (scratch->is_postgres) {
        scratch_postgres_make(scratch->url, sizeof scratch->url);
    }
}

static inline void
scratch_remove(const struct scratch *scratch)
{
    DIR *dir = opendir(scratch->dir);
    struct dirent *entry;

    if (scratch->is_postgres) {
        scratch_postgres_remove(scratch->url);
    }
    assert_non_null(dir);

    while ((entry = readdir(dir)) != NULL) {
        char path[MAX_SCRATCH_PATH];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        {
            continue;
        }
        scratch_name(scratch, entry->d_name, path);
        if (unlink(path) != 0) {
            assert_int_equal(rmdir(path), 0);
        }
    }

    (void) closedir(dir);
    assert_int_equal(rmdir(scratch->dir), 0);
}

static inline void
scratch_write(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static inline void
keep_number(sqlite3_stmt *statement, int64_t *out)
{
    if (sqlite3_step(statement) == SQLITE_ROW) {
        *out = sqlite3_column_int64(statement, 0);
    }
}

/* Runs one statement beside the store; the first number of its first row, or
 * -1 when it has none. Fails the test when it cannot be run. */
static inline int64_t
scratch_sql(const struct scratch *scratch, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t number = -1;

    if (scratch->is_postgres) {
        return scratch_postgres_sql(scratch->url, sql);
    }

    assert_int_equal(sqlite3_open(scratch->path, &db), SQLITE_OK);
    (void) sqlite3_busy_timeout(db, 5000);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    keep_number(statement, &number);
    if (sqlite3_finalize(statement) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    return number;
}

#endif
