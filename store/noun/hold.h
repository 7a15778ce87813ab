/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.h - what a change is decided by stays as it is until its commit
 *
 * Where several write at once, a change that looks first and then writes must
 * hold a row that all such changes hold:
 *
 *   the user          whatever is about the API keys of a user, their permitted
 *                     addresses, their sessions, and the user's own settings
 *   the installation  how many devices it has, whether a session of it is
 * alive, and whether it still is there the server key    whether an
 * installation was given it (then nobody is until the commit)
 *
 * in this order, the end of the audit chain before them (store/chain.h), and
 * before any row that belongs to them. So nobody waits for one who waits for
 * him. What is held is free again at the commit, or when a part that can be
 * undone is undone.
 *
 * Where one writes at a time there is nothing to hold: nothing is run then.
 * Without such a row nothing is held; the change itself finds that out. All
 * inside a transaction. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_HOLD_H
#define TRIVET_STORE_NOUN_HOLD_H

#include "crypto/digest.h"
#include "store/noun/audit.h"

TRIVET_MUST_USE enum trivet_status trivet_store_hold_user(
    struct trivet_store *store, int64_t user_id, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_hold_user_of_key(
    struct trivet_store *store, int64_t api_key_id, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_hold_user_of_digest(
    struct trivet_store *store, const unsigned char digest[TRIVET_DIGEST_LEN],
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_hold_user_of_session(
    struct trivet_store *store, int64_t session_id, struct trivet_error *err);
/* Every user with a session that is open and was anchored after at_us. */
TRIVET_MUST_USE enum trivet_status trivet_store_hold_users_anchored_after(
    struct trivet_store *store, int64_t at_us, struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status trivet_store_hold_installation(
    struct trivet_store *store, int64_t installation_id,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_hold_server_key(
    struct trivet_store *store, int64_t server_key_id,
    struct trivet_error *err);

#endif
