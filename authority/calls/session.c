/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - opening a session, and ending it */
#include "authority/calls/session.h"

#include "core/message/id.h"
#include "core/message/session.h"

#include "authority/calls/api_key.h"
#include "authority/prepared.h"
#include "store/noun/api_key.h"
#include "store/noun/hold.h"
#include "store/noun/session.h"
#include "store/noun/user.h"

/* The first session of a payment service provider's credential is short. */
static enum trivet_status
shorten_first(struct trivet_case *c, int64_t api_key_id, int64_t id)
{
    struct trivet_store *store = c->store;
    bool is_first;

    TRIVET_TRY(trivet_store_api_key_open_first(
        store, api_key_id, c->now_us, &is_first, c->err));

    return is_first ? trivet_store_session_set_timeout(
               store, id, TRIVET_PSP_FIRST_SESSION_S, c->err)
                    : TRIVET_OK;
}

static enum trivet_status
put_session(struct trivet_case *c, const struct trivet_api_key *key)
{
    const struct trivet_prepared *prepared = c->prepared;
    struct trivet_store *store = c->store;
    struct trivet_user user;
    int64_t id;

    TRIVET_TRY(trivet_store_session_put(
        store, prepared->made_digest, key->device.id, c->now_us, &id, c->err));
    TRIVET_TRY(trivet_store_user_get(store, key->user_id, &user, c->err));
    if (user.kind == TRIVET_USER_PSP) {
        TRIVET_TRY(shorten_first(c, key->id, id));
    }

    c->answer->identity.device_id = key->device.id;
    c->answer->identity.session_id = id;

    return trivet_case_answer(
        c, trivet_session_answer_write(
               id, c->now_us, (const char *) prepared->made.bytes, &user));
}

/* sessions=one: the installation is held, so that no other is opened meanwhile.
 */
static enum trivet_status
check_others(struct trivet_case *c, enum trivet_reason *out_reason)
{
    bool is_alive = false;

    if (c->request->profile->sessions == TRIVET_SESSIONS_ONE) {
        TRIVET_TRY(trivet_store_hold_installation(
            c->store, c->installation.id, c->err));
        TRIVET_TRY(trivet_store_session_is_alive(
            c->store, c->installation.id, c->now_us, &is_alive, c->err));
    }

    *out_reason = is_alive ? TRIVET_REASON_SESSION_ALIVE : TRIVET_REASON_NONE;
    return TRIVET_OK;
}

enum trivet_status
trivet_prepare_session(struct trivet_case *c)
{
    struct trivet_session_request request;
    enum trivet_status status;
    struct trivet_complaint complaint =
        trivet_session_request_read(c->request->body, &request);

    if (complaint.reason != TRIVET_REASON_NONE) {
        trivet_secret_wipe(&request.api_key);
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    status = trivet_case_prepare_key(c, &request.api_key);
    trivet_secret_wipe(&request.api_key);

    return status == TRIVET_OK ? trivet_case_prepare_token(c) : status;
}

enum trivet_status
trivet_write_session(struct trivet_case *c)
{
    struct trivet_api_key_facts facts;
    struct trivet_api_key key;
    enum trivet_reason reason;

    TRIVET_TRY(trivet_store_hold_user_of_digest(
        c->store, c->prepared->key_digest, c->err));
    TRIVET_TRY(trivet_case_find_key(c, &key, &facts));

    reason = trivet_decide_session(&facts, c->now_us);
    if (reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, reason, NULL);
    }

    TRIVET_TRY(check_others(c, &reason));
    if (reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, reason, NULL);
    }

    return put_session(c, &key);
}

/* The session that is closed is the caller's: clients give 0 for its id. */
enum trivet_status
trivet_prepare_logout(struct trivet_case *c)
{
    long long id = c->request->path_ids[0];
    struct trivet_complaint complaint =
        trivet_empty_request_read(c->request->body);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    return id == 0 || id == c->session.id
               ? TRIVET_OK
               : trivet_case_refuse_id(c, TRIVET_REASON_SESSION_NOT_FOUND, id);
}

enum trivet_status
trivet_write_logout(struct trivet_case *c)
{
    enum trivet_status status =
        trivet_store_session_end(c->store, c->session.id, c->now_us, c->err);

    /* Since its token was looked up, it was ended and pruned. */
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_case_refuse(c, TRIVET_REASON_TOKEN_UNKNOWN, NULL);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    return trivet_case_answer(c, trivet_empty_answer_write());
}
