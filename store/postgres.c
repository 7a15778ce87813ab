/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres.c - PostgreSQL, or what speaks its protocol
 *
 * What writes takes the row of the audit log's end first, and holds it until
 * its commit: one writer at a time, as with SQLite, so that READ COMMITTED is
 * enough for each statement to see all that was committed before. Nothing
 * depends on a session's state but prepared statements, which are left out when
 * a pooler is seen (or by prepare=off).
 *
 * Every wait has an end: then the connection is lost. Whether a change was made
 * when a commit was not answered is not known: it is a failure.
 */
#define _POSIX_C_SOURCE 200809L
#include "store/postgres.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ticks.h"
#include "schema_postgres.h"
#include "store/statement.h"

enum {
    MAX_STATEMENTS = 256, /* twice as many as there are: a table by hash */
    MAX_TRIES = 3,        /* of what may be done again */
    LOCK_MS = 3000,       /* then the store counts as down */
    IDLE_MS = 10000,      /* in a transaction: then the server ends it */
    GRACE_MS = 1000,      /* the server's own deadlines come first */
};

struct connection {
    PGconn *conn;
    struct trivet_pg_target target;
    unsigned lock_ms;
    bool is_lost;
    bool is_doubtful; /* a warning says that a commit may not last */
    const void *prepared[MAX_STATEMENTS]; /* keys; NULL: free */
};

/* A pooler gives each transaction another server's connection: statements that
 * were prepared are not there. Once seen, it is known to the whole process. */
static atomic_bool has_pooler;

/* ---- waiting for answers ------------------------------------------------ */

/* "canceling wait for synchronous replication" comes as a warning, beside a
 * commit that succeeds; a commit outside a transaction likewise. */
static void
on_notice(void *opaque, const PGresult *notice)
{
    struct connection *connection = opaque;
    const char *severity =
        PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity == NULL || strcmp(severity, "WARNING") == 0) {
        connection->is_doubtful = true;
    }
}

static enum trivet_status
lose(struct connection *connection, const char *where, struct trivet_error *err)
{
    connection->is_lost = true;

    return trivet_pg_fail_connection(
        &connection->target, connection->conn, where, err);
}

/* Sends what is left and waits until a result can be read without blocking. */
static enum trivet_status
await_result(struct connection *connection, int64_t deadline_ms,
    struct trivet_error *err)
{
    PGconn *conn = connection->conn;

