/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.h - a whole copy of a store in one file; whether a database is sound
 *
 * Of databases that are a file. Those that are servers have tools of their own
 * for both. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_BACKUP_H
#define TRIVET_STORE_BACKUP_H

#include "store/store.h"

/*
 * Writes all of the store, as it is at one moment, into the file at path, which
 * is empty. Others may read and write the store meanwhile. What is written is a
 * store, and not durable yet: sync the file.
 *
 * TRIVET_E_USAGE  the database is none that is backed up so; err says by what.
 */
TRIVET_MUST_USE enum trivet_status trivet_store_backup(
    struct trivet_store *store, const char *path, struct trivet_error *err);

/* Called for each damage; text lives until it returns. */
typedef void (*trivet_damage_fn)(void *user, const char *text);

/* What the database itself finds wrong with its file (twenty damages at most):
 * all of it is read, beside writers. Of a server nothing is asked. */
TRIVET_MUST_USE enum trivet_status trivet_store_examine(
    struct trivet_store *store, trivet_damage_fn on_damage, void *user,
    struct trivet_error *err);

#endif
