/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - the nouns of the store, all of them, for the operator
 *
 * Each list calls on_row once a row, in the order of ids; the row lives until
 * it returns. Blocks. An empty list is not a failure.
 */
#ifndef TRIVET_STORE_LISTING_H
#define TRIVET_STORE_LISTING_H

#include "store/store.h"

struct trivet_api_key_row {
    int64_t id;
    int64_t created_us;
    int64_t user_id;
    char user_name[TRIVET_MAX_NAME];
    char label[TRIVET_MAX_NAME];
    int64_t expires_us; /* counts until it is bound */
    int64_t bound_us;   /* 0: not yet               */
    int64_t revoked_us; /* 0: not                   */
    bool allows_all_ips;
};

struct trivet_device_row {
    int64_t id;
    int64_t created_us;
    int64_t installation_id;
    int64_t api_key_id;
    int64_t user_id;
    char description[TRIVET_MAX_DESCRIPTION + 1];
    struct trivet_address address;
};

struct trivet_session_row {
    int64_t id;
    int64_t created_us;
    struct trivet_expiry expiry;
    int64_t ended_us; /* 0: not */
    int64_t device_id;
    int64_t api_key_id;
    int64_t user_id;
    char user_name[TRIVET_MAX_NAME];
    bool is_key_revoked;
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
    int64_t num_sessions; /* of the device, that may be used */
};

typedef void (*trivet_server_key_fn)(
    void *user, const struct trivet_server_key_row *row);
typedef void (*trivet_server_key_use_fn)(
    void *user, const struct trivet_server_key_use *row);
typedef void (*trivet_user_fn)(void *user, const struct trivet_user *row);
typedef void (*trivet_api_key_fn)(
    void *user, const struct trivet_api_key_row *row);
typedef void (*trivet_device_fn)(
    void *user, const struct trivet_device_row *row);
typedef void (*trivet_session_fn)(
    void *user, const struct trivet_session_row *row);
typedef void (*trivet_public_key_fn)(
    void *user, const struct trivet_public_key *key);
typedef void (*trivet_address_fn)(
    void *user, const struct trivet_address *address);

TRIVET_MUST_USE enum trivet_status trivet_store_server_key_list(
    struct trivet_store *store, int64_t now_us, trivet_server_key_fn on_row,
    void *user, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_use_list(
    struct trivet_store *store, int64_t id, int64_t now_us,
    trivet_server_key_use_fn on_row, void *user, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_user_list(
    struct trivet_store *store, trivet_user_fn on_row, void *user,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_list(
    struct trivet_store *store, trivet_api_key_fn on_row, void *user,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_list(
    struct trivet_store *store, int64_t api_key_id, trivet_address_fn on_row,
    void *user, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_device_list(
    struct trivet_store *store, trivet_device_fn on_row, void *user,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_session_list(
    struct trivet_store *store, trivet_session_fn on_row, void *user,
    struct trivet_error *err);

/* The keys of the newest installations but this one, newest first; num at
 * most. */
TRIVET_MUST_USE enum trivet_status trivet_store_newest_keys(
    struct trivet_store *store, int64_t but_id, int64_t num,
    trivet_public_key_fn on_row, void *user, struct trivet_error *err);

#endif
