/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_key.h - the gateway's RSA keys: which there are, and which is current
 *
 * The store has their public halves. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_SERVER_KEY_H
#define TRIVET_STORE_NOUN_SERVER_KEY_H

#include "core/address.h"
#include "core/limits.h"
#include "crypto/key.h"
#include "store/store.h"

struct trivet_server_key_row {
    int64_t id;
    int64_t created_us;
    int64_t retired_us;                 /* 0: not */
    bool is_current;                    /* given to new installations */
    char location[TRIVET_MAX_LOCATION]; /* path or URI; empty: not known here */

    /* of trivet_store_server_key_list alone, else 0 */
    int64_t num_installations;
    int64_t num_alive; /* of these with a session that is valid */
};

/* A device of an installation that was given a server key. */
struct trivet_server_key_use {
    int64_t installation_id;
    int64_t installed_us;
    struct trivet_address address; /* that the installation was made from */
    int64_t device_id;             /* 0: it has none, and no user */
    char description[TRIVET_MAX_DESCRIPTION + 1];
    int64_t user_id;
    char user_name[TRIVET_MAX_NAME];
    int64_t num_sessions; /* of the device, that are valid */
};

/* Each is called once a row; the row lives until it returns. */
typedef void (*trivet_server_key_fn)(
    void *user, const struct trivet_server_key_row *row);
typedef void (*trivet_server_key_use_fn)(
    void *user, const struct trivet_server_key_use *row);

/* The id of the key. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_find(
    struct trivet_store *store, const struct trivet_public_key *key,
    int64_t *out_id, struct trivet_error *err);
/* The same, and it is added when it is new. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_ensure(
    struct trivet_store *store, const struct trivet_public_key *key,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status trivet_store_server_key_get(
    struct trivet_store *store, int64_t id, struct trivet_server_key_row *out,
    struct trivet_error *err);

/* All, in the order of ids. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_list(
    struct trivet_store *store, int64_t now_us, trivet_server_key_fn on_row,
    void *user, struct trivet_error *err);
/* Every device of every installation that was given the key; one row for an
 * installation without a device. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_use_list(
    struct trivet_store *store, int64_t id, int64_t now_us,
    trivet_server_key_use_fn on_row, void *user, struct trivet_error *err);

/* Notes where the key is found; no other key is found there any more. Several
 * statements, as the next: call it inside a transaction. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_locate(
    struct trivet_store *store, int64_t id, const char *location,
    int64_t now_us, struct trivet_error *err);
/* New installations are given this key. TRIVET_E_NOT_FOUND when there is no
 * such key, or it is retired. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_make_current(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);
/* TRIVET_E_NOT_FOUND when there is no such key, or it is the current one. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_retire(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);
/* Removes a key that no installation was given; any other stays. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_drop(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

#endif
