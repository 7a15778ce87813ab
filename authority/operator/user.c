/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - what an operator does with users */
#include "authority/operator/user.h"

#include <stdio.h>

#include "authority/determinism.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "core/name.h"
#include "store/noun/user.h"

enum trivet_status
trivet_operator_make_user(struct trivet_store *store, const char *name,
    enum trivet_user_kind kind, int64_t now_us, struct trivet_user *out,
    struct trivet_error *err)
{
    struct trivet_user user = {
        .kind = kind,
        .session_timeout_s = TRIVET_DEFAULT_SESSION_TIMEOUT_S,
    };
    unsigned char random[TRIVET_UUID_LEN];

    if (name[0] == '\0' || !trivet_name_is_valid(name)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator.user",
            "a name has 1 to %d bytes of UTF-8 without control characters",
            TRIVET_MAX_NAME - 1);
    }

    TRIVET_TRY(trivet_uuid_make(TRIVET_UUID_OF_USER, random));
    trivet_uuid_format(random, user.public_uuid);
    (void) snprintf(user.display_name, sizeof user.display_name, "%s", name);

    TRIVET_TRY(trivet_store_user_put(store, &user, now_us, err));

    *out = user;
    return TRIVET_OK;
}

static enum trivet_status
name_missing(enum trivet_status status, const char *step, int64_t id,
    struct trivet_error *err)
{
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(
            err, status, step, "there is no user %lld", (long long) id);
    }

    return status;
}

static enum trivet_status
find_party(struct trivet_store *store, int64_t id, struct trivet_user *out,
    struct trivet_error *err)
{
    TRIVET_TRY(name_missing(
        trivet_store_user_get(store, id, out, err), "operator.user", id, err));

    if (out->kind == TRIVET_USER_API_KEY) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator.user",
            "user %lld is itself an access that was granted", (long long) id);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_operator_make_user_api_key(struct trivet_store *store,
    int64_t requested_by, int64_t granted_by, int64_t now_us,
    struct trivet_user *out, struct trivet_error *err)
{
    struct trivet_user requester;
    struct trivet_user granter;
    struct trivet_user user = {.kind = TRIVET_USER_API_KEY};
    unsigned char random[TRIVET_UUID_LEN];

    TRIVET_TRY(find_party(store, requested_by, &requester, err));
    TRIVET_TRY(find_party(store, granted_by, &granter, err));
    TRIVET_TRY(trivet_uuid_make(TRIVET_UUID_OF_USER, random));

    trivet_uuid_format(random, user.public_uuid);
    (void) snprintf(user.display_name, sizeof user.display_name, "%s",
        requester.display_name);
    user.session_timeout_s = requester.session_timeout_s;
    user.requested_by.id = requested_by;
    user.granted_by.id = granted_by;

    TRIVET_TRY(trivet_store_user_put(store, &user, now_us, err));

    *out = user;
    return TRIVET_OK;
}

enum trivet_status
trivet_operator_find_user(struct trivet_store *store, const char *name_or_id,
    int64_t now_us, struct trivet_user *out, struct trivet_error *err)
{
    enum trivet_status status;
    long long id;

    if (trivet_slice_to_id(trivet_slice_text(name_or_id), &id)) {
        status = trivet_store_user_get(store, id, out, err);
        return name_missing(status, "operator.user", id, err);
    }

    status = trivet_store_user_find(store, name_or_id, out, err);
    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    return trivet_operator_make_user(
        store, name_or_id, TRIVET_USER_PERSON, now_us, out, err);
}

enum trivet_status
trivet_operator_set_auto_logout(struct trivet_store *store, int64_t id,
    int64_t seconds, int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status =
        trivet_store_user_set_auto_logout(store, id, seconds, now_us, err);

    return name_missing(status, "user.auto_logout", id, err);
}
