/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h - what an operator does with users
 *
 * Each verb takes an open store, which no other thread uses meanwhile, and
 * blocks (disk). A change and its row in the audit log are one transaction;
 * inside a transaction they are a part of that. now_us: microseconds since
 * 1970, the time that is written.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_USER_H
#define TRIVET_AUTHORITY_OPERATOR_USER_H

#include "core/user.h"
#include "store/store.h"

/*
 * Makes a user of this name. It may have the name of another user.
 *
 * TRIVET_E_USAGE  the name is empty, too long, not UTF-8 or has control
 *                 characters.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_make_user(
    struct trivet_store *store, const char *name, enum trivet_user_kind kind,
    int64_t now_us, struct trivet_user *out, struct trivet_error *err);

/*
 * Makes a user that stands for an access by OAuth: one user asked for it, the
 * other granted it. It has the requester's name and auto-logout time. Both may
 * be the same user.
 *
 * TRIVET_E_NOT_FOUND  there is no user of one of the ids.
 * TRIVET_E_USAGE      one of them is itself such an access.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_make_user_api_key(
    struct trivet_store *store, int64_t requested_by, int64_t granted_by,
    int64_t now_us, struct trivet_user *out, struct trivet_error *err);

/*
 * The user of that id or name; makes a person of that name when there is none.
 *
 * TRIVET_E_NOT_FOUND  there is no user of that id.
 * TRIVET_E_USAGE      as of trivet_operator_make_user.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_find_user(
    struct trivet_store *store, const char *name_or_id, int64_t now_us,
    struct trivet_user *out, struct trivet_error *err);

/*
 * Sets the auto-logout time of a user's sessions, also of those that are open.
 * seconds: TRIVET_MIN_SESSION_TIMEOUT_S to TRIVET_MAX_SESSION_TIMEOUT_S.
 *
 * TRIVET_E_NOT_FOUND  there is no user of that id.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_set_auto_logout(
    struct trivet_store *store, int64_t id, int64_t seconds, int64_t now_us,
    struct trivet_error *err);

#endif
