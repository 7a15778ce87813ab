/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres.h - what the files of PostgreSQL's driver share
 *
 *   postgres.c          statements, and the driver itself
 *   postgres_answer.c   waiting for answers, and reading them
 *   postgres_bulk.c     many rows at once
 *   postgres_connect.c  a URL, and connections to what it names
 *   postgres_cancel.c   has the server stop what nobody waits for any more
 *   postgres_error.c    what a failure of the server means
 *   postgres_guard.c    that it is the primary that answers, behind a pooler
 *   postgres_password.c the password of a credential
 *   postgres_primary.c  that a new connection is to the primary
 *   postgres_value.c    values, in its binary form
 *   postgres_wait.c     waiting for a connection's socket
 */
#ifndef TRIVET_STORE_POSTGRES_H
#define TRIVET_STORE_POSTGRES_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/driver.h"

#define TRIVET_PG_SCHEME "postgresql://"

enum {
    TRIVET_PG_CONNECT_MS = 3000,   /* all hosts together, if not said else */
    TRIVET_PG_STATEMENT_MS = 5000, /* likewise, until the first row or the
                                      next one, and for a transaction       */
    TRIVET_PG_MAX_HOSTS = 16,
    TRIVET_PG_MAX_PASSWORD = 1024 /* bytes, with its NUL */
};

/* What a URL says. */
struct trivet_pg_target {
    PQconninfoOption *options; /* of libpq; no password is among them */
    char *name;                /* for messages: scheme, hosts and database */
    bool may_prepare;          /* false: prepare=off                    */
    int64_t connect_ms;
    int64_t statement_ms;
};

/* Waits until the connection's socket is ready: POLLIN, POLLOUT or both. False
 * when deadline_ms (base/ticks.h) passed. */
bool trivet_pg_await(PGconn *conn, short events, int64_t deadline_ms);

/* TRIVET_E_USAGE when the URL is none, or has a password in it. free is of use
 * after a failure, too. */
TRIVET_MUST_USE enum trivet_status trivet_pg_target_read(const char *location,
    struct trivet_pg_target *out, struct trivet_error *err);
void trivet_pg_target_free(struct trivet_pg_target *target);

/* Connects to the first host that can be written. After a failure, calls in
 * this process fail at once for a while that grows to a second. *out: non-
 * blocking. *out_is_pooled: a pooler is between. Any number of threads. */
TRIVET_MUST_USE enum trivet_status trivet_pg_connect(
    const struct trivet_pg_target *target, PGconn **out, bool *out_is_pooled,
    struct trivet_error *err);

/* Accepts NULL. */
void trivet_pg_finish(PGconn *conn);

/* Of a connection that was just made and does not block: TRIVET_E_UNAVAILABLE
 * when its server cannot be written, or does not answer before deadline_ms. */
TRIVET_MUST_USE enum trivet_status trivet_pg_check_primary(
    const struct trivet_pg_target *target, PGconn *conn, int64_t deadline_ms,
    bool *out_is_pooled, struct trivet_error *err);

/* The password of the file trivet-store-password in systemd's
 * $CREDENTIALS_DIRECTORY; empty: there is none. The caller wipes it. Any number
 * of threads.
 *
 * TRIVET_E_USAGE  the file is not the caller's alone, or cannot be read.
 * TRIVET_E_LIMIT  it is too long.
 */
TRIVET_MUST_USE enum trivet_status trivet_pg_get_password(
    char out[TRIVET_PG_MAX_PASSWORD], struct trivet_error *err);

/* ---- values ------------------------------------------------------------ */

enum { TRIVET_PG_MAX_PARAMS = 24 };

struct trivet_pg_params {
    Oid types[TRIVET_PG_MAX_PARAMS];
    const char *values[TRIVET_PG_MAX_PARAMS];
    int lens[TRIVET_PG_MAX_PARAMS];
    int formats[TRIVET_PG_MAX_PARAMS];
    unsigned char integers[TRIVET_PG_MAX_PARAMS][8];
};

void trivet_pg_fill_param(
    struct trivet_pg_params *out, size_t at, const struct trivet_value *value);

/* Of the one row of a result; lives as long as it. */
struct trivet_value trivet_pg_column(const PGresult *result, int at);

/* What a statement with that text is called. */
void trivet_pg_name(const char *sql, char out[24]);

/* ---- failures ---------------------------------------------------------- */

