/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_answer.c - waiting for PostgreSQL's answers, and reading them */
#define _POSIX_C_SOURCE 200809L
#include "store/postgres.h"

#include <poll.h>
#include <string.h>

#include "base/ticks.h"

/* ---- waiting for answers ------------------------------------------------ */

/* "canceling wait for synchronous replication" comes as a warning, beside a
 * commit that succeeds; a commit outside a transaction likewise. */
void
trivet_pg_take_notice(void *opaque, const PGresult *notice)
{
    struct trivet_pg_connection *connection = opaque;
    const char *severity =
        PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity == NULL || strcmp(severity, "WARNING") == 0) {
        connection->is_doubtful = true;
    }
}

enum trivet_status
trivet_pg_lose(struct trivet_pg_connection *connection, const char *where,
    struct trivet_error *err)
{
    connection->is_lost = true;

    return trivet_pg_fail_connection(
        &connection->target, connection->conn, where, err);
}

/* Sends what is left and waits until a result can be read without blocking. */
enum trivet_status
trivet_pg_await_result(struct trivet_pg_connection *connection,
    int64_t deadline_ms, struct trivet_error *err)
{
    PGconn *conn = connection->conn;

    for (;;) {
        int unsent = PQflush(conn);
        short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;

        if (unsent < 0) {
            return trivet_pg_lose(connection, "store.send", err);
        }
        if (unsent == 0 && PQisBusy(conn) == 0) {
            return TRIVET_OK;
        }

        if (!trivet_pg_await(conn, events, deadline_ms)) {
            trivet_pg_cancel(connection);
            connection->is_lost = true;
            return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.wait",
                "%s: no answer in time", connection->target.name);
        }
        if (PQconsumeInput(conn) == 0) {
            return trivet_pg_lose(connection, "store.receive", err);
        }
    }
}

/* ---- rows --------------------------------------------------------------- */

static void
give_row(const struct trivet_query *query, const PGresult *result)
{
    struct trivet_value columns[TRIVET_MAX_COLUMNS];
    int num = PQnfields(result);

    if (query == NULL || query->on_row == NULL || num > TRIVET_MAX_COLUMNS) {
        return;
    }

    for (int i = 0; i < num; i++) {
        columns[i] = trivet_pg_column(result, i);
    }
    query->on_row(query->user, columns);
}

/* ---- results ------------------------------------------------------------ */

static bool
is_row_or_end(ExecStatusType status)
{
    return status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK
           || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY
           || status == PGRES_PIPELINE_SYNC;
}

/* A commit of a transaction that had failed is answered with ROLLBACK. */
static enum trivet_status
check_end(struct trivet_pg_connection *connection, PGresult *result,
    bool is_commit, struct trivet_error *err)
{
    if (is_commit && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.commit",
            "%s: rolled back instead", connection->target.name);
    }

    return TRIVET_OK;
}

/* Reads until the end of what was sent. *failure: of the first that failed. */
enum trivet_status
trivet_pg_collect(struct trivet_pg_connection *connection,
    const struct trivet_query *query, int64_t wait_ms, bool is_commit,
    enum trivet_pg_failure *failure, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;

    *failure = TRIVET_PG_OTHER;
    for (;;) {
        PGresult *result;
        ExecStatusType kind;

        TRIVET_TRY(trivet_pg_await_result(
            connection, trivet_ticks_ms() + wait_ms, err));
        result = PQgetResult(connection->conn);
        if (result == NULL) {
            return status;
        }

        kind = PQresultStatus(result);
        if (kind == PGRES_SINGLE_TUPLE) {
            give_row(query, result);
        } else if (!is_row_or_end(kind) && status == TRIVET_OK) {
            *failure = trivet_pg_classify(
                PQresultErrorField(result, PG_DIAG_SQLSTATE));
            connection->is_lost |= *failure == TRIVET_PG_LOST;
            status =
                trivet_pg_fail(&connection->target, result, "store.run", err);
        } else if (status == TRIVET_OK) {
            status = check_end(connection, result, is_commit, err);
        }
        PQclear(result);
    }
}

/* What was to last, outside a transaction or by its commit, and of which the
 * server says that it may not. */
enum trivet_status
trivet_pg_check_doubt(struct trivet_pg_connection *connection,
    enum trivet_status status, struct trivet_error *err)
{
    if (status != TRIVET_OK || !connection->is_doubtful
        || PQtransactionStatus(connection->conn) != PQTRANS_IDLE)
    {
        return status;
    }

    connection->is_lost = true;
    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.commit",
        "%s: the server warned: the change may not be on its standby",
        connection->target.name);
}
