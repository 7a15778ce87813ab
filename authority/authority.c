/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authority.c - the server's rules: a request in, an answer out
 *
 * gather facts -> decide -> handle -> sign. One direction, no going back.
 */
#include "authority/audit.h"
#include "authority/call.h"
#include "authority/clock.h"
#include "authority/connection.h"
#include "authority/decrypting.h"
#include "authority/device_rate.h"
#include "authority/explain.h"
#include "authority/facts.h"
#include "authority/handling.h"
#include "authority/opening.h"
#include "authority/request_id.h"

#include <stdlib.h>

#include "base/ticks.h"
#include "core/message/text.h"
#include "store/noun/audit.h"
#include "store/noun/server_key.h"
#include "store/noun/session.h"
#include "store/store.h"

/* Parsed client keys that one thread keeps. */
enum { NUM_CACHED_KEYS = 1024 };

/* ---- making ------------------------------------------------------------ */

enum trivet_status
trivet_authority_check(
    const struct trivet_authority_config *config, struct trivet_error *err)
{
    return trivet_store_check_url(config->store_url, err);
}

bool
trivet_authority_is_shared(const char *store_url)
{
    return trivet_store_is_shared(store_url);
}

enum trivet_status
trivet_authority_new(const struct trivet_authority_config *config,
    struct trivet_authority **out, struct trivet_error *err)
{
    struct trivet_authority *authority = calloc(1, sizeof *authority);

    if (authority == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "authority.new", "out of memory");
    }

    if (config->seen == NULL
        && trivet_seen_init(&authority->own_seen) != TRIVET_OK) {
        free(authority);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "authority.new", "out of memory");
    }

    authority->seen =
        config->seen == NULL ? &authority->own_seen : config->seen;
    authority->config = config;
    authority->store_tag = trivet_session_cache_tag(config->store_url);
    authority->verifiers = trivet_verifier_cache_new(NUM_CACHED_KEYS);
    authority->digest = trivet_digest_new();
    if (authority->verifiers == NULL || authority->digest == NULL) {
        trivet_authority_free(authority);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "authority.new", "out of memory");
    }

    for (size_t i = 0; i < trivet_num_key_places(config); i++) {
        const struct trivet_private_key *key = config->server_keys[i].key;
        enum trivet_status status =
            key == NULL ? TRIVET_OK
                        : trivet_signer_new(key, &authority->signers[i], err);

        if (status != TRIVET_OK) {
            trivet_authority_free(authority);
            return status;
        }
    }

    *out = authority;
    return TRIVET_OK;
}

void
trivet_authority_free(struct trivet_authority *authority)
{
    if (authority == NULL) {
        return;
    }

    for (size_t i = 0; i < TRIVET_NUM_KEY_PLACES; i++) {
        trivet_decrypter_free(authority->decrypters[i]);
        trivet_signer_free(authority->signers[i]);
    }

    trivet_verifier_cache_free(authority->verifiers);
    trivet_digest_free(authority->digest);
    trivet_store_close(authority->store);
    if (authority->seen == &authority->own_seen) {
        trivet_seen_destroy(&authority->own_seen);
    }
    free(authority->cached_sessions);
    free(authority);
}

/* ---- answers ----------------------------------------------------------- */

/* The machine failed: whatever was decided, the request is refused. */
static void
refuse_failure(struct trivet_case *c, enum trivet_status status)
{
    enum trivet_reason reason = TRIVET_REASON_INTERNAL;

    if (status == TRIVET_E_UNAVAILABLE || status == TRIVET_E_USAGE
        || status == TRIVET_E_CONFLICT || status == TRIVET_E_NOT_FOUND)
    {
        reason = TRIVET_REASON_STORE_UNAVAILABLE;
    }

    trivet_authority_drop_store(c->authority);
    (void) trivet_case_refuse(c, reason, NULL);
}

/* ---- the way ----------------------------------------------------------- */

/* What an admitted request does here. */
static enum trivet_status
handle_admitted(struct trivet_case *c)
{
    if (c->answer->verdict.extends_session) {
        TRIVET_TRY(trivet_case_extend_session(c));
    }

    return c->request->call == NULL ? TRIVET_OK : trivet_case_handle(c);
}

/* What can be said before the body is there: whatever is decided by a signature
 * that was sent is left for later. */
static struct trivet_rule
rule_of(const struct trivet_request *request)
{
    struct trivet_rule rule = request->rule;

    if (request->is_body_unread
        && request->signature_header != TRIVET_SIGNATURE_HEADER_NONE)
    {
        rule.signature = TRIVET_SIGNED_NEVER;
    }

    return rule;
}

