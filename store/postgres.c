/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres.c - PostgreSQL, or what speaks its protocol
 *
 * Transactions are READ COMMITTED: each statement sees all that was committed
 * before it. What is decided by several statements is about rows that were
 * locked first (store/noun/hold.h). Nothing depends on a session's state but
 * prepared statements, which are left out when a pooler is seen (or by
 * prepare=off).
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
#include "store/again.h"
#include "store/statement.h"
#include "store/store.h"

enum {
    MAX_TRIES = 3,   /* of what may be done again */
    LOCK_MS = 3000,  /* then the store counts as down */
    IDLE_MS = 10000, /* in a transaction: then the server ends it */
    GRACE_MS = 1000, /* the server's own deadlines come first */
};

/* A pooler gives each transaction another server's connection: statements that
 * were prepared are not there. Once seen, it is known to the whole process. */
static atomic_bool has_pooler;

/* ---- scripts ------------------------------------------------------------ */

static enum trivet_status
send_script(struct trivet_pg_connection *connection, const char *sql,
    int64_t wait_ms, enum trivet_pg_failure *failure, struct trivet_error *err)
{
    *failure = TRIVET_PG_LOST;
    if (connection->is_lost || PQsendQuery(connection->conn, sql) == 0) {
        return trivet_pg_lose(connection, "store.send", err);
    }

    return trivet_pg_collect(connection, NULL, wait_ms, false, failure, err);
}

/* As long as it takes: a migration of many rows is a matter of hours. */
static enum trivet_status
run_script(void *opaque, const char *sql, struct trivet_error *err)
{
    struct trivet_pg_connection *connection = opaque;
    enum trivet_pg_failure failure;

    return send_script(connection, sql, INT32_MAX, &failure, err);
}

/* ---- beginning ---------------------------------------------------------- */

/* What has to be beside BEGIN is in begin_writing. */
static const struct trivet_statement begin_sql = {
    .name = "begin", .sql = "BEGIN"};
static const struct trivet_statement begin_schema_sql = {
    .name = "begin-schema", .sql = "BEGIN"};
static const struct trivet_statement begin_bulk_sql = {
    .name = "begin-bulk", .sql = "BEGIN"};

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
 * to others after it. Times of 0: as long as it takes. */
static enum trivet_status
begin_writing(struct trivet_pg_connection *connection, int64_t statement_ms,
    int idle_ms, struct trivet_error *err)
{
    char sql[512];
    enum trivet_pg_failure failure;
    enum trivet_status status;
    enum trivet_pg_failure ignored;

    (void) snprintf(sql, sizeof sql,
        "BEGIN ISOLATION LEVEL READ COMMITTED;"
        "SET LOCAL lock_timeout = %u;"
        "SET LOCAL statement_timeout = %lld;"
        "SET LOCAL idle_in_transaction_session_timeout = %d",
        connection->lock_ms, (long long) statement_ms, idle_ms);

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

/* All that write take a row of audit_head first: nobody else does until the
 * commit. */
static enum trivet_status
begin_bulk(struct trivet_pg_connection *connection, struct trivet_error *err)
{
    enum trivet_pg_failure failure;

    TRIVET_TRY(begin_writing(connection, 0, 0, err));

    connection->until_ms = 0;
    connection->wait_ms = INT32_MAX;
    return send_script(connection, "LOCK TABLE audit_head IN EXCLUSIVE MODE",
        connection->target.statement_ms + GRACE_MS, &failure, err);
}

static enum trivet_status
begin_schema(struct trivet_pg_connection *connection, struct trivet_error *err)
{
    enum trivet_status status = run_script(connection, guard_schema, err);

    connection->until_ms = 0;
    if (status != TRIVET_OK && !connection->is_lost) {
        (void) run_script(connection, "ROLLBACK", NULL);
    }

    return status;
}

/* ---- statements --------------------------------------------------------- */

/* Where the key is or goes; NULL when the table is full. */
static const void **
find_place(struct trivet_pg_connection *connection, const void *key)
{
    const size_t first = (uintptr_t) key / sizeof(struct trivet_statement);

    for (size_t i = 0; i < TRIVET_PG_MAX_STATEMENTS; i++) {
        const void **place =
            &connection->prepared[(first + i) % TRIVET_PG_MAX_STATEMENTS];

        if (*place == key || *place == NULL) {
            return place;
        }
    }

    return NULL;
}

/* *out: the key's place when the statement is prepared, else NULL. */
static enum trivet_status
prepare(struct trivet_pg_connection *connection,
    const struct trivet_query *query, const struct trivet_pg_params *params,
    const char *name, bool *out, enum trivet_pg_failure *failure,
    struct trivet_error *err)
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
            return trivet_pg_lose(connection, "store.prepare", err);
        }
        TRIVET_TRY(trivet_pg_collect(connection, NULL,
            connection->target.statement_ms, false, failure, err));
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
run_command(struct trivet_pg_connection *connection,
    const struct trivet_query *query, enum trivet_pg_failure *failure,
    struct trivet_error *err)
{
    const bool is_commit = strcmp(query->sql, "COMMIT") == 0;

