/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_id.c - request-id=per-device: each id is taken once
 *
 * An id is used up by the request that is admitted with it, and by that alone:
 * what is refused, by the decision or by the call itself, gives it back. So
 * nobody can use up the ids of others, and a client may send a refused request
 * again as it was.
 */
#include "authority/request_id.h"
#include "authority/connection.h"
#include "store/noun/once.h"

/* Several gateways of one store take ids there; a gateway that is alone has a
 * table of its own, which many ids do not slow down. */
static bool
are_in_store(const struct trivet_case *c)
{
    return c->authority->config->session_cache != NULL;
}

/* Whose id it is: the session's device; before there is one, the
 * installation. The table's secret is for its sets, which the store has not. */
static enum trivet_status
digest_id(struct trivet_case *c)
{
    const struct trivet_request_ids *ids = c->authority->config->request_ids;
    struct trivet_digest *digest = c->authority->digest;
    bool is_session = c->session.id != 0;
    int64_t owner = is_session ? c->session.device_id : c->installation.id;

    trivet_digest_start(digest);
    if (!are_in_store(c)) {
        trivet_digest_add(
            digest, trivet_slice_make(ids->secret, sizeof ids->secret));
    }
    trivet_digest_add(digest, trivet_slice_text(is_session ? "d" : "i"));
    trivet_digest_add(digest, trivet_slice_make(&owner, sizeof owner));
    trivet_digest_add(digest, c->request->id);

    return trivet_digest_finish(digest, c->request_id);
}

bool
trivet_case_has_request_id(const struct trivet_case *c)
{
    const struct trivet_request *request = c->request;

    return request->profile->request_id == TRIVET_REQUEST_ID_PER_DEVICE
           && request->rule.token != TRIVET_NEEDS_NO_TOKEN
           && request->id.len > 0 && !request->is_id_counted;
}

static enum trivet_status
take_in_store(struct trivet_case *c, bool *out_is_new)
{
    TRIVET_TRY(digest_id(c));

    return trivet_store_once_take_id(
        c->store, c->request_id, out_is_new, c->err);
}

static enum trivet_status
take_in_table(struct trivet_case *c, bool *out_is_new)
{
    struct trivet_request_ids *ids = c->authority->config->request_ids;

    if (ids == NULL || ids->table == NULL) {
        return trivet_error_set(c->err, TRIVET_E_UNAVAILABLE, "request_id",
            "there is no memory for request ids");
    }

    TRIVET_TRY(digest_id(c));

    if (trivet_request_ids_reserve(ids, c->request_id, out_is_new) != TRIVET_OK)
    {
        return trivet_error_set(c->err, TRIVET_E_UNAVAILABLE, "request_id",
            "the file of request ids was removed or truncated (reload nginx), "
            "or a stopped process has locked it");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_case_take_request_id(struct trivet_case *c, bool *out_is_new)
{
    enum trivet_status status;

    *out_is_new = true;

    if (!trivet_case_has_request_id(c)) {
        return TRIVET_OK;
    }

    status = are_in_store(c) ? take_in_store(c, out_is_new)
                             : take_in_table(c, out_is_new);
    TRIVET_TRY(status);

    c->has_request_id = *out_is_new;
    return TRIVET_OK;
}

/* What cannot be given back stays used, until it is old. */
static void
release(struct trivet_case *c)
{
    if (!are_in_store(c)) {
        trivet_request_ids_release(
            c->authority->config->request_ids, c->request_id);
    } else if (trivet_store_once_release_id(c->store, c->request_id, NULL)
               != TRIVET_OK)
    {
        trivet_authority_drop_store(c->authority);
    }
}

void
trivet_case_settle_request_id(struct trivet_case *c, bool is_used)
{
    if (!c->has_request_id) {
        return;
    }

    if (!is_used) {
        release(c);
    }
    c->answer->is_id_counted = is_used;
}
