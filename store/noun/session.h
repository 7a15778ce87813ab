/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - sessions: what a session token stands for
 *
 * A session is valid until its anchor plus its auto-logout time, unless it was
 * ended or its API key was revoked. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_SESSION_H
#define TRIVET_STORE_NOUN_SESSION_H

#include "core/address.h"
#include "core/expiry.h"
#include "core/limits.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "store/store.h"

/* No more sessions than that are counted, so that the cost has a maximum. */
enum { TRIVET_MAX_COUNTED_SESSIONS = 100000 };

struct trivet_session {
    int64_t id;
    int64_t created_us;
    int64_t ended_us; /* 0: not */
    struct trivet_expiry expiry;
    int64_t device_id;
    int64_t api_key_id;
    int64_t user_id;
    bool is_ended;
    bool is_key_revoked;

    /* of trivet_store_session_find alone */
    int64_t installation_id;
    int64_t server_key_id;
    struct trivet_public_key key; /* of the client */
    bool is_address_permitted;
    bool is_server_key_retired;
};

struct trivet_session_row {
    struct trivet_session session;
    char user_name[TRIVET_MAX_NAME];
};

/* Called once a row; the row lives until it returns. */
typedef void (*trivet_session_fn)(
    void *user, const struct trivet_session_row *row);

TRIVET_MUST_USE enum trivet_status trivet_store_session_put(
    struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN], int64_t device_id,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);
/* A session with an auto-logout time of its own. A part of opening it: the
 * audit log has one row for the whole. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_set_timeout(
    struct trivet_store *store, int64_t id, int64_t timeout_s,
    struct trivet_error *err);

/* What a token stands for, by all the tables that say something of it
 * (store/noun/admission.h is quicker). */
TRIVET_MUST_USE enum trivet_status trivet_store_session_find(
    struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_session *out,
    struct trivet_error *err);
/* All, in the order of ids. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_list(
    struct trivet_store *store, trivet_session_fn on_row, void *user,
    struct trivet_error *err);

/* By the user's name or the session's id, of a user, of an API key, those that
 * are valid (store/search.h). */
struct trivet_search;
TRIVET_MUST_USE enum trivet_status trivet_store_session_search(
    struct trivet_store *store, const struct trivet_search *search,
    trivet_session_fn on_row, void *user, struct trivet_error *err);

/* Whether a session of the installation is valid. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_is_alive(
    struct trivet_store *store, int64_t installation_id, int64_t now_us,
    bool *out, struct trivet_error *err);
/* How many sessions are valid: of those that were opened or extended last,
 * TRIVET_MAX_COUNTED_SESSIONS at most. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_count_alive(
    struct trivet_store *store, int64_t now_us, int64_t *out,
    struct trivet_error *err);

/* Moves the anchor forward; never back, and not of an ended session. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_extend(
    struct trivet_store *store, int64_t id, int64_t anchored_us, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_session_end(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

/* Ends all sessions of a user that were not ended yet; *out_num: how many, also
 * expired ones. The audit log has one row for it. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_end_of_user(
    struct trivet_store *store, int64_t user_id, int64_t now_us,
    int64_t *out_num, struct trivet_error *err);

/* Ends the user's sessions that have expired, by the auto-logout time as it is.
 * A part of changing that. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_end_expired(
    struct trivet_store *store, int64_t user_id, int64_t now_us,
    struct trivet_error *err);
/* Moves anchors that are later than now_us back to it. A part of accepting an
 * earlier time. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_set_back(
    struct trivet_store *store, int64_t now_us, struct trivet_error *err);

#endif
