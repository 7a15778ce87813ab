/* SPDX-License-Identifier: Apache-2.0 */
/* user.h - users, in the store. Failures and threads: as store.h. */
#ifndef TRIVET_STORE_NOUN_USER_H
#define TRIVET_STORE_NOUN_USER_H

#include "core/user.h"
#include "store/store.h"

/* Called once a row; the row lives until it returns. */
typedef void (*trivet_user_fn)(void *user, const struct trivet_user *row);

/* Fills user->id and its times. Of the parties only the ids are read. */
TRIVET_MUST_USE enum trivet_status trivet_store_user_put(
    struct trivet_store *store, struct trivet_user *user, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_user_get(
    struct trivet_store *store, int64_t id, struct trivet_user *out,
    struct trivet_error *err);
/* Of persons and companies: a payment service provider brings its name itself,
 * in a certificate, and must not pass for a user that the operator named; an
 * access by OAuth has the name of another user.
 * TRIVET_E_CONFLICT when several users have that name. */
TRIVET_MUST_USE enum trivet_status trivet_store_user_find(
    struct trivet_store *store, const char *display_name,
    struct trivet_user *out, struct trivet_error *err);
/* All, in the order of ids. */
TRIVET_MUST_USE enum trivet_status trivet_store_user_list(
    struct trivet_store *store, trivet_user_fn on_row, void *user,
    struct trivet_error *err);

/* By name or id (store/search.h). */
struct trivet_search;
TRIVET_MUST_USE enum trivet_status trivet_store_user_search(
    struct trivet_store *store, const struct trivet_search *search,
    trivet_user_fn on_row, void *user, struct trivet_error *err);

/* The time holds for the user's sessions that are valid, too; a session that
 * has expired is ended. */
TRIVET_MUST_USE enum trivet_status trivet_store_user_set_auto_logout(
    struct trivet_store *store, int64_t id, int64_t auto_logout_s,
    int64_t now_us, struct trivet_error *err);

#endif