/* The decision, as a verdict. */
static enum trivet_status
decide(struct trivet_case *c)
{
    struct trivet_facts facts = {.token = TRIVET_TOKEN_ABSENT};
    const struct trivet_request *request = c->request;
    const struct trivet_rule rule = rule_of(request);

    TRIVET_TRY(trivet_case_gather_token(c, &facts));
    c->is_session_of_incident = trivet_case_is_session_of_incident(c, &facts);
    c->is_session_to_end = trivet_case_is_session_to_end(c, &facts);
    facts.is_session_ended |= c->is_session_to_end;

    if (!trivet_case_find_server_key(c, &facts)) {
        c->answer->verdict.reason = TRIVET_REASON_SERVER_KEY_UNAVAILABLE;
        return TRIVET_OK;
    }

    if (!request->is_body_unread) {
        TRIVET_TRY(trivet_case_gather_signature(c, &facts));
    }

    c->answer->verdict =
        trivet_decide(&rule, &facts, request->profile, c->now_us);

    /* Without its body nothing is admitted. */
    c->may_go_on = c->answer->verdict.admission == TRIVET_ALLOW;
    if (request->is_body_unread && c->may_go_on) {
        c->answer->verdict = (struct trivet_verdict){
            .admission = TRIVET_DENY, .reason = TRIVET_REASON_NONE};
    }

    return TRIVET_OK;
}

/* What the incident ends is told by 401 with dead-session=403, too: clients
 * that log in again after a 401 alone are to be tested. */
static void
tell_end(struct trivet_case *c)
{
    if (c->is_session_of_incident
        && c->answer->verdict.reason == TRIVET_REASON_SESSION_ENDED)
    {
        c->answer->status =
            trivet_reason_row(TRIVET_REASON_SESSION_ENDED)->status;
    }
}

/* The decision, and what follows from it. */
static enum trivet_status
run(struct trivet_case *c)
{
    bool is_new;
    enum trivet_status status;

    TRIVET_TRY(decide(c));

    if (c->is_session_to_end) {
        TRIVET_TRY(trivet_case_end_session(c));
    }

    if (c->request->is_body_unread && c->may_go_on) {
        return TRIVET_OK;
    }

    if (trivet_case_is_refused(c)) {
        TRIVET_TRY(trivet_case_refuse(c, c->answer->verdict.reason, NULL));
        tell_end(c);
        trivet_case_explain(c);
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_case_count_call(c));
    if (trivet_case_is_refused(c)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_case_count_opening(c));
    if (trivet_case_is_refused(c)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_case_decrypt(c));
    if (trivet_case_is_refused(c)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_case_take_request_id(c, &is_new));
    if (!is_new) {
        return trivet_case_refuse(c, TRIVET_REASON_REQUEST_ID_USED, NULL);
    }

    status = handle_admitted(c);
    trivet_case_settle_request_id(
        c, status == TRIVET_OK && !trivet_case_is_refused(c));
    if (status == TRIVET_OK && c->request->call != NULL
        && c->request->call->write != NULL)
    {
        trivet_case_forget_session(c);
    }

    return status;
}

/* Whether an answer with a body of ours gets a signature. */
static bool
is_to_be_signed(const struct trivet_case *c)
{
    const struct trivet_answer *answer = c->answer;

    return answer->body.data != NULL && answer->server_key >= 0
           && trivet_profile_signs(c->request->profile, answer->status)
           && !(trivet_case_is_refused(c)
                && c->request->rule.token == TRIVET_NEEDS_NO_TOKEN);
}

static bool
leaves_signing(const struct trivet_case *c)
{
    const struct trivet_authority_config *config = c->authority->config;

    return config->leaves_signing != NULL && config->leaves_signing();
}

/* Answers that carry a body of ours are signed here, when the scheme signs the
 * body alone; those of the API behind are signed as they pass, and so are those
 * that are to be encrypted; where the header is signed too, all are. */
static enum trivet_status
sign(struct trivet_case *c)
{
    struct trivet_answer *answer = c->answer;
    unsigned char digest[TRIVET_DIGEST_LEN];
    size_t len = c->request->is_head ? 0 : answer->body.len;
    int64_t begin_ns;

    answer->is_to_be_signed = is_to_be_signed(c);
    if (!answer->is_to_be_signed || leaves_signing(c)
        || answer->client_key.der_len > 0
        || c->request->profile->response_signing
               != TRIVET_RESPONSE_SIGNING_BODY)
    {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_digest_bytes(c->authority->digest,
        trivet_slice_make(answer->body.data, len), digest));

    begin_ns = trivet_case_ticks_ns(c);
    TRIVET_TRY(trivet_sign_cached(trivet_case_memos(c),
        c->authority->config->server_keys[answer->server_key].tag,
        c->authority->signers[answer->server_key], digest, answer->signature,
        &answer->measures.is_sign_cache_hit));

    answer->measures.has_signed = !answer->measures.is_sign_cache_hit;
    answer->measures.signing_ns = answer->measures.is_sign_cache_hit
                                      ? 0
                                      : trivet_case_ticks_ns(c) - begin_ns;
    answer->has_signature = true;
    return TRIVET_OK;
}

