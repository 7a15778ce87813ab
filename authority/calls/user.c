/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - who the caller is, and the sandbox's users */
#include "authority/calls/user.h"

#include "core/message/api_key.h"
#include "core/message/id.h"
#include "core/message/user.h"

#include "authority/prepared.h"
#include "authority/show.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "store/noun/api_key.h"
#include "store/noun/user.h"

static enum trivet_status
get_caller(struct trivet_case *c, struct trivet_user *out)
{
    return trivet_store_user_get(c->store, c->session.user_id, out, c->err);
}

static enum trivet_status
fetch_caller(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    struct trivet_user user;

    seen->is_fixed = true;
    TRIVET_TRY(get_caller(c, &user));

    if (trivet_page_has(page, user.id)) {
        trivet_list_add_user(list, &user);
        trivet_page_see(seen, user.id);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_handle_user_list(struct trivet_case *c)
{
    return trivet_case_show_page(c, fetch_caller);
}

enum trivet_status
trivet_handle_user(struct trivet_case *c)
{
    return trivet_case_show_one(
        c, c->request->path_ids[0], TRIVET_REASON_USER_NOT_FOUND, fetch_caller);
}

/* The caller, when it is a user of that kind. */
static enum trivet_status
show_kind(struct trivet_case *c, enum trivet_user_kind kind)
{
    struct trivet_user user;

    TRIVET_TRY(get_caller(c, &user));

    return user.kind == kind ? trivet_handle_user(c)
                             : trivet_case_refuse_user(c);
}

enum trivet_status
trivet_handle_person(struct trivet_case *c)
{
    return show_kind(c, TRIVET_USER_PERSON);
}

enum trivet_status
trivet_handle_company(struct trivet_case *c)
{
    return show_kind(c, TRIVET_USER_COMPANY);
}

enum trivet_status
trivet_handle_provider(struct trivet_case *c)
{
    return show_kind(c, TRIVET_USER_PSP);
}

/* ---- the sandbox ------------------------------------------------------- */

enum trivet_status
trivet_prepare_sandbox_user(struct trivet_case *c)
{
    struct trivet_prepared *prepared = c->prepared;
    struct trivet_complaint complaint =
        trivet_empty_request_read(c->request->body);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    TRIVET_TRY(trivet_case_prepare_uuid(c));
    TRIVET_TRY(trivet_token_make_sandbox_key(&prepared->made));

    return trivet_case_digest(
        c, trivet_secret_slice(&prepared->made), prepared->made_digest);
}

static enum trivet_status
put_user(struct trivet_case *c, const char *uuid, const char *name,
    struct trivet_user *user)
{
    user->session_timeout_s = c->authority->config->session_timeout_s;
    (void) snprintf(user->public_uuid, sizeof user->public_uuid, "%s", uuid);
    (void) snprintf(user->display_name, sizeof user->display_name, "%s", name);

    return trivet_store_user_put(c->store, user, c->now_us, c->err);
}

/* An API key of a user that was made, and the answer. */
static enum trivet_status
write_key(struct trivet_case *c, int64_t user_id)
{
    const struct trivet_authority_config *config = c->authority->config;
    const struct trivet_prepared *prepared = c->prepared;
    struct trivet_new_api_key made = {
        .user_id = user_id,
        .digest = prepared->made_digest,
        .label = "sandbox",
        .expires_us = c->now_us + config->key_lifetime_s * TRIVET_US_PER_S,
    };
    int64_t id;

    TRIVET_TRY(
        trivet_store_api_key_put(c->store, &made, c->now_us, &id, c->err));

    c->answer->identity.user_id = user_id;
    c->answer->identity.api_key_id = id;

    return trivet_case_answer(
        c, trivet_api_key_answer_write((const char *) prepared->made.bytes));
}

static enum trivet_status
write_sandbox_user(
    struct trivet_case *c, enum trivet_user_kind kind, const char *name)
{
    struct trivet_user user = {.kind = kind};

    TRIVET_TRY(put_user(c, c->prepared->public_uuid, name, &user));

    return write_key(c, user.id);
}

enum trivet_status
trivet_write_sandbox_person(struct trivet_case *c)
{
    return write_sandbox_user(c, TRIVET_USER_PERSON, "Sandbox Person");
}

enum trivet_status
trivet_write_sandbox_company(struct trivet_case *c)
{
    return write_sandbox_user(c, TRIVET_USER_COMPANY, "Sandbox Company");
}

/* ---- what OAuth gives -------------------------------------------------- */

enum trivet_status
trivet_prepare_sandbox_api_key(struct trivet_case *c)
{
    struct trivet_prepared *prepared = c->prepared;

    for (size_t i = 0; i < 2; i++) {
        TRIVET_TRY(trivet_case_prepare_uuid(c));
        memcpy(prepared->party_uuids[i], prepared->public_uuid,
            sizeof prepared->public_uuid);
    }

    return trivet_prepare_sandbox_user(c);
}

/* A company's app has asked a person for access, and the person granted it. */
enum trivet_status
trivet_write_sandbox_api_key(struct trivet_case *c)
{
    const struct trivet_prepared *prepared = c->prepared;
    struct trivet_user requester = {.kind = TRIVET_USER_COMPANY};
    struct trivet_user granter = {.kind = TRIVET_USER_PERSON};
    struct trivet_user access = {.kind = TRIVET_USER_API_KEY};

    TRIVET_TRY(
        put_user(c, prepared->party_uuids[0], "Sandbox Company", &requester));
    TRIVET_TRY(
        put_user(c, prepared->party_uuids[1], "Sandbox Person", &granter));

    access.requested_by.id = requester.id;
    access.granted_by.id = granter.id;
    TRIVET_TRY(
        put_user(c, prepared->public_uuid, requester.display_name, &access));

    return write_key(c, access.id);
}
