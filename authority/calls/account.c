/* SPDX-License-Identifier: Apache-2.0 */
/* account.c - the sandbox's one bank account of a user */
#include "authority/calls/account.h"

#include "core/message/monetary_account.h"

#include "authority/show.h"
#include "sandbox/account.h"
#include "store/noun/user.h"

static enum trivet_status
fetch_account(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    struct trivet_account account;
    struct trivet_user user;

    seen->is_fixed = true;
    TRIVET_TRY(
        trivet_store_user_get(c->store, c->session.user_id, &user, c->err));

    trivet_account_of(&user, &account);
    if (trivet_page_has(page, account.id)) {
        trivet_list_add_account(list, &account);
        trivet_page_see(seen, account.id);
    }

    return TRIVET_OK;
}

static enum trivet_status
fetch_nothing(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    (void) c;
    (void) page;
    (void) list;

    seen->is_fixed = true;
    return TRIVET_OK;
}

enum trivet_status
trivet_handle_account_list(struct trivet_case *c)
{
    return trivet_case_is_own(c) ? trivet_case_show_page(c, fetch_account)
                                 : trivet_case_refuse_user(c);
}

enum trivet_status
trivet_handle_account(struct trivet_case *c)
{
    if (!trivet_case_is_own(c)) {
        return trivet_case_refuse_user(c);
    }

    return trivet_case_show_one(c, c->request->path_ids[1],
        TRIVET_REASON_ACCOUNT_NOT_FOUND, fetch_account);
}

enum trivet_status
trivet_handle_savings_list(struct trivet_case *c)
{
    return trivet_case_is_own(c) ? trivet_case_show_page(c, fetch_nothing)
                                 : trivet_case_refuse_user(c);
}
