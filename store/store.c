/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the handle: opening, migrating, transactions, running statements */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema.h"
#include "store/internal.h"

enum { NUM_MIGRATIONS = sizeof migrations / sizeof migrations[0] };

static const struct trivet_driver *const drivers[] = {&trivet_sqlite_driver};

/* Counts the rows, so that "none" can be told from "one". */
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

static enum trivet_status
refuse_disconnected(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.run",
        "the connection was closed: a transaction could not be rolled back");
}

enum trivet_status
trivet_store_run(struct trivet_store *store, enum trivet_statement statement,
    const struct trivet_value *params, size_t num_params, trivet_row_fn on_row,
    void *user, struct trivet_error *err)
{
    struct counted counted = {.on_row = on_row, .user = user};
    struct trivet_query query = {
        .id = statement,
        .sql = statement == TRIVET_SQL_BEGIN ? store->driver->begin_sql
                                             : trivet_statement_sql(statement),
        .params = params,
        .num_params = num_params,
        .on_row = on_row == NULL ? NULL : count_row,
        .user = &counted,
    };
    enum trivet_status status;

    if (store->connection == NULL) {
        return refuse_disconnected(err);
    }

    status = store->driver->run(store->connection, &query, err);
    store->has_failed |= status == TRIVET_E_UNAVAILABLE;
    if (status != TRIVET_OK) {
        return status;
    }

    if (on_row != NULL && user != NULL && counted.num_rows == 0) {
        return trivet_error_set(
            err, TRIVET_E_NOT_FOUND, "store.run", "there is no such thing");
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
    enum trivet_statement statement, const struct trivet_value *params,
    size_t num_params, int64_t *out, struct trivet_error *err)
{
    int64_t number;

    /* A row may come before the failure: RETURNING, and then no commit. */
    TRIVET_TRY(trivet_store_run(
        store, statement, params, num_params, read_number, &number, err));

    *out = number;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_begin(struct trivet_store *store, struct trivet_error *err)
{
    TRIVET_TRY(
        trivet_store_run(store, TRIVET_SQL_BEGIN, NULL, 0, NULL, NULL, err));

    store->is_in_transaction = true;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_commit(struct trivet_store *store, struct trivet_error *err)
{
    TRIVET_TRY(trivet_store_audit_link(store, err));
    TRIVET_TRY(
        trivet_store_run(store, TRIVET_SQL_COMMIT, NULL, 0, NULL, NULL, err));

    store->is_in_transaction = false;
    store->end.is_taken = false;
    return TRIVET_OK;
}

/* From here on the store is not current, and every use of it fails. */
static void
disconnect(struct trivet_store *store)
{
    store->driver->close(store->connection);
    store->connection = NULL;
    store->notice = NULL;
}

void
trivet_store_rollback(struct trivet_store *store)
{
    enum trivet_status status =
        trivet_store_run(store, TRIVET_SQL_ROLLBACK, NULL, 0, NULL, NULL, NULL);

    /* A rollback fails when the database has rolled back already: that is well.
     * And when memory or the disk fails: then the transaction would stay open,
     * with the write lock, so the connection has to end. */
    if (status != TRIVET_OK && store->connection != NULL
        && store->driver->is_in_transaction(store->connection))
    {
        disconnect(store);
    }
    store->is_in_transaction = false;
    store->end.is_taken = false;
}

enum trivet_status
trivet_store_enter(
    struct trivet_store *store, bool *out_is_own, struct trivet_error *err)
{
    *out_is_own = !store->is_in_transaction;

    return *out_is_own ? trivet_store_begin(store, err) : TRIVET_OK;
}

enum trivet_status
trivet_store_leave(struct trivet_store *store, bool is_own,
    enum trivet_status status, struct trivet_error *err)
{
    if (!is_own) {
        return status;
    }

    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }

    return status;
}

/* The number of migrations that were applied; 0 for an empty database. */
static enum trivet_status
read_version(struct trivet_store *store, int64_t *out, struct trivet_error *err)
{
    return trivet_store_run_for_id(
        store, TRIVET_SQL_SCHEMA_VERSION, NULL, 0, out, err);
}

static enum trivet_status
apply_migrations(
    struct trivet_store *store, int64_t from, struct trivet_error *err)
{
    char version[64];

    for (int64_t i = from; i < NUM_MIGRATIONS; i++) {
        TRIVET_TRY(
            store->driver->run_script(store->connection, migrations[i], err));
    }

    (void) snprintf(version, sizeof version,
        "UPDATE schema_version SET version = %d", (int) NUM_MIGRATIONS);

    return store->driver->run_script(store->connection, version, err);
}

/* In one transaction, so that two that start at once do not both migrate, and
 * an interrupted one leaves nothing. */
static enum trivet_status
migrate(struct trivet_store *store, struct trivet_error *err)
{
    enum trivet_status status;
    int64_t version;

    TRIVET_TRY(trivet_store_begin(store, err));

    status = store->driver->run_script(store->connection,
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL);"
        "INSERT INTO schema_version (version) SELECT 0"
        " WHERE NOT EXISTS (SELECT 1 FROM schema_version)",
        err);
    if (status == TRIVET_OK) {
        status = read_version(store, &version, err);
    }
    if (status == TRIVET_OK && version < NUM_MIGRATIONS) {
        status = apply_migrations(store, version, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }

    return status;
}

enum trivet_status
trivet_store_check(struct trivet_store *store, struct trivet_error *err)
{
    int64_t version;

    TRIVET_TRY(read_version(store, &version, err));

    if (version != NUM_MIGRATIONS) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
            "the store has schema version %d, this trivet needs %d",
            (int) version, (int) NUM_MIGRATIONS);
    }

    return TRIVET_OK;
}