    for (;;) {
        int unsent = PQflush(conn);
        short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;

        if (unsent < 0) {
            return lose(connection, "store.send", err);
        }
        if (unsent == 0 && PQisBusy(conn) == 0) {
            return TRIVET_OK;
        }

        if (!trivet_pg_await(conn, events, deadline_ms)) {
            connection->is_lost = true;
            return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.wait",
                "%s: no answer in time", connection->target.name);
        }
        if (PQconsumeInput(conn) == 0) {
            return lose(connection, "store.receive", err);
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
           || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

/* A commit of a transaction that had failed is answered with ROLLBACK. */
static enum trivet_status
check_end(struct connection *connection, PGresult *result, bool is_commit,
    struct trivet_error *err)
{
    if (is_commit && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.commit",
            "%s: rolled back instead", connection->target.name);
    }

    return TRIVET_OK;
}

/* Reads until the end of what was sent. *failure: of the first that failed. */
static enum trivet_status
collect(struct connection *connection, const struct trivet_query *query,
    int64_t wait_ms, bool is_commit, enum trivet_pg_failure *failure,
    struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;

    *failure = TRIVET_PG_OTHER;
    for (;;) {
        PGresult *result;
        ExecStatusType kind;

        TRIVET_TRY(await_result(connection, trivet_ticks_ms() + wait_ms, err));
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
static enum trivet_status
check_doubt(struct connection *connection, enum trivet_status status,
    struct trivet_error *err)
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

/* ---- scripts ------------------------------------------------------------ */

static enum trivet_status
send_script(struct connection *connection, const char *sql, int64_t wait_ms,
    enum trivet_pg_failure *failure, struct trivet_error *err)
{
    *failure = TRIVET_PG_LOST;
    if (connection->is_lost || PQsendQuery(connection->conn, sql) == 0) {
        return lose(connection, "store.send", err);
    }

    return collect(connection, NULL, wait_ms, false, failure, err);
}

/* As long as it takes: a migration of many rows is a matter of hours. */
static enum trivet_status
run_script(void *opaque, const char *sql, struct trivet_error *err)
{
    struct connection *connection = opaque;
    enum trivet_pg_failure failure;

    return send_script(connection, sql, INT32_MAX, &failure, err);
}

/* ---- beginning ---------------------------------------------------------- */

/* What has to be beside BEGIN is in begin_writing. */
static const struct trivet_statement begin_sql = {
    .name = "begin", .sql = "BEGIN"};
static const struct trivet_statement begin_schema_sql = {
    .name = "begin-schema", .sql = "BEGIN"};

/* Tables of something else: a name was mistaken. */
static const char guard_schema[] =
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    "SET LOCAL lock_timeout = 10000;"
    "DO $$ BEGIN"
    " IF to_regclass('schema_version') IS NULL AND EXISTS (SELECT 1"
    " FROM information_schema.tables WHERE table_schema = current_schema())"
    " THEN RAISE EXCEPTION 'it has tables of something else: give the store a"
    " database of its own'; END IF;"
    " IF to_regclass('schema_version') IS NOT NULL"
    " AND to_regclass('audit_head') IS NULL"
    " THEN RAISE EXCEPTION 'its table schema_version is of something else';"
    " END IF; END $$;";

/* All settings are of the transaction alone: a pooler may give the connection
 * to others after it. */
static enum trivet_status
begin_writing(struct connection *connection, struct trivet_error *err)
{
    char sql[512];
    enum trivet_pg_failure failure;
    enum trivet_status status;
    enum trivet_pg_failure ignored;

    (void) snprintf(sql, sizeof sql,
        "BEGIN ISOLATION LEVEL READ COMMITTED;"
        "SET LOCAL lock_timeout = %u;"
        "SET LOCAL statement_timeout = %lld;"
        "SET LOCAL idle_in_transaction_session_timeout = %d;"
        "SELECT 1 FROM audit_head WHERE id = 1 FOR UPDATE",
        connection->lock_ms, (long long) connection->target.statement_ms,
        IDLE_MS);

    for (int i = 0; i < MAX_TRIES; i++) {
        status = send_script(connection, sql,
            connection->target.statement_ms + GRACE_MS, &failure, err);
        if (status == TRIVET_OK || connection->is_lost) {
            return status;
        }

        if (send_script(connection, "ROLLBACK", connection->target.statement_ms,
                &ignored, NULL)
            != TRIVET_OK)
        {
            connection->is_lost = true;
        }
        if (failure != TRIVET_PG_AGAIN) {
            return status;
        }
    }

    return status;
}

static enum trivet_status
begin_schema(struct connection *connection, struct trivet_error *err)
{
    enum trivet_status status = run_script(connection, guard_schema, err);

    if (status != TRIVET_OK && !connection->is_lost) {
        (void) run_script(connection, "ROLLBACK", NULL);
    }

    return status;
}

/* ---- statements --------------------------------------------------------- */

/* Where the key is or goes; NULL when the table is full. */
static const void **
find_place(struct connection *connection, const void *key)
{
    const size_t first = (uintptr_t) key / sizeof(struct trivet_statement);

    for (size_t i = 0; i < MAX_STATEMENTS; i++) {
        const void **place =
            &connection->prepared[(first + i) % MAX_STATEMENTS];

        if (*place == key || *place == NULL) {
            return place;
        }
    }

    return NULL;
}

/* *out: the key's place when the statement is prepared, else NULL. */
static enum trivet_status
prepare(struct connection *connection, const struct trivet_query *query,
    const struct trivet_pg_params *params, const char *name, bool *out,
    enum trivet_pg_failure *failure, struct trivet_error *err)
{
    const void **place = find_place(connection, query->key);

    *out = false;
    if (!connection->target.may_prepare || atomic_load(&has_pooler)
        || place == NULL)
    {
        return TRIVET_OK;
    }

    if (*place == NULL) {
        *failure = TRIVET_PG_LOST;
        if (PQsendPrepare(connection->conn, name, query->sql,
                (int) query->num_params, params->types)
            == 0)
        {
            return lose(connection, "store.prepare", err);
        }
        TRIVET_TRY(collect(connection, NULL, connection->target.statement_ms,
            false, failure, err));
        *place = query->key;
    }

    *out = true;
    return TRIVET_OK;
}

/* A transaction's own commands are texts: nothing is to be prepared there. */
static bool
is_command(const struct trivet_query *query)
{
    return query->num_params == 0 && query->on_row == NULL;
}

static enum trivet_status
try_run(struct connection *connection, const struct trivet_query *query,
    const struct trivet_pg_params *params, enum trivet_pg_failure *failure,
    struct trivet_error *err)
{
    const bool is_commit = strcmp(query->sql, "COMMIT") == 0;
    char name[24];
    bool is_prepared = false;
    int num = (int) query->num_params;
    int is_sent;

    if (is_command(query)) {
        is_sent = PQsendQuery(connection->conn, query->sql);
    } else {
        trivet_pg_name(query->sql, name);
        TRIVET_TRY(prepare(
            connection, query, params, name, &is_prepared, failure, err));
        is_sent = is_prepared ? PQsendQueryPrepared(connection->conn, name, num,
                      params->values, params->lens, params->formats, 1)
                              : PQsendQueryParams(connection->conn, query->sql,
                                  num, params->types, params->values,
                                  params->lens, params->formats, 1);
    }

    *failure = TRIVET_PG_LOST;
    if (is_sent == 0) {
        return lose(connection, "store.send", err);
    }
    (void) PQsetSingleRowMode(connection->conn);

    return collect(connection, query,
        connection->target.statement_ms + GRACE_MS, is_commit, failure, err);
}

/* So that those who collided do not do it again at once. */
static void
pause_a_little(int try)
{
    const struct timespec step = {
        .tv_nsec = (long) (trivet_pg_jitter(5000) + 1000) * 1000 * (try + 1)};

    (void) nanosleep(&step, NULL);
}

/* What is done again is what was surely not done: the server said so. */
static bool
may_try_again(
    const struct connection *connection, enum trivet_pg_failure failure)
{
    return !connection->is_lost
           && (failure == TRIVET_PG_AGAIN || failure == TRIVET_PG_STATEMENT)
           && PQtransactionStatus(connection->conn) == PQTRANS_IDLE;
}

static enum trivet_status
run(void *opaque, const struct trivet_query *query, struct trivet_error *err)
{
    struct connection *connection = opaque;
    struct trivet_pg_params params;
    enum trivet_pg_failure failure = TRIVET_PG_OTHER;
    enum trivet_status status = TRIVET_E_UNAVAILABLE;

    if (connection->is_lost) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.run",
            "%s: the connection was lost", connection->target.name);
    }
    if (query->num_params > TRIVET_PG_MAX_PARAMS) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "store.run",
            "TRIVET_PG_MAX_PARAMS is too small");
    }

    connection->is_doubtful = false;
    if (query->key == &begin_sql) {
        return begin_writing(connection, err);
    }
    if (query->key == &begin_schema_sql) {
        return begin_schema(connection, err);
    }

    for (size_t i = 0; i < query->num_params; i++) {
        trivet_pg_fill_param(&params, i, &query->params[i]);
    }
    for (int i = 0; i < MAX_TRIES; i++) {
        status = try_run(connection, query, &params, &failure, err);
        if (status != TRIVET_OK && failure == TRIVET_PG_STATEMENT) {
            atomic_store(&has_pooler, true);
        }
        if (status == TRIVET_OK || !may_try_again(connection, failure)) {
            break;
        }
        pause_a_little(i);
    }

    return check_doubt(connection, status, err);
}

