/* SPDX-License-Identifier: Apache-2.0 */
/* backup.c - a whole copy of a store in one file; whether a database is sound
 */
#include "store/backup.h"

#include <stdio.h>
#include <string.h>

#include "store/handle.h"
#include "store/statement.h"
#include "store/value.h"

/* Reads by one transaction, for which no writer waits, and writes the tables
 * anew, without free pages. */
static const struct trivet_statement backup_sql = {.name = "store.backup",
    .sql_of = {[TRIVET_DIALECT_SQLITE] = "VACUUM INTO $1"}};

static const struct trivet_statement examine_sql = {.name = "store.examine",
    .sql_of = {[TRIVET_DIALECT_SQLITE] = "PRAGMA integrity_check(20)"}};

static bool
has_form(
    const struct trivet_store *store, const struct trivet_statement *statement)
{
    return trivet_statement_sql(statement, store->driver->dialect) != NULL;
}

enum trivet_status
trivet_store_backup(
    struct trivet_store *store, const char *path, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_cstring(path)};

    if (!has_form(store, &backup_sql)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.backup",
            "a store in PostgreSQL is backed up and restored by PostgreSQL's "
            "own tools: pg_dump and pg_restore, or pg_basebackup with archived "
            "WAL");
    }

    return RUN(store, &backup_sql, params, NULL, NULL, err);
}

struct examining {
    trivet_damage_fn on_damage;
    void *user;
};

static void
take_line(void *opaque, const struct trivet_value *columns)
{
    const struct examining *examining = opaque;
    const struct trivet_slice line = columns[0].bytes;
    char text[256];

    if (trivet_slice_is(line, "ok")) {
        return;
    }

    (void) snprintf(
        text, sizeof text, "%.*s", (int) line.len, (const char *) line.data);
    examining->on_damage(examining->user, text);
}

enum trivet_status
trivet_store_examine(struct trivet_store *store, trivet_damage_fn on_damage,
    void *user, struct trivet_error *err)
{
    struct examining examining = {.on_damage = on_damage, .user = user};

    return has_form(store, &examine_sql) ? trivet_store_run(
               store, &examine_sql, NULL, 0, take_line, &examining, err)
                                         : TRIVET_OK;
}
