/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instance.h - what an authority has: a connection to the store, signers,
 * caches
 *
 * For the files of authority/ alone. One thread uses it at a time.
 */
#ifndef TRIVET_AUTHORITY_INSTANCE_H
#define TRIVET_AUTHORITY_INSTANCE_H

#include "authority/authority.h"
#include "crypto/encryption.h"
#include "store/noun/clock.h"
#include "store/noun/session.h"
#include "store/store.h"

/* How many sessions a worker's event loop has at hand, some 1.3 KB each. */
enum { TRIVET_NUM_CACHED_SESSIONS = 256 };

/* A session as it was found, for trivet_authority_admit. */
struct trivet_cached_session {
    bool is_filled;
    unsigned char digest[TRIVET_DIGEST_LEN]; /* of its token */
    struct trivet_address address;           /* that it was used from */
    int64_t version;                         /* of the store, then */
    struct trivet_session session;
};

struct trivet_authority {
    const struct trivet_authority_config *config;
    struct trivet_store *store; /* NULL while it cannot be reached */
    int64_t server_key_ids[TRIVET_MAX_SERVER_KEYS]; /* in the store */
    struct trivet_signer *signers[TRIVET_NUM_KEY_PLACES];
    struct trivet_decrypter *decrypters[TRIVET_NUM_KEY_PLACES];
    struct trivet_verifier_cache *verifiers;
    struct trivet_digest *digest; /* for what each request needs */

    struct trivet_seen *seen;         /* the configuration's, or own_seen    */
    struct trivet_seen own_seen;      /* initialised when seen points to it  */
    struct trivet_store_clock stored; /* as it was read for this request     */
    int64_t clock_us;    /* the later of two, for this request            */
    int64_t offset_us;   /* of the sandbox's own clock, then              */
    int64_t distance_us; /* of the database's clock from the machine's  */

    uint64_t store_tag; /* of config->session_cache */

    /* of trivet_authority_admit alone */
    int64_t looked_us; /* at the store's name                     */
    int64_t version;   /* of the store, as this request found it  */
    bool has_stored;   /* stored is of stored_version             */
    int64_t stored_version;
    struct trivet_cached_session
        *cached_sessions; /* TRIVET_NUM_CACHED_SESSIONS, or NULL */
};

static inline const char *
trivet_authority_chain(const struct trivet_authority_config *config)
{
    return config->chain == NULL ? TRIVET_CHAIN_MAIN : config->chain;
}

/* How many of config->server_keys there are, with that of an incident. */
static inline size_t
trivet_num_key_places(const struct trivet_authority_config *config)
{
    return config->num_server_keys + (config->is_server_key_rotated != NULL);
}

#endif
