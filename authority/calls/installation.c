/* SPDX-License-Identifier: Apache-2.0 */
/* installation.c - the client's public key in, a token and the server's out;
 * and what it may see of that later */
#include "authority/calls/installation.h"

#include "core/message/id.h"
#include "core/message/installation.h"

#include "authority/prepared.h"
#include "authority/show.h"
#include "store/noun/installation.h"
#include "store/noun/server_key.h"

/* The key that a new installation is given: the one that signs this answer. */
static const struct trivet_server_key *
given_key(const struct trivet_case *c)
{
    return &c->authority->config->server_keys[c->answer->server_key];
}

/* A key that a configuration still names may be retired. */
static enum trivet_status
check_server_key(struct trivet_case *c, int64_t *out_id, bool *out_is_good)
{
    const struct trivet_authority *authority = c->authority;
    size_t place = (size_t) c->answer->server_key;
    struct trivet_server_key_row row;

    if (place < authority->config->num_server_keys) {
        *out_id = authority->server_key_ids[place];
    } else {
        TRIVET_TRY(trivet_store_server_key_ensure(
            c->store, &given_key(c)->public_key, c->now_us, out_id, c->err));
    }
    TRIVET_TRY(trivet_store_server_key_get(c->store, *out_id, &row, c->err));

    *out_is_good = row.retired_us == 0;
    return TRIVET_OK;
}

/* What is kept of the call: of the key no text, of the token no token. */
static enum trivet_status
prepare_digests(
    struct trivet_case *c, const struct trivet_installation_request *request)
{
    struct trivet_prepared *prepared = c->prepared;

    TRIVET_TRY(trivet_case_prepare_token(c));

    return trivet_case_digest_signed(c,
        trivet_slice_make(request->public_key, request->public_key_len),
        trivet_secret_slice(&prepared->made),
        prepared->installation.signed_digest);
}

enum trivet_status
trivet_prepare_installation(struct trivet_case *c)
{
    struct trivet_installation_request request;
    struct trivet_complaint complaint =
        trivet_installation_request_read(c->request->body, &request);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    if (trivet_public_key_parse(
            trivet_slice_make(request.public_key, request.public_key_len),
            &c->prepared->installation.key, NULL)
        != TRIVET_OK)
    {
        return trivet_case_refuse(c, TRIVET_REASON_PUBLIC_KEY_INVALID, NULL);
    }

    return prepare_digests(c, &request);
}

enum trivet_status
trivet_write_installation(struct trivet_case *c)
{
    const struct trivet_prepared *prepared = c->prepared;
    struct trivet_new_installation made = {
        .key = &prepared->installation.key,
        .address = c->request->address,
        .token_digest = prepared->made_digest,
        .signed_digest = prepared->installation.signed_digest,
    };
    bool is_good;
    int64_t id;
    int64_t token_id;

    TRIVET_TRY(check_server_key(c, &made.server_key_id, &is_good));
    if (!is_good) {
        return trivet_case_refuse(
            c, TRIVET_REASON_SERVER_KEY_UNAVAILABLE, NULL);
    }

    TRIVET_TRY(trivet_store_installation_put(
        c->store, &made, c->now_us, &id, &token_id, c->err));

    c->answer->identity.installation_id = id;

    return trivet_case_answer(
        c, trivet_installation_answer_write(id, token_id, c->now_us,
               (const char *) prepared->made.bytes, given_key(c)->public_pem));
}

/* ---- showing ----------------------------------------------------------- */

/* "_" in the path is the caller's own. */
static long long
named_id(const struct trivet_case *c)
{
    long long id = c->request->path_ids[0];

    return id == TRIVET_PATH_ID_MINE ? c->session.installation_id : id;
}

static enum trivet_status
fetch_installation(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    int64_t id = c->session.installation_id;

    seen->is_fixed = true;
    if (trivet_page_has(page, id)) {
        trivet_list_add_id(list, id);
        trivet_page_see(seen, id);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_handle_installation_list(struct trivet_case *c)
{
    return trivet_case_show_page(c, fetch_installation);
}

enum trivet_status
trivet_handle_installation_one(struct trivet_case *c)
{
    return trivet_case_show_one(c, named_id(c),
        TRIVET_REASON_INSTALLATION_NOT_FOUND, fetch_installation);
}

/* A list of the one key that the installation was given; it has no id to page
 * by. */
static enum trivet_status
fetch_server_key(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    const struct trivet_server_key *keys = c->authority->config->server_keys;

    (void) page;

    seen->is_fixed = true;
    trivet_list_add_server_key(list, keys[c->answer->server_key].public_pem);

    return TRIVET_OK;
}

enum trivet_status
trivet_handle_server_key(struct trivet_case *c)
{
    if (named_id(c) != c->session.installation_id) {
        return trivet_case_refuse_id(
            c, TRIVET_REASON_INSTALLATION_NOT_FOUND, named_id(c));
    }

    return trivet_case_show_page(c, fetch_server_key);
}
