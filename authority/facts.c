/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.c - what is known of a request: its token, its signature, and the
 * server key that answers it
 */
#include "authority/facts.h"
#include "base/ticks.h"
#include "store/noun/admission.h"
#include "store/noun/installation.h"
#include "store/noun/server_key.h"

static void
take_session(struct trivet_case *c, struct trivet_facts *facts)
{
    const struct trivet_session *session = &c->session;

    facts->token = TRIVET_TOKEN_SESSION;
    facts->expiry = session->expiry;
    facts->is_session_ended = session->is_ended;
    facts->is_key_revoked = session->is_key_revoked;
    facts->is_address_permitted =
        session->is_address_permitted
        && trivet_case_takes_address(c, &c->request->address);
    facts->is_server_key_retired = session->is_server_key_retired;

    c->answer->identity = (struct trivet_identity){
        .user_id = session->user_id,
        .device_id = session->device_id,
        .session_id = session->id,
        .api_key_id = session->api_key_id,
        .installation_id = session->installation_id,
    };
}

static void
take_installation(struct trivet_case *c, struct trivet_facts *facts)
{
    c->installation.is_ip_permitted &=
        trivet_case_takes_address(c, &c->request->address);

    facts->token = TRIVET_TOKEN_INSTALLATION;
    facts->is_installation_ip_permitted = c->installation.is_ip_permitted;
    facts->is_server_key_retired = c->installation.is_server_key_retired;
    c->answer->identity = (struct trivet_identity){
        .installation_id = c->installation.id,
    };
}

/* Sessions stay as they were found while nobody changes the store: where the
 * next is decided on the event loop, they need not be looked up again. */
static struct trivet_cached_session *
place_of(const struct trivet_case *c, const unsigned char *digest)
{
    struct trivet_cached_session *cached_sessions =
        c->authority->cached_sessions;

    return cached_sessions == NULL || !c->may_use_cache
               ? NULL
               : &cached_sessions[(digest[0] | digest[1] << 8)
                                  % TRIVET_NUM_CACHED_SESSIONS];
}

/* Of a store that several gateways use: what is remembered by all workers, when
 * there is no store to ask. */
static enum trivet_status
recall_session(struct trivet_case *c, const unsigned char *digest)
{
    struct trivet_session_cache_key key = {.tag = c->authority->store_tag};

    memcpy(key.token_digest, digest, sizeof key.token_digest);

    return trivet_session_cache_get(c->authority->config->session_cache, &key,
               trivet_ticks_ms(), &c->request->address, &c->session)
               ? TRIVET_OK
               : TRIVET_E_UNAVAILABLE;
}

/* And what is put in there: the number is taken before the row is asked for. */
static enum trivet_status
find_and_remember(struct trivet_case *c, const unsigned char *digest)
{
    struct trivet_session_cache *cache = c->authority->config->session_cache;
    struct trivet_session_cache_key key = {.tag = c->authority->store_tag};
    uint64_t begun = trivet_session_cache_begin(cache);
    struct trivet_admission_row row;

    TRIVET_TRY(trivet_store_admission_find(
        c->store, digest, &c->request->address, &c->session, &row, c->err));

    memcpy(key.token_digest, digest, sizeof key.token_digest);
    if (row.session.id != 0) {
        trivet_session_cache_put(cache, &key, begun, trivet_ticks_ms(), &row);
    }

    return TRIVET_OK;
}

static enum trivet_status
find_session(struct trivet_case *c, const unsigned char *digest)
{
    const struct trivet_address *address = &c->request->address;
    struct trivet_cached_session *place = place_of(c, digest);

    if (c->authority->config->session_cache != NULL) {
        return c->store == NULL ? recall_session(c, digest)
                                : find_and_remember(c, digest);
    }

    if (place != NULL && place->is_filled
        && place->version == c->authority->version
        && memcmp(place->digest, digest, sizeof place->digest) == 0
        && trivet_address_equal(&place->address, address))
    {
        c->session = place->session;
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_store_admission_find(
        c->store, digest, address, &c->session, NULL, c->err));

    if (place != NULL) {
        place->is_filled = true;
        memcpy(place->digest, digest, sizeof place->digest);
        place->address = *address;
        place->version = c->authority->version;
        place->session = c->session;
    }

    return TRIVET_OK;
}

/* Installations are not remembered. */
static enum trivet_status
find_installation(struct trivet_case *c, const unsigned char *digest)
{
    return c->store == NULL ? TRIVET_E_UNAVAILABLE
                            : trivet_store_installation_find(c->store, digest,
                                &c->request->address, &c->installation, c->err);
}

