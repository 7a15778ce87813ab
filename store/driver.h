/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - what a database must be able to do for the store
 *
 * A driver runs SQL; it knows no table. Every slot blocks. One thread per
 * connection.
 */
#ifndef TRIVET_STORE_DRIVER_H
#define TRIVET_STORE_DRIVER_H

#include <stdint.h>

#include "base/slice.h"
#include "trivet/status.h"

enum { TRIVET_MAX_COLUMNS = 24 };

enum trivet_value_kind {
    TRIVET_VALUE_NULL = 0,
    TRIVET_VALUE_INTEGER,
    TRIVET_VALUE_TEXT,
    TRIVET_VALUE_BLOB
};

struct trivet_value {
    enum trivet_value_kind kind;
    int64_t integer;
    struct trivet_slice bytes; /* of text and blob */
};

/* Called once a row; columns live until it returns. */
typedef void (*trivet_row_fn)(void *user, const struct trivet_value *columns);

struct trivet_query {
    unsigned id; /* the connection keeps one prepared statement for each id */
    const char *sql; /* parameters are $1, $2, ... in this order */
    const struct trivet_value *params;
    size_t num_params;
    trivet_row_fn on_row; /* NULL: rows are passed over */
    void *user;
};

struct trivet_driver {
    /* What a store URL begins with, such as "sqlite:". */
    const char *scheme;

    /* Connects to location (the URL behind the scheme). may_create: make an
     * empty database when there is none, that nobody else may read.
     * max_wait_ms: of set_patience, for the opening too. TRIVET_E_UNAVAILABLE
     * when it cannot be opened. */
    enum trivet_status (*open)(const char *location, bool may_create,
        unsigned max_wait_ms, void **out, struct trivet_error *err);
    void (*close)(void *connection); /* accepts NULL */

    /* Takes from others what they may do with the database's files. What the
     * operator should know of that, or NULL: there was nothing to be taken.
     * Lives as long as the connection. */
    const char *(*confine)(void *connection);

    /* False when the connection no longer reaches what its location names:
     * close it then. */
    bool (*is_current)(void *connection);

    /* Whether a transaction is open: begun, and neither committed nor rolled
     * back. Does not fail. */
    bool (*is_in_transaction)(void *connection);

    /* A number that is another one once another connection has committed a
     * change. Only good to compare with others of this connection. */
    enum trivet_status (*get_version)(
        void *connection, int64_t *out, struct trivet_error *err);

    /* How long a statement waits for others that write; 0: as long as the
     * driver thinks right. */
    void (*set_patience)(void *connection, unsigned max_wait_ms);

    /* Runs a script without parameters or rows. */
    enum trivet_status (*run_script)(
        void *connection, const char *sql, struct trivet_error *err);

    /* Of this statement alone: TRIVET_E_CONFLICT, a constraint was violated;
     * TRIVET_E_MEMORY; TRIVET_E_LIMIT, a value is too big. What was done before
     * in the transaction stays as it was. TRIVET_E_UNAVAILABLE: all else that
     * can go wrong; the database is no longer to be trusted with it. */
    enum trivet_status (*run)(void *connection,
        const struct trivet_query *query, struct trivet_error *err);

    /* Begins a transaction that will write: others that would wait for it. */
    const char *begin_sql;
};

extern const struct trivet_driver trivet_sqlite_driver;

#endif