/* ---- the connection ----------------------------------------------------- */

static void
set_patience(void *opaque, unsigned max_wait_ms)
{
    struct connection *connection = opaque;
    bool is_default = max_wait_ms == 0 || max_wait_ms > LOCK_MS;

    connection->lock_ms = is_default ? LOCK_MS : max_wait_ms;
}

static void
close_connection(void *opaque)
{
    struct connection *connection = opaque;

    if (connection == NULL) {
        return;
    }

    PQfinish(connection->conn);
    trivet_pg_target_free(&connection->target);
    free(connection);
}

/* may_create: a database is made by an operator, with its owner and its place;
 * the schema in it by trivet store migrate. */
static enum trivet_status
open_connection(const char *location, bool may_create, unsigned max_wait_ms,
    void **out, struct trivet_error *err)
{
    struct connection *connection = calloc(1, sizeof *connection);
    enum trivet_status status;

    (void) may_create;

    if (connection == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.open", "out of memory");
    }

    set_patience(connection, max_wait_ms);
    status = trivet_pg_target_read(location, &connection->target, err);
    if (status == TRIVET_OK) {
        status = trivet_pg_connect(&connection->target, &connection->conn, err);
    }
    if (status != TRIVET_OK) {
        close_connection(connection);
        return status;
    }

    (void) PQsetNoticeReceiver(connection->conn, on_notice, connection);
    *out = connection;
    return TRIVET_OK;
}

/* A server that goes says so on the socket: nothing else comes unasked. */
static bool
is_current(void *opaque)
{
    struct connection *connection = opaque;
    struct pollfd one = {.fd = PQsocket(connection->conn), .events = POLLIN};

    if (connection->is_lost || PQstatus(connection->conn) != CONNECTION_OK) {
        return false;
    }

    if (poll(&one, 1, 0) != 0
        && (PQconsumeInput(connection->conn) == 0
            || PQstatus(connection->conn) != CONNECTION_OK))
    {
        connection->is_lost = true;
    }

    return !connection->is_lost;
}

/* A connection that broke has none: the server rolls back. */
static bool
is_in_transaction(void *opaque)
{
    struct connection *connection = opaque;
    PGTransactionStatusType status = PQtransactionStatus(connection->conn);

    return status != PQTRANS_IDLE && status != PQTRANS_UNKNOWN;
}

const struct trivet_driver trivet_postgres_driver = {
    .scheme = TRIVET_PG_SCHEME,
    .example = TRIVET_PG_SCHEME "USER@HOST/NAME",
    .dialect = TRIVET_DIALECT_POSTGRES,
    .migrations = migrations,
    .num_migrations = sizeof migrations / sizeof migrations[0],
    .begin = &begin_sql,
    .begin_schema = &begin_schema_sql,
    .is_shared = true,
    .open = open_connection,
    .close = close_connection,
    .is_current = is_current,
    .is_in_transaction = is_in_transaction,
    .set_patience = set_patience,
    .run_script = run_script,
    .run = run,
};