    *failure = TRIVET_PG_LOST;
    if (PQsendQuery(connection->conn, query->sql) == 0) {
        return trivet_pg_lose(connection, "store.send", err);
    }

    return trivet_pg_collect(
        connection, query, connection->wait_ms, is_commit, failure, err);
}

static bool
send_statement(struct trivet_pg_connection *connection,
    const struct trivet_query *query, const struct trivet_pg_params *params,
    const char *name, bool is_prepared)
{
    const int num = (int) query->num_params;

    return (is_prepared ? PQsendQueryPrepared(connection->conn, name, num,
                params->values, params->lens, params->formats, 1)
                        : PQsendQueryParams(connection->conn, query->sql, num,
                            params->types, params->values, params->lens,
                            params->formats, 1))
           != 0;
}

static enum trivet_status
try_run(struct trivet_pg_connection *connection,
    const struct trivet_query *query, const struct trivet_pg_params *params,
    enum trivet_pg_failure *failure, struct trivet_error *err)
{
    char name[24];
    bool is_prepared = false;
    bool is_guarded;
    enum trivet_status status;

    if (is_command(query)) {
        return run_command(connection, query, failure, err);
    }

    trivet_pg_name(query->sql, name);
    TRIVET_TRY(
        prepare(connection, query, params, name, &is_prepared, failure, err));

    is_guarded = trivet_pg_needs_guard(connection);
    *failure = TRIVET_PG_LOST;
    if ((is_guarded && !trivet_pg_guard_send(connection))
        || !send_statement(connection, query, params, name, is_prepared))
    {
        return trivet_pg_lose(connection, "store.send", err);
    }
    if (is_guarded) {
        TRIVET_TRY(trivet_pg_guard_check(connection, failure, err));
    }

    (void) PQsetSingleRowMode(connection->conn);
    status = trivet_pg_collect(
        connection, query, connection->wait_ms, false, failure, err);
    if (is_guarded) {
        trivet_pg_guard_end(connection);
    }

    return status;
}

/* So that those who collided do not do it again at once. */
static void
pause_a_little(int try)
{
    const struct timespec step = {
        .tv_nsec =
            (long) (trivet_store_jitter(5000) + 1000) * 1000 * (try + 1)};

    (void) nanosleep(&step, NULL);
}

/* What is done again is what was surely not done: the server said so. */
static bool
may_try_again(const struct trivet_pg_connection *connection,
    enum trivet_pg_failure failure)
{
    return !connection->is_lost
           && (failure == TRIVET_PG_AGAIN || failure == TRIVET_PG_BUSY
               || failure == TRIVET_PG_STATEMENT)
           && PQtransactionStatus(connection->conn) == PQTRANS_IDLE;
}

/* A statement has its time, and a transaction has no more for all of its own:
 * others wait for its end. */
static void
set_wait(struct trivet_pg_connection *connection)
{
    const int64_t whole_ms = connection->target.statement_ms + GRACE_MS;
    int64_t left_ms = connection->until_ms - trivet_ticks_ms();

    if (PQtransactionStatus(connection->conn) == PQTRANS_IDLE) {
        connection->wait_ms = whole_ms;
    } else if (connection->until_ms != 0) {
        connection->wait_ms = left_ms < whole_ms ? left_ms : whole_ms;
    }
}

