/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_key.h - the API keys of users
 *
 * A key expires unless it is bound to a device; bound, it is valid until it is
 * revoked. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_API_KEY_H
#define TRIVET_STORE_NOUN_API_KEY_H

#include "core/api_key.h"
#include "core/limits.h"
#include "core/page.h"
#include "crypto/digest.h"
#include "store/store.h"

struct trivet_new_api_key {
    int64_t user_id;
    const unsigned char *digest; /* TRIVET_DIGEST_LEN bytes */
    const char *label;
    int64_t expires_us;
};

struct trivet_api_key {
    int64_t id;
    int64_t created_us;
    int64_t updated_us;
    int64_t user_id;
    char label[TRIVET_MAX_NAME];
    int64_t expires_us; /* counts until it is bound */
    int64_t bound_us;   /* 0: not yet */
    int64_t revoked_us; /* 0: not     */
    bool is_bound;
    bool is_revoked;
    bool allows_all_ips;

    bool is_address_permitted;       /* of trivet_store_api_key_find alone */
    char user_name[TRIVET_MAX_NAME]; /* of ..._list and ..._search alone */
    int64_t last_use_us; /* of the same: a session of it was opened or
                            extended; 0: never */

    /* id 0: none. Of ..._find the newest of the installation with the key (its
     * id alone), of ..._asked the newest with the key, of pages the first. */
    struct trivet_device device;
};

/* Each is called once a row; the row lives until it returns. */
typedef void (*trivet_api_key_fn)(void *user, const struct trivet_api_key *row);
typedef void (*trivet_api_key_view_fn)(
    void *user, const struct trivet_api_key_view *credential);

/* TRIVET_E_CONFLICT when the very same key exists. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_put(
    struct trivet_store *store, const struct trivet_new_api_key *made,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_find(
    struct trivet_store *store, const unsigned char digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, int64_t installation_id,
    struct trivet_api_key *out, struct trivet_error *err);
/* All, in the order of ids. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_list(
    struct trivet_store *store, trivet_api_key_fn on_row, void *user,
    struct trivet_error *err);
/* By label, the user's name or the key's id, of a user (store/search.h). */
struct trivet_search;
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_search(
    struct trivet_store *store, const struct trivet_search *search,
    trivet_api_key_fn on_row, void *user, struct trivet_error *err);
/* The user's, newest first, as the wire shows them. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_page(
    struct trivet_store *store, int64_t user_id, const struct trivet_page *page,
    trivet_api_key_view_fn on_row, void *user, struct trivet_page_seen *seen,
    struct trivet_error *err);

/* Notes which installation asked for the key. A part of making the key: the
 * audit log has one row for the whole. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_asked_by(
    struct trivet_store *store, int64_t id, int64_t installation_id,
    struct trivet_error *err);
/* A key that the installation asked for. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_asked(
    struct trivet_store *store, int64_t id, int64_t installation_id,
    struct trivet_api_key *out, struct trivet_error *err);

/* Whether a session is the first with the key; asked once for each session, as
 * a part of opening it. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_open_first(
    struct trivet_store *store, int64_t id, int64_t now_us, bool *out_is_first,
    struct trivet_error *err);

/* From now on valid until revoked. allow_all_ips: from every address. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_bind(
    struct trivet_store *store, int64_t id, bool allow_all_ips, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_revoke(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_allow_all_ips(
    struct trivet_store *store, int64_t id, bool allow, int64_t now_us,
    struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status trivet_store_api_key_set_label(
    struct trivet_store *store, int64_t id, const char *label, int64_t now_us,
    struct trivet_error *err);

/* Keys that are not bound and were made after now_us: the time until they
 * expire counts from now_us. A part of accepting an earlier time. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_set_back(
    struct trivet_store *store, int64_t now_us, struct trivet_error *err);

#endif
