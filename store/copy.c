/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c - all that a store has, put into another one */
#include "store/copy.h"

#include <stdio.h>
#include <string.h>

#include "store/handle.h"
#include "store/noun/tables.h"
#include "store/row.h"
#include "store/transaction.h"

/* ---- the target -------------------------------------------------------- */

static void
note_row(void *user, const struct trivet_value *columns)
{
    (void) columns;
    *(bool *) user = true;
}

static enum trivet_status
check_empty(struct trivet_store *target, struct trivet_error *err)
{
    for (size_t i = 0; i < TRIVET_NUM_TABLES; i++) {
        bool is_used = false;

        TRIVET_TRY(trivet_store_list(
            target, &trivet_tables[i].used, NULL, 0, note_row, &is_used, err));
        if (is_used) {
            return trivet_error_set(err, TRIVET_E_CONFLICT, "store.copy",
                "not empty: table %s was written to; a store is copied into "
                "one that nobody has used",
                trivet_tables[i].name);
        }
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_store_begin_copy(struct trivet_store *target, struct trivet_error *err)
{
    if (target->driver->bulk == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.copy",
            "a store cannot be copied into %s", target->driver->example);
    }

    TRIVET_TRY(
        trivet_store_begin_with(target, target->driver->bulk->begin, err));

    return check_empty(target, err);
}

/* ---- what a table has --------------------------------------------------- */

/* Each value is its kind, then a number or a length and so many bytes: no two
 * tables that differ are added as the same bytes. */
static void
add_value(struct trivet_digest *digest, const struct trivet_value *value)
{
    uint64_t number = value->kind == TRIVET_VALUE_INTEGER
                          ? (uint64_t) value->integer
                          : (uint64_t) value->bytes.len;
    unsigned char bytes[9] = {(unsigned char) value->kind};

    for (size_t i = 0; i < 8; i++) {
        bytes[1 + i] = (unsigned char) (number >> (56 - 8 * i));
    }

    trivet_digest_add(digest, trivet_slice_make(bytes, sizeof bytes));
    if (value->kind == TRIVET_VALUE_TEXT || value->kind == TRIVET_VALUE_BLOB) {
        trivet_digest_add(digest, value->bytes);
    }
}

/* A table that is read, and where its rows go. */
struct reading {
    const struct trivet_table *table;
    struct trivet_digest *digest;
    int64_t num_rows;

    struct trivet_store *target; /* NULL: they are only looked at */
    enum trivet_status status;   /* of the target; then no more rows go */
    struct trivet_error *err;
};

static enum trivet_status
put_row(struct reading *reading, const struct trivet_value *columns)
{
    struct trivet_store *target = reading->target;

    switch (reading->table->kind) {
    case TRIVET_TABLE_OF_ROWS:
        return target->driver->bulk->add(
            target->connection, columns, reading->err);
    case TRIVET_TABLE_OF_ONE:
        return trivet_store_run(target, &reading->table->set, columns,
            reading->table->num_columns, NULL, NULL, reading->err);
    case TRIVET_TABLE_MADE:
        break;
    }

    return TRIVET_OK;
}

static void
take_row(void *opaque, const struct trivet_value *columns)
{
    struct reading *reading = opaque;

    reading->num_rows++;
    for (size_t i = 0; i < reading->table->num_columns; i++) {
        add_value(reading->digest, &columns[i]);
    }
    if (reading->target != NULL && reading->status == TRIVET_OK) {
        reading->status = put_row(reading, columns);
    }
}

static enum trivet_status
read_table(struct trivet_store *store, struct reading *reading,
    struct trivet_copy_side *out, struct trivet_error *err)
{
    trivet_digest_start(reading->digest);
    TRIVET_TRY(trivet_store_list(
        store, &reading->table->read, NULL, 0, take_row, reading, err));

    out->num_rows = reading->num_rows;
    if (trivet_digest_finish(reading->digest, out->digest) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "store.copy", "a digest could not be made");
    }

    return reading->status;
}

/* ---- copying ------------------------------------------------------------ */

