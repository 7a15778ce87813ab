/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_primary.c - that a new connection is to the primary
 *
 * libpq's target_session_attrs believes what the server said when it was
 * greeted; a pooler says what the server was when it was first asked. So the
 * server is asked itself.
 */
#include "store/postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A pooler tells its clients of a process that is none of the server's. */
static const char ask_sql[] =
    "SELECT current_setting('transaction_read_only'), pg_backend_pid()";

/* NULL: none came in time, or the connection was lost. */
static PGresult *
await_one(PGconn *conn, int64_t deadline_ms)
{
    for (;;) {
        int unsent = PQflush(conn);
        short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;

        if (unsent == 0 && PQisBusy(conn) == 0) {
            return PQgetResult(conn);
        }
        if (unsent < 0 || !trivet_pg_await(conn, events, deadline_ms)
            || PQconsumeInput(conn) == 0)
        {
            return NULL;
        }
    }
}

static enum trivet_status
read_answer(const struct trivet_pg_target *target, PGconn *conn,
    const PGresult *result, bool *out_is_pooled, struct trivet_error *err)
{
    if (result == NULL) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: no answer in time", target->name);
    }
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return trivet_pg_fail(target, result, "store.open", err);
    }
    if (strcmp(PQgetvalue(result, 0, 0), "off") != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: %s:%s is a standby, or read-only", target->name, PQhost(conn),
            PQport(conn));
    }

    *out_is_pooled =
        strtol(PQgetvalue(result, 0, 1), NULL, 10) != PQbackendPID(conn);
    return TRIVET_OK;
}

enum trivet_status
trivet_pg_check_primary(const struct trivet_pg_target *target, PGconn *conn,
    int64_t deadline_ms, bool *out_is_pooled, struct trivet_error *err)
{
    PGresult *result;
    enum trivet_status status;

    if (PQsendQuery(conn, ask_sql) == 0) {
        return trivet_pg_fail_connection(target, conn, "store.open", err);
    }

    result = await_one(conn, deadline_ms);
    status = read_answer(target, conn, result, out_is_pooled, err);
    PQclear(result);
    while (status == TRIVET_OK
           && (result = await_one(conn, deadline_ms)) != NULL) {
        PQclear(result);
    }

    return status;
}
