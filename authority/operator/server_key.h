/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_key.h - what an operator does with the server's keys
 *
 * The store knows each key and where it is: a name that means something to the
 * caller alone (a file or a URI). Private keys are not in the store. Each verb
 * takes an open store, which no other thread uses meanwhile, and blocks (disk).
 * now_us: microseconds since 1970, the time that is written.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_SERVER_KEY_H
#define TRIVET_AUTHORITY_OPERATOR_SERVER_KEY_H

#include "store/noun/server_key.h"
#include "store/store.h"

/*
 * Loads the key at location (trivet_server_key_load) and writes into the store
 * that it is there, under name. Its row in *out, as it was before that.
 *
 * TRIVET_E_CONFLICT  the key is retired.
 * Others             as of trivet_server_key_load.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_locate_server_key(
    struct trivet_store *store, const char *location, const char *name,
    int64_t now_us, struct trivet_server_key_row *out,
    struct trivet_error *err);

/* The same, and makes it the key that new installations get. For the inside of
 * a transaction. */
TRIVET_MUST_USE enum trivet_status trivet_operator_adopt_server_key(
    struct trivet_store *store, const char *location, const char *name,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);

/* The current key; id 0: there is none yet. */
TRIVET_MUST_USE enum trivet_status trivet_operator_current_server_key(
    struct trivet_store *store, int64_t now_us,
    struct trivet_server_key_row *out, struct trivet_error *err);

/* Undoes a rotation from the key old (id 0: none) to the key id, in one
 * transaction. Cannot fail: what cannot be undone stays. */
void trivet_operator_undo_rotation(
    struct trivet_store *store, int64_t id, int64_t old_id, int64_t now_us);

/*
 * Whether a key may be retired: calls add, with data, for each installation
 * that would be refused then.
 *
 * TRIVET_E_NOT_FOUND  there is no such key.
 * TRIVET_E_CONFLICT   new installations get it.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_check_retirement(
    struct trivet_store *store, int64_t id, int64_t now_us,
    void (*add)(void *data, const struct trivet_server_key_use *row),
    void *data, struct trivet_error *err);

/* Stops the use of a key for ever; its installations are refused. Errors as
 * above. */
TRIVET_MUST_USE enum trivet_status trivet_operator_retire_server_key(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

#endif
