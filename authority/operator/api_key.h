/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_key.h - what an operator does with API keys
 *
 * Each verb takes an open store, which no other thread uses meanwhile, and
 * blocks (disk). A change and its row in the audit log are one transaction.
 * now_us: microseconds since 1970, the time that is written.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_API_KEY_H
#define TRIVET_AUTHORITY_OPERATOR_API_KEY_H

#include "base/secret.h"
#include "core/address.h"
#include "core/user.h"
#include "store/store.h"

struct trivet_api_key_wish {
    const char *user;  /* a name or an id (trivet_operator_find_user) */
    const char *label; /* may be empty                                */
    const struct trivet_secret *secret; /* the key itself             */
    int64_t lifetime_s; /* until it is bound; seconds                 */
};

struct trivet_made_api_key {
    int64_t id;
    struct trivet_user user;
};

/* Is given the key before it is there for others. Anything but TRIVET_OK: no
 * key is made. */
typedef enum trivet_status (*trivet_api_key_show_fn)(void *data,
    const struct trivet_made_api_key *made, struct trivet_error *err);

/* Whether a label is one that a key may have; if not, TRIVET_E_USAGE. */
TRIVET_MUST_USE enum trivet_status trivet_operator_check_label(
    const char *label, struct trivet_error *err);

/*
 * Makes an API key, and its user when there is none of that name. The secret is
 * kept as a digest alone, so it must be shown now: show (NULL: nothing) runs
 * inside the transaction, just before its commit, so that a secret that nobody
 * saw opens nothing, also after kill -9. *out_is_lost: the secret was shown,
 * but the commit failed; it opens nothing.
 *
 * TRIVET_E_CONFLICT   that key exists already.
 * TRIVET_E_NOT_FOUND, TRIVET_E_USAGE  as of trivet_operator_find_user, and for
 *                     a label (trivet_operator_check_label).
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_make_api_key(
    struct trivet_store *store, const struct trivet_api_key_wish *wish,
    int64_t now_us, trivet_api_key_show_fn show, void *data,
    struct trivet_made_api_key *out, bool *out_is_lost,
    struct trivet_error *err);

/* Makes a key invalid for ever; its sessions end. TRIVET_E_NOT_FOUND: there is
 * no such key. */
TRIVET_MUST_USE enum trivet_status trivet_operator_revoke_api_key(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

/* Permits all addresses, or again those of its own alone. TRIVET_E_NOT_FOUND:
 * there is no such key. */
TRIVET_MUST_USE enum trivet_status trivet_operator_allow_all_ips(
    struct trivet_store *store, int64_t id, bool is_on, int64_t now_us,
    struct trivet_error *err);

/* Gives a key another label. TRIVET_E_NOT_FOUND: there is no such key.
 * TRIVET_E_USAGE: of a label. */
TRIVET_MUST_USE enum trivet_status trivet_operator_label_api_key(
    struct trivet_store *store, int64_t id, const char *label, int64_t now_us,
    struct trivet_error *err);

/* Permits an address to a key, or disables it: a part of the open transaction,
 * which the caller rolls back on failure. TRIVET_E_NOT_FOUND: there is no such
 * key. TRIVET_E_LIMIT: it has TRIVET_MAX_PERMITTED_IPS already. */
TRIVET_MUST_USE enum trivet_status trivet_operator_set_ip(
    struct trivet_store *store, int64_t id,
    const struct trivet_address *address, bool is_active, int64_t now_us,
    struct trivet_error *err);

#endif
