/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - what an operator does with sessions */
#include "authority/operator/session.h"
#include "store/noun/session.h"
#include "store/noun/user.h"

enum trivet_status
trivet_operator_end_session(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status =
        trivet_store_session_end(store, id, now_us, err);

    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(err, status, "session.end",
            "there is no session %lld", (long long) id);
    }

    return status;
}

enum trivet_status
trivet_operator_end_sessions(struct trivet_store *store, int64_t user_id,
    int64_t now_us, int64_t *out_num, struct trivet_error *err)
{
    struct trivet_user user;
    enum trivet_status status =
        trivet_store_user_get(store, user_id, &user, err);

    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(err, status, "user.end_sessions",
            "there is no user %lld", (long long) user_id);
    }
    TRIVET_TRY(status);

    return trivet_store_session_end_of_user(
        store, user_id, now_us, out_num, err);
}