/* The incident sandbox-reset: nobody knows it any more. */
static bool
is_lost(const struct trivet_case *c, bool is_session)
{
    const struct trivet_authority_config *config = c->authority->config;
    int64_t id = is_session ? c->session.installation_id : c->installation.id;

    return config->is_sandbox && config->has_lost_installation != NULL
           && config->has_lost_installation(id);
}

static enum trivet_status
forget_token(struct trivet_case *c, struct trivet_facts *facts)
{
    memset(&c->session, 0, sizeof c->session);
    memset(&c->installation, 0, sizeof c->installation);
    facts->token = TRIVET_TOKEN_UNKNOWN;

    return TRIVET_OK;
}

/* The token's meaning: first as what the rule asks for, then as the other
 * kind, so that a token of the wrong kind can be told from an unknown one. */
static enum trivet_status
look_up_token(struct trivet_case *c, struct trivet_facts *facts)
{
    bool is_session_first = c->request->rule.token != TRIVET_NEEDS_INSTALLATION;
    unsigned char digest[TRIVET_DIGEST_LEN];

    TRIVET_TRY(trivet_case_digest(c, c->request->token, digest));

    for (int i = 0; i < 2; i++) {
        bool is_session = (i == 0) == is_session_first;
        enum trivet_status status =
            is_session ? find_session(c, digest) : find_installation(c, digest);

        if (status == TRIVET_E_NOT_FOUND) {
            continue;
        }
        if (status == TRIVET_OK && is_lost(c, is_session)) {
            return forget_token(c, facts);
        }
        if (status == TRIVET_OK) {
            (is_session ? take_session : take_installation)(c, facts);
        }

        return status;
    }

    facts->token = TRIVET_TOKEN_UNKNOWN;
    return TRIVET_OK;
}

enum trivet_status
trivet_case_gather_token(struct trivet_case *c, struct trivet_facts *facts)
{
    const struct trivet_request *request = c->request;

    if (request->rule.token == TRIVET_NEEDS_NO_TOKEN) {
        facts->is_token_superfluous = request->num_tokens > 0;
        return TRIVET_OK;
    }
    if (request->num_tokens == 0) {
        return TRIVET_OK;
    }

    if (request->num_tokens > 1) {
        facts->token = TRIVET_TOKEN_DUPLICATE;
        return TRIVET_OK;
    }

    return look_up_token(c, facts);
}

static bool
is_token_known(const struct trivet_facts *facts)
{
    return facts->token == TRIVET_TOKEN_SESSION
           || facts->token == TRIVET_TOKEN_INSTALLATION;
}

static enum trivet_status
verify_form(struct trivet_case *c, const struct trivet_public_key *key,
    struct trivet_slice signature,
    const unsigned char digest[TRIVET_DIGEST_LEN], bool *out_fits)
{
    struct trivet_authority *authority = c->authority;

    return trivet_verify_cached(trivet_case_memos(c),
        c->answer->identity.installation_id, authority->verifiers,
        authority->digest, trivet_slice_make(key->der, key->der_len), digest,
        signature, out_fits, &c->answer->measures.is_verify_cache_hit);
}

/* trivet_verify_cached, measured: of the one form, or of either. */
static enum trivet_status
verify(struct trivet_case *c, const struct trivet_public_key *key,
    struct trivet_slice signature, bool *out_fits)
{
    struct trivet_verifier_cache *verifiers = c->authority->verifiers;
    struct trivet_measures *measures = &c->answer->measures;
    uint64_t num_misses = trivet_verifier_cache_misses(verifiers);
    int64_t begin_ns = trivet_case_ticks_ns(c);

    TRIVET_TRY(
        verify_form(c, key, signature, c->request->body_digest, out_fits));
    if (!*out_fits && c->request->has_full_digest) {
        TRIVET_TRY(
            verify_form(c, key, signature, c->request->full_digest, out_fits));
    }

    measures->has_verified = !measures->is_verify_cache_hit;
    measures->verifying_ns =
        measures->is_verify_cache_hit ? 0 : trivet_case_ticks_ns(c) - begin_ns;
    measures->had_to_parse_key =
        trivet_verifier_cache_misses(verifiers) != num_misses;
    return TRIVET_OK;
}

/* The key of the installation that the token belongs to. */
static const struct trivet_public_key *
client_key(const struct trivet_case *c, const struct trivet_facts *facts)
{
    return facts->token == TRIVET_TOKEN_SESSION ? &c->session.key
                                                : &c->installation.key;
}