static const struct trivet_driver *
find_driver(const char *url)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        if (strncmp(url, drivers[i]->scheme, strlen(drivers[i]->scheme)) == 0) {
            return drivers[i];
        }
    }

    return NULL;
}

bool
trivet_store_knows(const char *url)
{
    return find_driver(url) != NULL;
}

enum trivet_status
trivet_store_open(const char *url, enum trivet_store_mode mode,
    struct trivet_store **out, struct trivet_error *err)
{
    const struct trivet_driver *driver = find_driver(url);
    struct trivet_store *store;
    enum trivet_status status;

    if (driver == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
            "%s: not a store URL; sqlite:PATH is one", url);
    }

    store = calloc(1, sizeof *store);
    if (store == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.open", "out of memory");
    }

    store->driver = driver;
    status =
        driver->open(url + strlen(driver->scheme), mode == TRIVET_STORE_MIGRATE,
            mode == TRIVET_STORE_AT_ONCE ? TRIVET_STORE_AT_ONCE_MS : 0,
            &store->connection, err);
    if (status == TRIVET_OK && mode == TRIVET_STORE_MIGRATE) {
        status = migrate(store, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_check(store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_close(store);
        return status;
    }

    /* Not before it is known to be a store: the name may be a wrong one. */
    store->notice = driver->confine(store->connection);

    *out = store;
    return TRIVET_OK;
}

void
trivet_store_close(struct trivet_store *store)
{
    if (store == NULL) {
        return;
    }

    store->driver->close(store->connection);
    trivet_digest_free(store->digest);
    free(store);
}

const char *
trivet_store_notice(struct trivet_store *store)
{
    return store->notice;
}

void
trivet_store_set_patience(struct trivet_store *store, unsigned max_wait_ms)
{
    if (store->connection != NULL) {
        store->driver->set_patience(store->connection, max_wait_ms);
    }
}

bool
trivet_store_is_current(struct trivet_store *store)
{
    return store->connection != NULL
           && store->driver->is_current(store->connection);
}

enum trivet_status
trivet_store_get_version(
    struct trivet_store *store, int64_t *out, struct trivet_error *err)
{
    if (store->connection == NULL) {
        return refuse_disconnected(err);
    }

    return store->driver->get_version(store->connection, out, err);
}