enum trivet_pg_failure {
    TRIVET_PG_OTHER,     /* nothing is known: as if the store were down */
    TRIVET_PG_CONFLICT,  /* a constraint                               */
    TRIVET_PG_VALUE,     /* a value that the database does not take    */
    TRIVET_PG_AGAIN,     /* serialisation: the same may work           */
    TRIVET_PG_BUSY,      /* a deadlock, a lock that did not come: the same may
                            work, once what was done since a savepoint was
                            taken back                                  */
    TRIVET_PG_LOST,      /* the connection is of no use any more       */
    TRIVET_PG_STATEMENT, /* a prepared statement that is not there, or is
                            already: a pooler gave another connection   */
    TRIVET_PG_SCHEMA,    /* a table or column is not there             */
    TRIVET_PG_ROLE       /* the role has no right to it                */
};

/* By the SQLSTATE, five characters; NULL: none came. */
enum trivet_pg_failure trivet_pg_classify(const char *sqlstate);

/* What a caller of the driver is told. */
enum trivet_status trivet_pg_status(enum trivet_pg_failure failure);

/* Fills err from a result of the server, on one line. */
enum trivet_status trivet_pg_fail(const struct trivet_pg_target *target,
    const PGresult *result, const char *where, struct trivet_error *err);

/* Fills err from the connection: TRIVET_E_UNAVAILABLE. */
enum trivet_status trivet_pg_fail_connection(
    const struct trivet_pg_target *target, const PGconn *conn,
    const char *where, struct trivet_error *err);

/* ---- a connection, and its answers ------------------------------------- */

/* Twice as many statements as there are: a table by hash. */
enum { TRIVET_PG_MAX_STATEMENTS = 256 };

struct trivet_pg_connection {
    PGconn *conn;
    struct trivet_pg_target target;
    unsigned lock_ms;
    int64_t wait_ms;  /* for a statement's first row, or the next one      */
    int64_t until_ms; /* when a transaction must have ended; 0: whenever   */
    bool is_pooled;   /* a pooler is between: see postgres_guard.c          */
    unsigned num_demotions; /* of the process, when it was made            */
    bool is_lost;
    bool is_doubtful; /* a warning says that a commit may not last         */
    struct trivet_buffer rows; /* of bulk: not sent yet                    */
    size_t num_columns;        /* of bulk                                  */
    const void *prepared[TRIVET_PG_MAX_STATEMENTS]; /* keys; NULL: free    */
};

/* Of PQsetNoticeReceiver; opaque: the connection. */
void trivet_pg_take_notice(void *opaque, const PGresult *notice);

/* The connection is of no use any more: TRIVET_E_UNAVAILABLE. */
enum trivet_status trivet_pg_lose(struct trivet_pg_connection *connection,
    const char *where, struct trivet_error *err);

/* Nobody waits for its answer any more: has the server stop the statement.
 * Waits a quarter of a second at most; does nothing when four others of this
 * process wait for a server that does not answer. */
void trivet_pg_cancel(struct trivet_pg_connection *connection);

/* Sends what is left and waits until a result can be read without blocking. */
TRIVET_MUST_USE enum trivet_status trivet_pg_await_result(
    struct trivet_pg_connection *connection, int64_t deadline_ms,
    struct trivet_error *err);

/* Gives the rows of what was sent to query (NULL: to nobody) until its end.
 * wait_ms: for each. *failure: of the first result that failed. */
TRIVET_MUST_USE enum trivet_status trivet_pg_collect(
    struct trivet_pg_connection *connection, const struct trivet_query *query,
    int64_t wait_ms, bool is_commit, enum trivet_pg_failure *failure,
    struct trivet_error *err);

/* status, or the failure of what was to last, outside a transaction or by its
 * commit, and of which the server says that it may not. */
TRIVET_MUST_USE enum trivet_status trivet_pg_check_doubt(
    struct trivet_pg_connection *connection, enum trivet_status status,
    struct trivet_error *err);

/* Another number: connections that were made before may be a standby's. */
unsigned trivet_pg_num_demotions(void);

/* Whether a statement is to be guarded now. If so: guard_send, then send the
 * statement (none but with PQsendQueryParams or PQsendQueryPrepared), then
 * guard_check before its rows are collected, and guard_end. guard_check:
 * TRIVET_E_UNAVAILABLE when the server is not the primary; the connection is
 * lost then. */
bool trivet_pg_needs_guard(const struct trivet_pg_connection *connection);
TRIVET_MUST_USE bool trivet_pg_guard_send(
    struct trivet_pg_connection *connection);
TRIVET_MUST_USE enum trivet_status trivet_pg_guard_check(
    struct trivet_pg_connection *connection, enum trivet_pg_failure *failure,
    struct trivet_error *err);
void trivet_pg_guard_end(struct trivet_pg_connection *connection);

/* The slots of struct trivet_bulk. */
TRIVET_MUST_USE enum trivet_status trivet_pg_bulk_start(void *connection,
    const char *table, const char *columns, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_pg_bulk_add(void *connection,
    const struct trivet_value *values, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_pg_bulk_end(
    void *connection, struct trivet_error *err);

#endif