static enum trivet_status
run(void *opaque, const struct trivet_query *query, struct trivet_error *err)
{
    struct trivet_pg_connection *connection = opaque;
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
    set_wait(connection);
    if (query->key == &begin_sql) {
        connection->until_ms = trivet_ticks_ms() + connection->wait_ms;
        return begin_writing(
            connection, connection->target.statement_ms, IDLE_MS, err);
    }
    if (query->key == &begin_bulk_sql) {
        return begin_bulk(connection, err);
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

    return trivet_pg_check_doubt(connection, status, err);
}

/* ---- the connection ----------------------------------------------------- */

static void
set_patience(void *opaque, unsigned max_wait_ms)
{
    struct trivet_pg_connection *connection = opaque;
    bool is_default = max_wait_ms == 0 || max_wait_ms > LOCK_MS;

    connection->lock_ms = is_default ? LOCK_MS : max_wait_ms;
}

static void
close_connection(void *opaque)
{
    struct trivet_pg_connection *connection = opaque;

    if (connection == NULL) {
        return;
    }

    trivet_pg_finish(connection->conn);
    trivet_buffer_free(&connection->rows);
    trivet_pg_target_free(&connection->target);
    free(connection);
}

static enum trivet_status
check_location(const char *location, struct trivet_error *err)
{
    struct trivet_pg_target target;
    enum trivet_status status = trivet_pg_target_read(location, &target, err);

    trivet_pg_target_free(&target);

    return status;
}

/* may_create: a database is made by an operator, with its owner and its place;
 * the schema in it by trivet store migrate. */
static enum trivet_status
open_connection(const char *location, bool may_create, unsigned max_wait_ms,
    void **out, struct trivet_error *err)
{
    struct trivet_pg_connection *connection = calloc(1, sizeof *connection);
    enum trivet_status status;

    (void) may_create;

    if (connection == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.open", "out of memory");
    }

    set_patience(connection, max_wait_ms);
    connection->num_demotions = trivet_pg_num_demotions();
    status = trivet_pg_target_read(location, &connection->target, err);
    if (status == TRIVET_OK) {
        connection->wait_ms = connection->target.statement_ms + GRACE_MS;
        status = trivet_pg_connect(&connection->target, &connection->conn,
            &connection->is_pooled, err);
    }
    if (status != TRIVET_OK) {
        close_connection(connection);
        return status;
    }

    (void) PQsetNoticeReceiver(
        connection->conn, trivet_pg_take_notice, connection);
    *out = connection;
    return TRIVET_OK;
}

/* A server that goes says so on the socket, and then ends it: what it says is
 * read first, and only then the end is seen. */
static bool
is_current(void *opaque)
{
    struct trivet_pg_connection *connection = opaque;
    struct pollfd one = {.fd = PQsocket(connection->conn), .events = POLLIN};

    if (connection->is_lost || PQstatus(connection->conn) != CONNECTION_OK
        || (connection->is_pooled
            && connection->num_demotions != trivet_pg_num_demotions()))
    {
        return false;
    }

    while (!connection->is_lost && poll(&one, 1, 0) != 0) {
        connection->is_lost = PQconsumeInput(connection->conn) == 0
                              || PQstatus(connection->conn) != CONNECTION_OK;
    }

    return !connection->is_lost;
}

/* A connection that broke has none: the server rolls back. */
static bool
is_in_transaction(void *opaque)
{
    struct trivet_pg_connection *connection = opaque;
    PGTransactionStatusType status = PQtransactionStatus(connection->conn);

    return status != PQTRANS_IDLE && status != PQTRANS_UNKNOWN;
}

static const struct trivet_bulk bulk = {
    .begin = &begin_bulk_sql,
    .start = trivet_pg_bulk_start,
    .add = trivet_pg_bulk_add,
    .end = trivet_pg_bulk_end,
};

const struct trivet_driver trivet_postgres_driver = {
    .scheme = TRIVET_PG_SCHEME,
    .example = TRIVET_STORE_POSTGRES,
    .dialect = TRIVET_DIALECT_POSTGRES,
    .migrations = migrations,
    .num_migrations = sizeof migrations / sizeof migrations[0],
    .begin = &begin_sql,
    .begin_schema = &begin_schema_sql,
    .bulk = &bulk,
    .is_shared = true,
    .check = check_location,
    .open = open_connection,
    .close = close_connection,
    .is_current = is_current,
    .is_in_transaction = is_in_transaction,
    .set_patience = set_patience,
    .run_script = run_script,
    .run = run,
};
