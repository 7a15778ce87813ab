/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.c - what is known of the API key that a call carries */
#include "authority/internal.h"

/* A store may have been a sandbox's, where anybody makes users: outside it
 * their keys open nothing, as bunq's do not in production. */
static bool
is_of_other_environment(
    const struct trivet_case *c, const struct trivet_secret *secret)
{
    return !c->authority->config->is_sandbox
           && trivet_slice_starts_with(trivet_secret_slice(secret), "sandbox_");
}

enum trivet_status
trivet_case_prepare_key(
    struct trivet_case *c, const struct trivet_secret *secret)
{
    struct trivet_prepared *prepared = c->prepared;

    prepared->is_key_of_other_environment = is_of_other_environment(c, secret);

    return trivet_case_digest(
        c, trivet_secret_slice(secret), prepared->key_digest);
}

enum trivet_status
trivet_case_find_key(struct trivet_case *c, struct trivet_api_key *out,
    struct trivet_credential_facts *facts)
{
    enum trivet_status status;

    memset(facts, 0, sizeof *facts);
    memset(out, 0, sizeof *out);
    facts->is_installation_at_home = c->installation.is_at_home;

    if (c->prepared->is_key_of_other_environment) {
        return TRIVET_OK;
    }

    status =
        trivet_store_api_key_find(c->authority->store, c->prepared->key_digest,
            &c->request->address, c->installation.id, out, c->err);
    if (status == TRIVET_E_NOT_FOUND) {
        return TRIVET_OK;
    }
    if (status != TRIVET_OK) {
        return status;
    }

    facts->is_known = true;
    facts->is_revoked = out->is_revoked;
    facts->is_bound = out->is_bound;
    facts->expires_at_us = out->expires_us;
    c->key_expires_us = out->expires_us;
    facts->is_address_permitted =
        out->is_address_permitted
        && trivet_case_takes_address(c, &c->request->address);
    facts->is_registered = out->device_id != 0;

    c->answer->identity.user_id = out->user_id;
    c->answer->identity.api_key_id = out->id;
    return TRIVET_OK;
}
