/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.h - an SQL statement, and how it is run
 *
 * A statement stands above the verb that runs it, as a static constant:
 *
 *   static const struct trivet_statement get_sql = {
 *       .name = "user.get", .sql = "SELECT ... FROM users WHERE id = $1"};
 *
 * and in the list at the end of its file (store/noun/statements.h). Parameters
 * are $1, $2, ... in the order of the values given; every database that has a
 * driver reads the text, or has a form of its own. One without a text is for
 * those databases alone that have a form of it (sql_of). Each connection
 * prepares a statement once. Failures: as store.h.
 */
#ifndef TRIVET_STORE_STATEMENT_H
#define TRIVET_STORE_STATEMENT_H

#include "store/driver.h"
#include "store/store.h"

struct trivet_statement {
    const char *name; /* noun.verb; unique */
    const char *sql;  /* NULL: only of databases that have a form */
    const char *sql_of[TRIVET_NUM_DIALECTS]; /* NULL: sql, as everywhere */
};

/* The text that a database of that dialect is given. Static; NULL: none. */
const char *trivet_statement_sql(
    const struct trivet_statement *statement, enum trivet_dialect dialect);

/* Runs a statement. on_row: NULL when its rows do not matter.
 * TRIVET_E_NOT_FOUND when `user` is not NULL and no row came. */
TRIVET_MUST_USE enum trivet_status trivet_store_run(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, trivet_row_fn on_row, void *user,
    struct trivet_error *err);

/* Runs a statement that gives one row of one number, such as RETURNING id.
 * TRIVET_E_NOT_FOUND when it gave none. */
TRIVET_MUST_USE enum trivet_status trivet_store_run_for_id(
    struct trivet_store *store, const struct trivet_statement *statement,
    const struct trivet_value *params, size_t num_params, int64_t *out,
    struct trivet_error *err);

#define RUN(store, statement, params, on_row, user, err)                       \
    trivet_store_run(store, statement, params,                                 \
        sizeof(params) / sizeof((params)[0]), on_row, user, err)

#define RUN_FOR_ID(store, statement, params, out, err)                         \
    trivet_store_run_for_id(store, statement, params,                          \
        sizeof(params) / sizeof((params)[0]), out, err)

#endif
