/* SPDX-License-Identifier: Apache-2.0 */
/* statement.c - running an SQL statement on the store's connection */
#include "store/statement.h"

#include "store/handle.h"

/* Counts the rows, so that none can be told from one. */
struct counted {
    trivet_row_fn on_row;
    void *user;
    size_t num_rows;
};

static void
count_row(void *user, const struct trivet_value *columns)
{
    struct counted *counted = user;

    counted->num_rows++;
    counted->on_row(counted->user, columns);
}

const char *
trivet_statement_sql(
    const struct trivet_statement *statement, enum trivet_dialect dialect)
{
    const char *form = statement->sql_of[dialect];

    return form != NULL ? form : statement->sql;
}

enum trivet_status
trivet_store_run(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, trivet_row_fn on_row, void *user,
    struct trivet_error *err)
{
    struct counted counted = {.on_row = on_row, .user = user};
    struct trivet_query query = {
        .key = statement,
        .sql = trivet_statement_sql(statement, store->driver->dialect),
        .params = params,
        .num_params = num_params,
        .on_row = on_row == NULL ? NULL : count_row,
        .user = &counted,
    };
    enum trivet_status status;

    if (store->connection == NULL) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.run",
            "the connection was closed: a transaction could not be rolled "
            "back");
    }
    if (query.sql == NULL) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "store.run",
            "%s is not for this database", statement->name);
    }

    status = store->driver->run(store->connection, &query, err);
    store->has_failed |= status == TRIVET_E_UNAVAILABLE;
    if (status != TRIVET_OK) {
        return status;
    }

    if (on_row != NULL && user != NULL && counted.num_rows == 0) {
        return trivet_error_set(
            err, TRIVET_E_NOT_FOUND, "store.run", "not found");
    }

    return TRIVET_OK;
}

static void
read_number(void *user, const struct trivet_value *columns)
{
    *(int64_t *) user = columns[0].integer;
}

enum trivet_status
trivet_store_run_for_id(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, int64_t *out, struct trivet_error *err)
{
    int64_t number;

    /* A row may come before the failure: RETURNING, and then no commit. */
    TRIVET_TRY(trivet_store_run(
        store, statement, params, num_params, read_number, &number, err));

    *out = number;
    return TRIVET_OK;
}