static enum trivet_status
copy_table(struct trivet_store *source, struct reading *reading,
    struct trivet_copy_side *out, struct trivet_error *err)
{
    const struct trivet_table *table = reading->table;
    const struct trivet_bulk *bulk = reading->target->driver->bulk;
    void *connection = reading->target->connection;
    bool is_bulk = table->kind == TRIVET_TABLE_OF_ROWS;

    if (is_bulk) {
        TRIVET_TRY(bulk->start(connection, table->name, table->columns, err));
    }
    TRIVET_TRY(read_table(source, reading, out, err));

    return is_bulk ? bulk->end(connection, err) : TRIVET_OK;
}

/* Behind the highest id: that of a row that was pruned is not given again. In
 * the transaction, unlike setval. */
static enum trivet_status
restart_ids(const struct trivet_table *table, struct trivet_store *source,
    struct trivet_store *target, struct trivet_error *err)
{
    char sql[128];
    int64_t highest;

    if (table->highest.sql == NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_store_run_for_id(
        source, &table->highest, NULL, 0, &highest, err));
    (void) snprintf(sql, sizeof sql,
        "ALTER TABLE %s ALTER COLUMN id RESTART WITH %lld", table->name,
        (long long) highest + 1);

    return target->driver->run_script(target->connection, sql, err);
}

/* The failure, with the table's name in front. */
static enum trivet_status
fail_table(
    const char *name, enum trivet_status status, struct trivet_error *err)
{
    struct trivet_error why = {.status = status};

    if (err != NULL) {
        why = *err;
    }

    return trivet_error_set(
        err, status, "store.copy", "table %s: %s", name, why.detail);
}

static enum trivet_status
copy_all(struct trivet_store *source, struct trivet_store *target,
    struct trivet_digest *digest, struct trivet_copied *copied,
    struct trivet_error *err)
{
    for (size_t i = 0; i < TRIVET_NUM_TABLES; i++) {
        struct reading reading = {.table = &trivet_tables[i],
            .digest = digest,
            .target = target,
            .err = err};
        enum trivet_status status =
            copy_table(source, &reading, &copied[i].source, err);

        if (status == TRIVET_OK) {
            status = restart_ids(&trivet_tables[i], source, target, err);
        }
        if (status != TRIVET_OK) {
            return fail_table(trivet_tables[i].name, status, err);
        }
    }

    return TRIVET_OK;
}

/* ---- comparing ---------------------------------------------------------- */

static bool
is_same(const struct trivet_copied *copied)
{
    return copied->source.num_rows == copied->target.num_rows
           && memcmp(copied->source.digest, copied->target.digest,
                  sizeof copied->source.digest)
                  == 0;
}

/* What the target holds when all has been put in: not what was sent to it. */
static enum trivet_status
compare_all(struct trivet_store *target, struct trivet_digest *digest,
    struct trivet_copied *copied, trivet_copied_fn on_copied, void *user,
    struct trivet_error *err)
{
    const char *differs = NULL;

    for (size_t i = 0; i < TRIVET_NUM_TABLES; i++) {
        const struct trivet_table *table = &trivet_tables[i];
        struct reading reading = {.table = table, .digest = digest};

        TRIVET_TRY(read_table(target, &reading, &copied[i].target, err));
        copied[i].table = table->name;
        copied[i].is_made = table->kind == TRIVET_TABLE_MADE;
        copied[i].is_same = is_same(&copied[i]);
        if (!copied[i].is_same && differs == NULL) {
            differs = table->name;
        }
        on_copied(user, &copied[i]);
    }

    return differs == NULL
               ? TRIVET_OK
               : trivet_error_set(err, TRIVET_E_UNTRUSTED, "store.copy",
                   "table %s is not the same in both", differs);
}

enum trivet_status
trivet_store_copy(struct trivet_store *source, struct trivet_store *target,
    trivet_copied_fn on_copied, void *user, struct trivet_error *err)
{
    struct trivet_copied copied[TRIVET_NUM_TABLES] = {0};
    struct trivet_digest *digest;
    enum trivet_status status;

    digest = trivet_digest_new();
    if (digest == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.copy", "out of memory");
    }

    status = copy_all(source, target, digest, copied, err);
    if (status == TRIVET_OK) {
        status = compare_all(target, digest, copied, on_copied, user, err);
    }
    trivet_digest_free(digest);

    return status;
}
