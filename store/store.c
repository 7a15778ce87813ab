/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the handle: opening, migrating, and what the driver says of it */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/handle.h"
#include "store/statement.h"
#include "store/transaction.h"

static const struct trivet_driver *const drivers[] = {
    &trivet_sqlite_driver, &trivet_postgres_driver};

static const struct trivet_statement version_sql = {
    .name = "schema-version", .sql = "SELECT version FROM schema_version"};

/* The number of migrations that were applied; 0 for an empty database. */
static enum trivet_status
read_version(struct trivet_store *store, int64_t *out, struct trivet_error *err)
{
    return trivet_store_run_for_id(store, &version_sql, NULL, 0, out, err);
}

static enum trivet_status
apply_migrations(
    struct trivet_store *store, int64_t from, struct trivet_error *err)
{
    const struct trivet_driver *driver = store->driver;
    char version[64];

    for (size_t i = (size_t) from; i < driver->num_migrations; i++) {
        TRIVET_TRY(
            driver->run_script(store->connection, driver->migrations[i], err));
    }

    (void) snprintf(version, sizeof version,
        "UPDATE schema_version SET version = %zu", driver->num_migrations);

    return driver->run_script(store->connection, version, err);
}

static enum trivet_status
ensure_schema(struct trivet_store *store, struct trivet_error *err)
{
    int64_t version;

    TRIVET_TRY(store->driver->run_script(store->connection,
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL);"
        "INSERT INTO schema_version (version) SELECT 0"
        " WHERE NOT EXISTS (SELECT 1 FROM schema_version)",
        err));
    TRIVET_TRY(read_version(store, &version, err));

    return version < (int64_t) store->driver->num_migrations
               ? apply_migrations(store, version, err)
               : TRIVET_OK;
}

/* In one transaction, so that two that start at once do not both migrate, and
 * an interrupted one leaves nothing. */
static enum trivet_status
migrate(struct trivet_store *store, struct trivet_error *err)
{
    const struct trivet_statement *begin = store->driver->begin_schema;

    if (begin == NULL) {
        begin = store->driver->begin;
    }
    TRIVET_TRY(trivet_store_begin_with(store, begin, err));

    return trivet_store_leave(store, true, ensure_schema(store, err), err);
}

enum trivet_status
trivet_store_check(struct trivet_store *store, struct trivet_error *err)
{
    int num_migrations = (int) store->driver->num_migrations;
    int64_t version;

    TRIVET_TRY(read_version(store, &version, err));

    if (version != num_migrations) {
        const char *advice = version < num_migrations
                                 ? " (trivet store migrate brings it there)"
                                 : ": it is of a later one";

        return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
            "the store has schema version %d, this trivet needs %d%s",
            (int) version, num_migrations, advice);
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

static enum trivet_status
refuse_url(const char *url, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
        "%s: not a store URL; %s and %s are", url, drivers[0]->example,
        drivers[1]->example);
}

enum trivet_status
trivet_store_check_url(const char *url, struct trivet_error *err)
{
    const struct trivet_driver *driver = find_driver(url);

    if (driver == NULL) {
        return refuse_url(url, err);
    }

    return driver->check == NULL
               ? TRIVET_OK
               : driver->check(url + strlen(driver->scheme), err);
}

bool
trivet_store_is_shared(const char *url)
{
    const struct trivet_driver *driver = find_driver(url);

    return driver != NULL && driver->is_shared;
}

static enum trivet_status
connect(struct trivet_store *store, const char *location,
    enum trivet_store_mode mode, struct trivet_error *err)
{
    unsigned max_wait_ms =
        mode == TRIVET_STORE_AT_ONCE ? TRIVET_STORE_AT_ONCE_MS : 0;

    bool is_migrating =
        mode == TRIVET_STORE_UPGRADE
        || (mode == TRIVET_STORE_MIGRATE && !store->driver->is_shared);

    TRIVET_TRY(store->driver->open(
        location, is_migrating, max_wait_ms, &store->connection, err));
    if (is_migrating) {
        TRIVET_TRY(migrate(store, err));
    }

    return trivet_store_check(store, err);
}

enum trivet_status
trivet_store_open(const char *url, enum trivet_store_mode mode,
    struct trivet_store **out, struct trivet_error *err)
{
    const struct trivet_driver *driver = find_driver(url);
    struct trivet_store *store;
    enum trivet_status status;

    if (driver == NULL) {
        return refuse_url(url, err);
    }

    if (driver->is_shared && mode == TRIVET_STORE_AT_ONCE) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "a database over a network is never waited for by an event loop");
    }

    store = calloc(1, sizeof *store);
    if (store == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.open", "out of memory");
    }

    store->driver = driver;
    trivet_store_use_chain(store, TRIVET_CHAIN_MAIN);
    if (driver->is_shared) {
        trivet_store_use_chain(store, TRIVET_CHAIN_OPERATOR);
    }
    status = connect(store, url + strlen(driver->scheme), mode, err);
    if (status != TRIVET_OK) {
        trivet_store_close(store);
        return status;
    }

    /* Not before it is known to be a store: the name may be a wrong one. */
    if (driver->confine != NULL) {
        store->notice = driver->confine(store->connection);
    }

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
    if (store->driver->get_version == NULL) {
        *out = ++store->num_asked;
        return TRIVET_OK;
    }

    if (store->connection == NULL) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.version",
            "the connection was closed: a transaction could not be rolled "
            "back");
    }

    return store->driver->get_version(store->connection, out, err);
}
