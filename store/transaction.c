/* SPDX-License-Identifier: Apache-2.0 */
/* transaction.c - transactions, parts of them, and savepoints */
#include "store/transaction.h"

#include "store/handle.h"
#include "store/statement.h"

static const struct trivet_statement commit_sql = {
    .name = "commit", .sql = "COMMIT"};
static const struct trivet_statement rollback_sql = {
    .name = "rollback", .sql = "ROLLBACK"};
static const struct trivet_statement mark_sql = {
    .name = "mark", .sql = "SAVEPOINT member"};
/* Whoever holds rows for others as well does not wait long for another row: so
 * those who hold much never wait for each other. */
static const struct trivet_statement mark_behind_sql = {.name = "mark-behind",
    .sql = "SAVEPOINT member",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "SAVEPOINT member; SET LOCAL lock_timeout = 20"}};
static const struct trivet_statement keep_sql = {
    .name = "keep", .sql = "RELEASE SAVEPOINT member"};
static const struct trivet_statement undo_sql = {
    .name = "take-back", .sql = "ROLLBACK TO SAVEPOINT member"};

static enum trivet_status
run(struct trivet_store *store, const struct trivet_statement *statement,
    struct trivet_error *err)
{
    return trivet_store_run(store, statement, NULL, 0, NULL, NULL, err);
}

/* ---- the whole --------------------------------------------------------- */

enum trivet_status
trivet_store_begin_with(struct trivet_store *store,
    const struct trivet_statement *begin, struct trivet_error *err)
{
    TRIVET_TRY(run(store, begin, err));

    store->is_in_transaction = true;
    return TRIVET_OK;
}

/* Where several write at once, the end of the chain is taken before any other
 * row. */
enum trivet_status
trivet_store_begin(struct trivet_store *store, struct trivet_error *err)
{
    enum trivet_status status;

    TRIVET_TRY(trivet_store_begin_with(store, store->driver->begin, err));

    status =
        store->driver->is_shared ? trivet_chain_take(store, err) : TRIVET_OK;
    if (status == TRIVET_OK) {
        return TRIVET_OK;
    }

    trivet_store_rollback(store);
    if (status == TRIVET_E_AGAIN) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.begin",
            "others have held the audit chain %s for too long", store->chain);
    }

    return status;
}

static void
forget_work(struct trivet_store *store)
{
    store->is_in_transaction = false;
    store->end.is_taken = false;
    store->end.is_changed = false;
    store->held_key_id = 0;
    store->before_commit = NULL;
}

enum trivet_status
trivet_store_commit(struct trivet_store *store, struct trivet_error *err)
{
    if (store->before_commit != NULL) {
        TRIVET_TRY(store->before_commit(store, err));
    }
    TRIVET_TRY(run(store, &commit_sql, err));

    forget_work(store);
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
    enum trivet_status status = run(store, &rollback_sql, NULL);

    /* A rollback fails when the database has rolled back already: that is well.
     * And when memory or the disk fails: then the transaction would stay open,
     * with the write lock, so the connection has to end. */
    if (status != TRIVET_OK && store->connection != NULL
        && store->driver->is_in_transaction(store->connection))
    {
        disconnect(store);
    }

    forget_work(store);
}

/* ---- a part of it, or one of its own ----------------------------------- */

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

/* ---- a part that can be taken back ------------------------------------- */

enum trivet_status
trivet_store_mark(
    struct trivet_store *store, bool is_first, struct trivet_error *err)
{
    store->marked = store->end;
    store->held_key_id = 0;

    return run(store, is_first ? &mark_sql : &mark_behind_sql, err);
}

enum trivet_status
trivet_store_keep(struct trivet_store *store, struct trivet_error *err)
{
    return run(store, &keep_sql, err);
}

enum trivet_status
trivet_store_undo(struct trivet_store *store, struct trivet_error *err)
{
    TRIVET_TRY(run(store, &undo_sql, err));
    store->end = store->marked;
    store->held_key_id = 0;

    return run(store, &keep_sql, err);
}
