/* SPDX-License-Identifier: Apache-2.0 */
/* credential.c - the caller's API keys */
#include "authority/internal.h"

static void
add_credential(void *user, const struct trivet_credential *credential)
{
    trivet_list_add_credential(user, credential);
}

static enum trivet_status
fetch_credentials(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    return trivet_store_credentials(c->authority->store, c->session.user_id,
        page, add_credential, list, seen, c->err);
}

enum trivet_status
trivet_handle_credential_list(struct trivet_case *c)
{
    return trivet_case_is_own(c) ? trivet_case_show_page(c, fetch_credentials)
                                 : trivet_case_refuse_user(c);
}

enum trivet_status
trivet_handle_credential(struct trivet_case *c)
{
    if (!trivet_case_is_own(c)) {
        return trivet_case_refuse_user(c);
    }

    return trivet_case_show_one(c, c->request->path_ids[1],
        TRIVET_REASON_CREDENTIAL_NOT_FOUND, fetch_credentials);
}
