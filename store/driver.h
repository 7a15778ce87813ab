/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - what a database must be able to do for the store
 *
 * A driver connects to a database, brings its schema and runs SQL; it knows no
 * table. What differs from database to database is here: a slot that not every
 * database needs is optional (NULL). A new driver is store/NAME.c with its
 * migrations in store/schema/NAME/, and a line in store.c; a statement that its
 * database reads otherwise gets a form of its own (statement.h). New ids come
 * from the database, by RETURNING. Every slot blocks. One thread per
 * connection.
 */
#ifndef TRIVET_STORE_DRIVER_H
#define TRIVET_STORE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "trivet/status.h"

enum { TRIVET_MAX_COLUMNS = 24 };

/* Of whom a statement may have a form of its own. */
enum trivet_dialect {
    TRIVET_DIALECT_SQLITE,
    TRIVET_DIALECT_POSTGRES,
    TRIVET_NUM_DIALECTS
};

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
    const void *key; /* the connection prepares one statement for each key */
    const char *sql; /* the same for the same key; parameters are $1, $2, ... in
                        this order */
    const struct trivet_value *params;
    size_t num_params;
    trivet_row_fn on_row; /* NULL: rows are passed over */
    void *user;
};

struct trivet_statement;

/* Many rows at once, into a table whose columns have the kinds of the values
 * (integers are of 64 bits). Between begin and the commit there may be other
 * statements, but none between start and end. */
struct trivet_bulk {
    /* Begins a transaction as the driver's begin, that may last. */
    const struct trivet_statement *begin;

    /* columns: with commas between. */
    enum trivet_status (*start)(void *connection, const char *table,
        const char *columns, struct trivet_error *err);
    /* A row. What is wrong with it may be told later. */
    enum trivet_status (*add)(void *connection,
        const struct trivet_value *values, struct trivet_error *err);
    enum trivet_status (*end)(void *connection, struct trivet_error *err);
};

struct trivet_driver {
    /* What a store URL begins with, such as "sqlite:", and what may follow,
     * for messages. */
    const char *scheme;
    const char *example;

    enum trivet_dialect dialect;

    /* Scripts that make the schema, each once, in this order. */
    const char *const *migrations;
    size_t num_migrations;

    /* Begins a transaction that will write; others that would wait for it. */
    const struct trivet_statement *begin;

    /* Optional, where begin needs the schema: begins one that makes it. */
    const struct trivet_statement *begin_schema;

    const struct trivet_bulk *bulk; /* optional */

    /* The database is others' as well: TRIVET_STORE_MIGRATE leaves its schema
     * alone. */
    bool is_shared;

    /* Optional: whether location can be one, as far as can be known without
     * going there. TRIVET_E_USAGE, TRIVET_E_MEMORY. */
    enum trivet_status (*check)(const char *location, struct trivet_error *err);

    /* Connects to location (the URL behind the scheme). may_create: make an
     * empty database when there is none, that nobody else may read.
     * max_wait_ms: of set_patience, for the opening too. TRIVET_E_UNAVAILABLE
     * when it cannot be opened. */
    enum trivet_status (*open)(const char *location, bool may_create,
        unsigned max_wait_ms, void **out, struct trivet_error *err);
    void (*close)(void *connection); /* accepts NULL */

    /* Optional, for a database that is a file: makes it the owner's alone.
     * What the operator should know of that, or NULL: it was so before. Lives
     * as long as the connection. */
    const char *(*confine)(void *connection);

    /* False when the connection no longer reaches what its location names:
     * close it then. */
    bool (*is_current)(void *connection);

    /* Whether a transaction is open: begun, and neither committed nor rolled
     * back. Does not fail. */
    bool (*is_in_transaction)(void *connection);

    /* Optional, where it costs next to nothing: a number that is another one
     * once another connection has committed a change. Only good to compare with
     * others of this connection. Without it every call of
     * trivet_store_get_version gives another number. */
    enum trivet_status (*get_version)(
        void *connection, int64_t *out, struct trivet_error *err);

    /* How long a statement waits for the write lock; 0: the driver's default,
     * some seconds. */
    void (*set_patience)(void *connection, unsigned max_wait_ms);

    /* Runs a script without parameters or rows. */
    enum trivet_status (*run_script)(
        void *connection, const char *sql, struct trivet_error *err);

    /* Failures of this statement alone: TRIVET_E_CONFLICT, a constraint was
     * violated; TRIVET_E_MEMORY; TRIVET_E_LIMIT, a value is too big;
     * TRIVET_E_AGAIN, others held a row for too long, or a deadlock. What was
     * done before a savepoint of the transaction can still be committed, after
     * the savepoint was rolled back to. TRIVET_E_UNAVAILABLE: every other
     * failure; the connection is not to be used any more. */
    enum trivet_status (*run)(void *connection,
        const struct trivet_query *query, struct trivet_error *err);
};

extern const struct trivet_driver trivet_sqlite_driver;
extern const struct trivet_driver trivet_postgres_driver;

#endif
