/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_bulk.c - many rows at once: COPY, in its binary form
 *
 * The server says what it does not like about a row when all have been sent:
 * until then it reads on.
 */
#define _POSIX_C_SOURCE 200809L
#include "store/postgres.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/ticks.h"

enum {
    CHUNK = 64 * 1024,              /* bytes: sent at once               */
    MAX_ROWS_LEN = 64 * 1024 * 1024 /* bytes: of a row, and what waits */
};

static const char head[] = "PGCOPY\n\377\r\n\0"
                           "\0\0\0\0"  /* flags                    */
                           "\0\0\0\0"; /* length of an extension   */
static const char tail[] = "\377\377"; /* a row of -1 columns      */

/* ---- sending ------------------------------------------------------------ */

/* Waits until all is on its way; what the server says meanwhile is kept. */
static enum trivet_status
flush(struct trivet_pg_connection *connection, struct trivet_error *err)
{
    PGconn *conn = connection->conn;
    int unsent;

    while ((unsent = PQflush(conn)) > 0) {
        if (!trivet_pg_await(conn, POLLIN | POLLOUT,
                trivet_ticks_ms() + connection->wait_ms))
        {
            connection->is_lost = true;
            return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.wait",
                "%s: no answer in time", connection->target.name);
        }
        if (PQconsumeInput(conn) == 0) {
            return trivet_pg_lose(connection, "store.receive", err);
        }
    }

    return unsent == 0 ? TRIVET_OK
                       : trivet_pg_lose(connection, "store.send", err);
}

/* 0: libpq could not take it before some of what it has is sent. */
static enum trivet_status
send_rows(struct trivet_pg_connection *connection, struct trivet_error *err)
{
    struct trivet_buffer *rows = &connection->rows;
    int taken;

    while (
        (taken = PQputCopyData(connection->conn, rows->data, (int) rows->len))
        == 0)
    {
        TRIVET_TRY(flush(connection, err));
    }
    if (taken < 0) {
        return trivet_pg_lose(connection, "store.send", err);
    }

    trivet_buffer_cut(rows, 0);
    return flush(connection, err);
}

/* ---- rows --------------------------------------------------------------- */

static enum trivet_status
put(struct trivet_buffer *rows, const void *data, size_t len)
{
    return trivet_buffer_append(rows, trivet_slice_make(data, len));
}

static enum trivet_status
put_number(struct trivet_buffer *rows, uint64_t number, size_t num_bytes)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < num_bytes; i++) {
        bytes[i] = (unsigned char) (number >> 8 * (num_bytes - 1 - i));
    }

    return put(rows, bytes, num_bytes);
}

static enum trivet_status
put_value(struct trivet_buffer *rows, const struct trivet_value *value)
{
    switch (value->kind) {
    case TRIVET_VALUE_INTEGER:
        TRIVET_TRY(put_number(rows, 8, 4));
        return put_number(rows, (uint64_t) value->integer, 8);
    case TRIVET_VALUE_TEXT:
    case TRIVET_VALUE_BLOB:
        TRIVET_TRY(put_number(rows, value->bytes.len, 4));
        return trivet_buffer_append(rows, value->bytes);
    case TRIVET_VALUE_NULL:
        break;
    }

    return put_number(rows, UINT32_MAX, 4);
}

static enum trivet_status
put_row(struct trivet_buffer *rows, const struct trivet_value *values,
    size_t num_columns)
{
    TRIVET_TRY(put_number(rows, num_columns, 2));
    for (size_t i = 0; i < num_columns; i++) {
        TRIVET_TRY(put_value(rows, &values[i]));
    }

    return TRIVET_OK;
}

/* ---- the slots ---------------------------------------------------------- */

static size_t
count_columns(const char *columns)
{
    size_t num = 1;

    for (; *columns != '\0'; columns++) {
        num += *columns == ',';
    }

    return num;
}

/* The server is ready for rows, or has refused. */
static enum trivet_status
await_start(struct trivet_pg_connection *connection, struct trivet_error *err)
{
    enum trivet_pg_failure ignored;
    enum trivet_status status = TRIVET_OK;
    PGresult *result;

    TRIVET_TRY(trivet_pg_await_result(
        connection, trivet_ticks_ms() + connection->wait_ms, err));
    result = PQgetResult(connection->conn);
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        status = trivet_pg_fail(&connection->target, result, "store.bulk", err);
        if (trivet_pg_collect(
                connection, NULL, connection->wait_ms, false, &ignored, NULL)
            != TRIVET_OK)
        {
            connection->is_lost = true;
        }
    }
    PQclear(result);

    return status;
}

enum trivet_status
trivet_pg_bulk_start(void *opaque, const char *table, const char *columns,
    struct trivet_error *err)
{
    struct trivet_pg_connection *connection = opaque;
    char sql[512];

    (void) snprintf(sql, sizeof sql, "COPY %s (%s) FROM STDIN (FORMAT binary)",
        table, columns);
    if (connection->is_lost || PQsendQuery(connection->conn, sql) == 0) {
        return trivet_pg_lose(connection, "store.send", err);
    }
    TRIVET_TRY(await_start(connection, err));

    connection->num_columns = count_columns(columns);
    trivet_buffer_free(&connection->rows);
    connection->rows = trivet_buffer_make(MAX_ROWS_LEN);
    if (put(&connection->rows, head, sizeof head - 1) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.bulk", "out of memory");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_pg_bulk_add(
    void *opaque, const struct trivet_value *values, struct trivet_error *err)
{
    struct trivet_pg_connection *connection = opaque;
    enum trivet_status status =
        put_row(&connection->rows, values, connection->num_columns);

    if (status != TRIVET_OK) {
        return trivet_error_set(err, status, "store.bulk",
            "%s: a row is too long, or memory ran out",
            connection->target.name);
    }

    return connection->rows.len < CHUNK ? TRIVET_OK
                                        : send_rows(connection, err);
}

enum trivet_status
trivet_pg_bulk_end(void *opaque, struct trivet_error *err)
{
    struct trivet_pg_connection *connection = opaque;
    enum trivet_pg_failure ignored;
    int taken;

    if (put(&connection->rows, tail, sizeof tail - 1) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.bulk", "out of memory");
    }
    TRIVET_TRY(send_rows(connection, err));
    while ((taken = PQputCopyEnd(connection->conn, NULL)) == 0) {
        TRIVET_TRY(flush(connection, err));
    }
    if (taken < 0) {
        return trivet_pg_lose(connection, "store.send", err);
    }

    return trivet_pg_collect(
        connection, NULL, connection->wait_ms, false, &ignored, err);
}
