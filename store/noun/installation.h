/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installation.h - installations: a client's public key, and its token
 *
 * Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_INSTALLATION_H
#define TRIVET_STORE_NOUN_INSTALLATION_H

#include "core/address.h"
#include "core/limits.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "store/store.h"

struct trivet_new_installation {
    const struct trivet_public_key *key;
    struct trivet_address address;
    int64_t server_key_id;
    /* TRIVET_DIGEST_LEN bytes each; the second of what a payment service
     * provider with this installation signs (struct trivet_signed_text). */
    const unsigned char *token_digest;
    const unsigned char *signed_digest;
};

struct trivet_installation {
    int64_t id;
    int64_t server_key_id;
    struct trivet_public_key key;
    bool is_server_key_retired;
    bool is_ip_permitted; /* address is the one that it was made from, or
                        permitted to the API key of one of its devices */
};

/*
 * What a payment service provider signs: the public key as the installation
 * sent it, trimmed, a newline, the installation's token. The digest of that is
 * kept; of installations that an earlier version made, the key's text is.
 */
struct trivet_signed_text {
    bool has_digest;
    unsigned char digest[TRIVET_DIGEST_LEN];
    char key_text[TRIVET_MAX_PUBLIC_KEY_TEXT + 1]; /* when there is no digest */
};

/* Called once a row; the key lives until it returns. */
typedef void (*trivet_public_key_fn)(
    void *user, const struct trivet_public_key *key);

TRIVET_MUST_USE enum trivet_status trivet_store_installation_put(
    struct trivet_store *store, const struct trivet_new_installation *made,
    int64_t now_us, int64_t *out_id, int64_t *out_token_id,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_installation_find(
    struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_installation *out,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_installation_signed(
    struct trivet_store *store, int64_t id, struct trivet_signed_text *out,
    struct trivet_error *err);

/* The keys of the newest installations but this one, newest first; num at
 * most. */
TRIVET_MUST_USE enum trivet_status trivet_store_newest_keys(
    struct trivet_store *store, int64_t but_id, int64_t num,
    trivet_public_key_fn on_row, void *user, struct trivet_error *err);

/* A device registers with it: from now on it is not pruned. A part of
 * registering. TRIVET_E_NOT_FOUND: it was pruned meanwhile. */
TRIVET_MUST_USE enum trivet_status trivet_store_installation_register(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

/* The newest; 0: there is none. */
TRIVET_MUST_USE enum trivet_status trivet_store_installation_last_id(
    struct trivet_store *store, int64_t *out, struct trivet_error *err);

#endif