/* With sign-errors=all the refusal is signed, too, when it is known by then
 * whose request it is; if even that fails, it is not. */
static void
answer_failure(struct trivet_case *c, enum trivet_status status)
{
    refuse_failure(c, status);
    if (sign(c) != TRIVET_OK) {
        refuse_failure(c, status);
    }
}

/* Empties out, too. */
static struct trivet_case
make_case(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out)
{
    trivet_answer_init(out);
    out->is_id_counted = request->is_id_counted;
    out->is_call_counted = request->is_call_counted;

    return (struct trivet_case){
        .authority = authority,
        .request = request,
        .answer = out,
        .err = &out->error,
    };
}

/* The decision by what is remembered, without a store. The age is looked at
 * before anything is taken: what was dropped until that reading is not taken.
 */
static bool
decide_by_cache(struct trivet_case *c)
{
    struct trivet_authority *authority = c->authority;
    const struct trivet_authority_config *config = authority->config;
    struct trivet_list_reading reading;

    if (!trivet_session_cache_reading(
            config->session_cache, authority->store_tag, &reading)
        || trivet_ticks_ms() - reading.begun_ms >= config->max_age_ms
        || !trivet_authority_take_known_keys(authority)
        || trivet_authority_take_time_by(
               authority, &reading, &c->now_us, c->err)
               != TRIVET_OK)
    {
        trivet_session_cache_miss(config->session_cache);
        return false;
    }

    c->store = NULL;
    return decide(c) == TRIVET_OK;
}

/* The decision, on an event loop. False: none was made. */
static bool
decide_here(struct trivet_case *c)
{
    struct trivet_authority *authority = c->authority;

    if (authority->config->session_cache != NULL) {
        return decide_by_cache(c);
    }
    if (trivet_authority_ensure_store_at_once(authority, c->err) != TRIVET_OK) {
        return false;
    }
    if (trivet_store_get_version(authority->store, &authority->version, c->err)
            != TRIVET_OK
        || trivet_authority_take_time_of(
               authority, authority->version, &c->now_us, c->err)
               != TRIVET_OK)
    {
        trivet_authority_drop_store(authority);
        return false;
    }

    c->store = authority->store;
    c->may_use_cache = true;
    if (decide(c) != TRIVET_OK) {
        trivet_authority_drop_store(authority);
        return false;
    }

    return true;
}

static bool
admit(struct trivet_case *c)
{
    return c->request->call == NULL && !trivet_case_has_request_id(c)
           && !trivet_case_has_device_rate(c)
           && !trivet_encrypted_body_matters(&c->request->encrypted)
           && decide_here(c) && !trivet_case_is_refused(c)
           && !c->answer->verdict.extends_session;
}

bool
trivet_authority_admit(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out)
{
    struct trivet_case c = make_case(authority, request, out);

    return admit(&c);
}

bool
trivet_authority_admit_or_put_off(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out,
    struct trivet_verification *put_off, bool *out_is_put_off)
{
    struct trivet_case c = make_case(authority, request, out);
    bool is_admitted;

    c.put_off = put_off;
    is_admitted = admit(&c);
    *out_is_put_off = c.is_put_off;

    return is_admitted && !c.is_put_off;
}

bool
trivet_authority_look(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out)
{
    struct trivet_request unread = *request;
    struct trivet_case c = make_case(authority, &unread, out);

    unread.is_body_unread = true;

    return decide_here(&c) && c.may_go_on;
}

void
trivet_authority_answer(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out)
{
    struct trivet_case c = make_case(authority, request, out);
    enum trivet_status status;

    trivet_authority_forget_sessions(
        authority); /* what it changes itself has no new version */

    status = trivet_authority_ensure_store(authority, c.err);
    if (status == TRIVET_OK) {
        status = trivet_authority_take_time(authority, &c.now_us, c.err);
    }
    if (status == TRIVET_OK) {
        c.store = authority->store;
        trivet_store_act_as_gateway(c.store, &request->address);
        status = run(&c);
    }
    if (status == TRIVET_OK
        && request->profile->slashes == TRIVET_SLASHES_PLAIN) {
        status = trivet_message_plain_slashes(&out->body);
    }
    if (status == TRIVET_OK) {
        status = sign(&c);
    }
    if (status != TRIVET_OK) {
        answer_failure(&c, status);
    } else if (trivet_case_is_refused(&c)
               && !(request->is_body_unread && c.may_go_on))
    {
        trivet_case_note_end(&c);
        trivet_case_audit_refusal(&c);
    }
}
