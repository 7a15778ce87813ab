/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening.c - what is different with several gateways of one store: openings of
 * sessions are counted there, and a session that was changed is forgotten
 *
 * An opening counts when its token and signature admit it, whatever becomes of
 * it then: so nobody can use up another's turn. One that is refused for the
 * limit does not count.
 */
#include "authority/opening.h"

#include "authority/call.h"
#include "authority/calls/session.h"
#include "core/rate.h"
#include "store/noun/once.h"

static bool
is_counted(const struct trivet_case *c)
{
    return c->authority->config->counts_openings && c->request->call != NULL
           && c->request->call->write == trivet_write_session
           && !c->request->is_call_counted;
}

static enum trivet_status
digest_owner(struct trivet_case *c, const char *kind, const void *owner,
    size_t len, unsigned char out[TRIVET_DIGEST_LEN])
{
    struct trivet_digest *digest = c->authority->digest;

    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_text(kind));
    trivet_digest_add(digest, trivet_slice_make(owner, len));

    return trivet_digest_finish(digest, out);
}

enum trivet_status
trivet_case_count_opening(struct trivet_case *c)
{
    const struct trivet_rate_limit *limit =
        trivet_rate_limit(TRIVET_RATE_SESSION);
    const struct trivet_rate_call call = {
        .max_calls = limit->max_calls, .per_s = limit->per_s};
    const struct trivet_address network =
        trivet_address_network(&c->request->address);
    const int64_t id = c->installation.id;
    unsigned char address[TRIVET_DIGEST_LEN];
    unsigned char installation[TRIVET_DIGEST_LEN];
    char text[TRIVET_RATE_TEXT_SIZE];
    bool is_free;

    if (!is_counted(c)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(digest_owner(
        c, "address", network.bytes, sizeof network.bytes, address));
    TRIVET_TRY(digest_owner(c, "installation", &id, sizeof id, installation));
    TRIVET_TRY(trivet_store_once_take_turn(c->store, address, installation,
        limit->per_s, c->now_us, &is_free, c->err));

    c->answer->is_call_counted = is_free;
    if (is_free) {
        return TRIVET_OK;
    }

    trivet_rate_format(&call, text);
    return trivet_case_refuse(c, TRIVET_REASON_RATE_LIMITED, text);
}

void
trivet_case_forget_session(const struct trivet_case *c)
{
    struct trivet_session_cache *cache = c->authority->config->session_cache;

    if (cache == NULL || c->session.id == 0) {
        return;
    }

    trivet_session_cache_drop(cache, TRIVET_CHANGE_SESSION, c->session.id);
    trivet_session_cache_drop(
        cache, TRIVET_CHANGE_API_KEY, c->session.api_key_id);
    trivet_session_cache_drop(cache, TRIVET_CHANGE_USER, c->session.user_id);
}
