/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_keys.h - the server's keys of a data directory
 *
 * The store knows each key and where it is: a file of the data directory by
 * its name, another file by its path, hardware by a URI. Private keys are not
 * in the store.
 */
#ifndef TRIVET_CLI_SERVER_KEYS_H
#define TRIVET_CLI_SERVER_KEYS_H

#include "authority/authority.h"
#include "cli/data_dir.h"

/* Where the keys are that a gateway is configured with: a path or a URI each,
 * the one for new installations first. */
struct cli_server_keys {
    size_t num_keys;
    char locations[TRIVET_MAX_SERVER_KEYS][CLI_MAX_PATH];
};

/* The data directory, and whether its store is its own: then the store names
 * files relative to it, so that it can be moved. */
struct cli_server_keys_home {
    const char *dir; /* NULL: no data directory is known for the store */
    bool is_own_store;
};

/*
 * The data directory that goes with the store of these options: with --store
 * the one whose gateway was last started on that store, if it is the one that
 * --data, or its default, names. out->dir is dir, or NULL: an nginx with a
 * configuration of its own uses the store, or nobody. Nothing is made.
 */
TRIVET_MUST_USE enum trivet_status cli_server_keys_find_home(
    const struct cli_data_options *options, char dir[CLI_MAX_PATH],
    struct cli_server_keys_home *out, struct trivet_error *err);

/* A path (made absolute) or a URI as it was given by a user; a URI with a PIN
 * in it, or what nginx.conf cannot take, is refused. */
TRIVET_MUST_USE enum trivet_status cli_server_key_given(
    const char *text, char out[CLI_MAX_PATH], struct trivet_error *err);

/* Loads the key at location, tells the store of it when it is new, and makes
 * it the one that new installations are given. TRIVET_E_CONFLICT when it is
 * retired. Inside a transaction. */
TRIVET_MUST_USE enum trivet_status cli_server_key_adopt(
    const struct cli_server_keys_home *home, struct trivet_store *store,
    const char *location, int64_t *out_id, struct trivet_error *err);

/* Makes a key file. */
TRIVET_MUST_USE enum trivet_status cli_server_key_make(
    const char *path, struct trivet_error *err);

/* At the start of a gateway: given (NULL: none) becomes the key for new
 * installations; the very first key is made; each key is looked at. */
TRIVET_MUST_USE enum trivet_status cli_server_keys_prepare(
    const struct cli_server_keys_home *home, struct trivet_store *store,
    const char *given, struct trivet_error *err);

/* The keys that are not retired and whose place is known. */
TRIVET_MUST_USE enum trivet_status cli_server_keys_list(
    const struct cli_server_keys_home *home, struct trivet_store *store,
    struct cli_server_keys *out, struct trivet_error *err);

#endif
