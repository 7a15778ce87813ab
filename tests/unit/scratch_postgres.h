/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch_postgres.h - a schema of its own in PostgreSQL, for one test, and a
 * look at it with libpq itself
 *
 * TRIVET_TEST_STORE names the database, as postgresql://USER@HOST/NAME?...
 */
#ifndef TRIVET_TESTS_SCRATCH_POSTGRES_H
#define TRIVET_TESTS_SCRATCH_POSTGRES_H

#include "tests/unit/unit.h"

#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

/* NULL: the tests are of SQLite. */
static inline const char *
scratch_server(void)
{
    const char *url = getenv("TRIVET_TEST_STORE");

    return url != NULL && strncmp(url, "postgresql:", 11) == 0 ? url : NULL;
}

/* Of a test that exchanges the store's file, plants faults by SQLite's own
 * statements, or breaks references that PostgreSQL guards (docs/scaling.md has
 * the list). After the declarations. */
#define sqlite_alone()                                                         \
    do {                                                                       \
        if (scratch_server() != NULL) {                                        \
            skip();                                                            \
        }                                                                      \
    } while (0)

/* Functions and types that SQLite has, for the tests' own statements. */
#define SCRATCH_FUNCTIONS                                                      \
    "CREATE DOMAIN blob AS bytea;"                                             \
    "CREATE FUNCTION zeroblob(num INTEGER) RETURNS BYTEA LANGUAGE SQL AS"      \
    " $$ SELECT decode(repeat('00', num), 'hex') $$;"                          \
    "CREATE FUNCTION hex(bytes BYTEA) RETURNS TEXT LANGUAGE SQL AS"            \
    " $$ SELECT upper(encode(bytes, 'hex')) $$;"                               \
    "CREATE FUNCTION instr(whole TEXT, part TEXT) RETURNS BOOLEAN"             \
    " LANGUAGE SQL AS $$ SELECT position(part IN whole) > 0 $$;"

/* x'00' of SQLite is '\\x00' here. */
static inline void
scratch_postgres_text(const char *sql, char *out, size_t cap)
{
    size_t len = 0;

    for (; *sql != '\0' && len + 4 < cap; sql++) {
        if (sql[0] == 'x' && sql[1] == '\'' && len > 0
            && strchr(" ,(=", out[len - 1]) != NULL)
        {
            len += (size_t) snprintf(out + len, cap - len, "'\\x");
            sql++;
        } else {
            out[len++] = *sql;
        }
    }
    out[len] = '\0';
}

/* The first number of the first row, or -1. Fails the test. */
static inline int64_t
scratch_postgres_sql(const char *url, const char *text)
{
    char sql[4096];
    PGconn *conn = PQconnectdb(url);
    PGresult *result;
    int64_t number = -1;

    scratch_postgres_text(text, sql, sizeof sql);

    if (PQstatus(conn) != CONNECTION_OK) {
        fail_msg("%s: %s", url, PQerrorMessage(conn));
    }
    result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK
        && PQresultStatus(result) != PGRES_COMMAND_OK)
    {
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    }
    if (PQntuples(result) > 0 && PQgetisnull(result, 0, 0) == 0) {
        const char *value = PQgetvalue(result, 0, 0);

        number = value[0] == 't' ? 1 : strtoll(value, NULL, 10);
    }
    PQclear(result);
    PQfinish(conn);

    return number;
}

static inline void
scratch_postgres_make(char *url, size_t cap)
{
    static unsigned num;
    const char *server = scratch_server();
    char name[64];
    char sql[1024];
    struct trivet_store *store = NULL;
    struct trivet_error err = {.status = TRIVET_OK};

    (void) snprintf(name, sizeof name, "unit_%ld_%u", (long) getpid(), ++num);
    (void) snprintf(sql, sizeof sql, "CREATE SCHEMA %s", name);
    (void) scratch_postgres_sql(server, sql);
    (void) snprintf(url, cap, "%s%coptions=-csearch_path%%3D%s", server,
        strchr(server, '?') == NULL ? '?' : '&', name);

    if (trivet_store_open(url, TRIVET_STORE_UPGRADE, &store, &err) != TRIVET_OK)
    {
        fail_msg("%s: %s", url, err.detail);
    }
    trivet_store_close(store);

    (void) scratch_postgres_sql(url, SCRATCH_FUNCTIONS);
}

static inline void
scratch_postgres_remove(const char *url)
{
    const char *name = strstr(url, "unit_");
    char sql[128];

    (void) snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", name);
    (void) scratch_postgres_sql(scratch_server(), sql);
}

#endif
