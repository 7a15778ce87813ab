/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.c - the caller's API keys (credential-password-ip), and what is known
 * of the API key that a call carries */
#include "authority/calls/api_key.h"

#include "core/message/credential.h"

#include "authority/show.h"
#include "store/noun/api_key.h"

/* ---- the key that a call carries ------------------------------------------
 */

enum trivet_status
trivet_case_find_key(struct trivet_case *c, struct trivet_api_key *out,
    struct trivet_api_key_facts *facts)
{
    const struct trivet_authority_config *config = c->authority->config;
    enum trivet_status status;

    memset(facts, 0, sizeof *facts);
    memset(out, 0, sizeof *out);
    facts->is_installation_ip_permitted = c->installation.is_ip_permitted;

    if (c->prepared->is_key_of_other_environment) {
        return TRIVET_OK;
    }

    status = trivet_store_api_key_find(c->store, c->prepared->key_digest,
        &c->request->address, c->installation.id, out, c->err);
    if (status == TRIVET_E_NOT_FOUND) {
        return TRIVET_OK;
    }
    if (status != TRIVET_OK) {
        return status;
    }
    if (config->is_sandbox && config->has_lost_api_key != NULL
        && config->has_lost_api_key(out->id))
    {
        memset(out, 0, sizeof *out);
        return TRIVET_OK;
    }

    facts->is_known = true;
    facts->is_revoked = out->is_revoked;
    facts->is_bound = out->is_bound;
    facts->expires_at_us = out->expires_us;
    c->key_expires_us = out->expires_us;
    facts->is_address_permitted =
        out->is_address_permitted
        && trivet_case_takes_address(c, &c->request->address);
    facts->is_registered = out->device.id != 0;

    c->answer->identity.user_id = out->user_id;
    c->answer->identity.api_key_id = out->id;
    return TRIVET_OK;
}

/* ---- showing ---------------------------------------------------------------
 */

static void
add_api_key(void *user, const struct trivet_api_key_view *api_key)
{
    trivet_list_add_credential(user, api_key);
}

static enum trivet_status
fetch_api_keys(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    return trivet_store_api_key_page(
        c->store, c->session.user_id, page, add_api_key, list, seen, c->err);
}

enum trivet_status
trivet_handle_api_key_list(struct trivet_case *c)
{
    return trivet_case_is_own(c) ? trivet_case_show_page(c, fetch_api_keys)
                                 : trivet_case_refuse_user(c);
}

enum trivet_status
trivet_handle_api_key(struct trivet_case *c)
{
    if (!trivet_case_is_own(c)) {
        return trivet_case_refuse_user(c);
    }

    return trivet_case_show_one(c, c->request->path_ids[1],
        TRIVET_REASON_CREDENTIAL_NOT_FOUND, fetch_api_keys);
}