/* Whether a signature was sent, in whatever form. */
static bool
has_signature(const struct trivet_request *request)
{
    if (request->signature_header == TRIVET_SIGNATURE_HEADER_ONE) {
        return request->signature.len > 0;
    }

    return request->signature_header != TRIVET_SIGNATURE_HEADER_NONE;
}

enum trivet_status
trivet_case_gather_signature(struct trivet_case *c, struct trivet_facts *facts)
{
    const struct trivet_request *request = c->request;
    const struct trivet_public_key *key = client_key(c, facts);
    unsigned char signature[TRIVET_MAX_SIGNATURE];
    size_t len;
    bool fits;

    if (!is_token_known(facts)
        || !trivet_decide_needs_signature(&request->rule, request->profile)
        || !has_signature(request))
    {
        return TRIVET_OK;
    }

    if (request->signature_header != TRIVET_SIGNATURE_HEADER_ONE
        || trivet_base64_decode(
               request->signature, signature, sizeof signature, &len)
               != TRIVET_OK)
    {
        facts->signature = TRIVET_SIGNATURE_MALFORMED;
        return TRIVET_OK;
    }

    if (c->put_off != NULL && !request->has_full_digest) {
        c->is_put_off = trivet_verification_put_off(trivet_case_memos(c),
            c->answer->identity.installation_id, c->authority->digest,
            trivet_slice_make(key->der, key->der_len), request->body_digest,
            trivet_slice_make(signature, len), c->put_off);
        if (c->is_put_off) {
            facts->signature = TRIVET_SIGNATURE_WRONG;
            return TRIVET_OK;
        }
    }

    TRIVET_TRY(verify(c, key, trivet_slice_make(signature, len), &fits));

    facts->signature = fits ? TRIVET_SIGNATURE_RIGHT : TRIVET_SIGNATURE_WRONG;
    return TRIVET_OK;
}

/* False when the key at that place is out of reach: hardware may be. */
static bool
take_server_key(struct trivet_case *c, size_t place)
{
    if (c->authority->signers[place] == NULL) {
        return false;
    }

    c->answer->server_key = (int) place;
    return true;
}

/* The key of the incident server-key-rotates gets a row of the store when the
 * first installation is given it, of any process. */
static bool
is_key_of_incident(struct trivet_case *c, int64_t id)
{
    const struct trivet_authority_config *config = c->authority->config;
    int64_t found;

    return config->is_server_key_rotated != NULL && c->store != NULL
           && trivet_store_server_key_find(c->store,
                  &config->server_keys[config->num_server_keys].public_key,
                  &found, NULL)
                  == TRIVET_OK
           && found == id;
}

/* The place of the key that an installation was given; num_key_places: it is
 * not known. */
static size_t
find_place(struct trivet_case *c, int64_t id)
{
    const struct trivet_authority_config *config = c->authority->config;

    for (size_t i = 0; i < config->num_server_keys; i++) {
        if (c->authority->server_key_ids[i] == id) {
            return i;
        }
    }

    return is_key_of_incident(c, id) ? config->num_server_keys
                                     : trivet_num_key_places(config);
}

bool
trivet_case_find_server_key(
    struct trivet_case *c, const struct trivet_facts *facts)
{
    const struct trivet_authority_config *config = c->authority->config;
    bool is_rotated = config->is_server_key_rotated != NULL
                      && config->is_server_key_rotated();
    int64_t id = facts->token == TRIVET_TOKEN_SESSION
                     ? c->session.server_key_id
                     : c->installation.server_key_id;
    size_t place;

    if (c->request->rule.token == TRIVET_NEEDS_NO_TOKEN) {
        return take_server_key(c, is_rotated ? config->num_server_keys : 0);
    }
    if (!is_token_known(facts) || facts->is_server_key_retired) {
        return true;
    }

    place = is_rotated ? config->num_server_keys : find_place(c, id);

    return place < trivet_num_key_places(config) && take_server_key(c, place);
}

bool
trivet_case_is_session_of_incident(
    const struct trivet_case *c, const struct trivet_facts *facts)
{
    const struct trivet_authority_config *config = c->authority->config;

    return config->is_sandbox && config->last_session_to_end != NULL
           && facts->token == TRIVET_TOKEN_SESSION
           && c->session.id <= config->last_session_to_end();
}

bool
trivet_case_is_session_to_end(
    const struct trivet_case *c, const struct trivet_facts *facts)
{
    return trivet_case_is_session_of_incident(c, facts)
           && !facts->is_session_ended
           && !trivet_expiry_is_over(&facts->expiry, c->now_us);
}
