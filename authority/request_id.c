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

/* Whose id it is: the session's device; before there is one, the
 * installation. */
static enum trivet_status
digest_id(struct trivet_case *c)
{
    const struct trivet_request_ids *ids = c->authority->config->request_ids;
    struct trivet_digest *digest = c->authority->digest;
    bool is_session = c->session.id != 0;
    int64_t owner = is_session ? c->session.device_id : c->installation.id;

    trivet_digest_start(digest);
    trivet_digest_add(
        digest, trivet_slice_make(ids->secret, sizeof ids->secret));
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

enum trivet_status
trivet_case_take_request_id(struct trivet_case *c, bool *out_is_new)
{
    struct trivet_request_ids *ids = c->authority->config->request_ids;

    *out_is_new = true;

    if (!trivet_case_has_request_id(c)) {
        return TRIVET_OK;
    }
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

    c->has_request_id = *out_is_new;
    return TRIVET_OK;
}

void
trivet_case_settle_request_id(struct trivet_case *c, bool is_used)
{
    struct trivet_request_ids *ids = c->authority->config->request_ids;

    if (!c->has_request_id) {
        return;
    }

    if (!is_used) {
        trivet_request_ids_release(ids, c->request_id);
    }
    c->answer->is_id_counted = is_used;
}
