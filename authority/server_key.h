/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_key.h - a key pair of the server
 *
 * Loading blocks. A loaded key does not change, and threads may share it.
 */
#ifndef TRIVET_AUTHORITY_SERVER_KEY_H
#define TRIVET_AUTHORITY_SERVER_KEY_H

#include "crypto/key.h"
#include "crypto/signature.h"
#include "crypto/verify_cache.h"

/* There is a place more than keys: for that of the incident
 * server-key-rotates. */
enum {
    TRIVET_MAX_SERVER_KEYS = 16,
    TRIVET_NUM_KEY_PLACES = TRIVET_MAX_SERVER_KEYS + 1,
    TRIVET_MAX_PEM = 4096
};

/* A key pair of the server. Immutable after loading; shared by threads. */
struct trivet_server_key {
    struct trivet_private_key *key; /* NULL: not to be had, nothing signed */
    struct trivet_public_key public_key;
    char public_pem[TRIVET_MAX_PEM];
    uint64_t tag; /* of its signatures: trivet_signature_tag */
};

/* Loads the key of a file or a URI (trivet_private_key_open). Blocks. */
TRIVET_MUST_USE enum trivet_status trivet_server_key_load(const char *location,
    struct trivet_server_key *out, struct trivet_error *err);
/* For a key whose public half was loaded in another process: loads the private
 * one. TRIVET_E_CONFLICT when it is another's. */
TRIVET_MUST_USE enum trivet_status trivet_server_key_load_again(
    const char *location, struct trivet_server_key *key,
    struct trivet_error *err);
void trivet_server_key_release(struct trivet_server_key *key);

#endif
