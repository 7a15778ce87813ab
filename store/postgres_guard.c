/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_guard.c - that it is the primary that answers
 *
 * A server that becomes a standby ends its connections. A pooler between keeps
 * ours. So behind a pooler each statement outside a transaction has a question
 * before it, in the same message and transaction: a standby may be late, and
 * would answer as if what was ended were not. (What writes takes a row's lock
 * first, which no standby gives.)
 */
#include "store/postgres.h"

#include <stdatomic.h>

static const char guard_sql[] =
    "SELECT current_setting('transaction_read_only')";

/* How often this process met a standby on a connection that it had: all that
 * were made before are of no use then. */
static atomic_uint num_demotions;

unsigned
trivet_pg_num_demotions(void)
{
    return atomic_load(&num_demotions);
}

/* ---- a statement behind a pooler ---------------------------------------- */

bool
trivet_pg_needs_guard(const struct trivet_pg_connection *connection)
{
    return connection->is_pooled
           && PQtransactionStatus(connection->conn) == PQTRANS_IDLE;
}

bool
trivet_pg_guard_send(struct trivet_pg_connection *connection)
{
    return PQenterPipelineMode(connection->conn) != 0
           && PQsendQueryParams(
                  connection->conn, guard_sql, 0, NULL, NULL, NULL, NULL, 1)
                  != 0;
}

static void
note_mode(void *opaque, const struct trivet_value *columns)
{
    bool *is_primary = opaque;

    *is_primary = trivet_slice_is(columns[0].bytes, "off");
}

enum trivet_status
trivet_pg_guard_check(struct trivet_pg_connection *connection,
    enum trivet_pg_failure *failure, struct trivet_error *err)
{
    bool is_primary = false;
    const struct trivet_query guard = {
        .on_row = note_mode, .user = &is_primary};

    enum trivet_status status;

    *failure = TRIVET_PG_LOST;
    if (PQpipelineSync(connection->conn) == 0) {
        return trivet_pg_lose(connection, "store.send", err);
    }
    (void) PQsetSingleRowMode(connection->conn);
    status = trivet_pg_collect(
        connection, &guard, connection->wait_ms, false, failure, err);
    if (status == TRIVET_OK && !is_primary) {
        *failure = TRIVET_PG_LOST;
        atomic_fetch_add(&num_demotions, 1);
        status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.run",
            "%s: a standby answers, or a read-only server",
            connection->target.name);
    }
    connection->is_lost |= status != TRIVET_OK;

    return status;
}

void
trivet_pg_guard_end(struct trivet_pg_connection *connection)
{
    enum trivet_pg_failure ignored;

    if (!connection->is_lost
        && (trivet_pg_collect(
                connection, NULL, connection->wait_ms, false, &ignored, NULL)
                != TRIVET_OK
            || PQexitPipelineMode(connection->conn) == 0))
    {
        connection->is_lost = true;
    }
}
