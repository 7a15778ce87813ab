/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - a call in a session, and its answer */
#include "trivet/client.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/timestamp.h"
#include "client/announcement.h"
#include "client/clock.h"
#include "client/context_file.h"
#include "client/evidence.h"
#include "client/pool.h"
#include "client/session.h"
#include "client/state.h"
#include "core/message/error.h"
#include "core/message/text.h"

enum { MAX_ERRORS = 16 };

struct owned_answer {
    struct trivet_answer public; /* first: what the caller holds */
    struct trivet_wire_answer wire;
    json_t *root; /* of an error's body: its texts live in it */
    struct trivet_answer_error errors[MAX_ERRORS];
};

/* ---- the answer -------------------------------------------------------- */

static void
read_errors(struct owned_answer *answer)
{
    struct trivet_error_texts texts;

    if (answer->wire.status < 300) {
        return;
    }

    answer->root =
        trivet_message_parse(trivet_buffer_slice(&answer->wire.body));
    for (size_t i = 0;
         i < MAX_ERRORS && trivet_error_answer_read(answer->root, i, &texts);
         i++)
    {
        answer->errors[i].description = texts.description;
        answer->errors[i].translated = texts.translated;
        answer->errors[i].explanation = texts.explanation;
        answer->public.num_errors = i + 1;
    }
}

/* Owns wire from here on, also on failure. */
static enum trivet_status
make_answer(struct trivet_wire_answer *wire, bool is_verified,
    struct trivet_answer **out, struct trivet_error *err)
{
    struct owned_answer *answer = calloc(1, sizeof *answer);

    if (answer == NULL) {
        trivet_wire_answer_release(wire);
        return trivet_error_set(err, TRIVET_E_MEMORY, "call", "out of memory");
    }

    answer->wire = *wire;
    read_errors(answer);
    answer->public.status = wire->status;
    answer->public.body = wire->body.data;
    answer->public.body_len = wire->body.len;
    answer->public.headers = wire->headers;
    answer->public.num_headers = wire->num_headers;
    answer->public.errors = answer->errors;
    answer->public.is_verified = is_verified;
    answer->public.was_encrypted = wire->was_encrypted;

    *out = &answer->public;
    return TRIVET_OK;
}

void
trivet_answer_free(struct trivet_answer *answer)
{
    struct owned_answer *owned = (struct owned_answer *) answer;

    if (owned == NULL) {
        return;
    }

    json_decref(owned->root);
    trivet_wire_answer_release(&owned->wire);
    free(owned);
}

const char *
trivet_answer_header(const struct trivet_answer *answer, const char *name)
{
    return trivet_wire_header(answer->headers, answer->num_headers, name);
}

/* ---- the call ---------------------------------------------------------- */

/* A call with its session's token, as tried last. */
struct attempt {
    const struct trivet_call *call;
    struct trivet_evidence *evidence; /* NULL: none is wanted */
    struct trivet_secret token;
    bool is_fresh; /* the session was opened a moment ago */
    struct trivet_wire_answer wire;
    bool is_verified;
};

enum { FRESH_S = 30 };

/* Over what was called with which token. */
static uint64_t
hash_attempt(const struct attempt *attempt)
{
    const char *const texts[] = {attempt->call->method, attempt->call->path,
        (const char *) attempt->token.bytes};
    uint64_t hash = TRIVET_HASH_START;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hash = trivet_hash_add(hash, trivet_slice_text(texts[i]));
    }

    return hash;
}

/* Whether the session is so new that a newer one would not help. */
static bool
is_session_fresh(const struct trivet_record *record)
{
    int64_t opened_us = record->session_expires_us
                        - record->holder.session_timeout_s * TRIVET_US_PER_S;
    int64_t age_us = trivet_clock_now_us() - opened_us;

    return age_us >= 0 && age_us < FRESH_S * TRIVET_US_PER_S;
}

/* The token of the session, which is renewed first when it is about to expire
 * and may be renewed. */
static enum trivet_status
get_token(struct trivet_context *context, bool may_renew,
    struct attempt *attempt, struct trivet_error *err)
{
    struct trivet_state *state = trivet_context_state(context);
    struct trivet_secret *out = &attempt->token;
    bool is_over;

    if (state == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "call", "out of memory");
    }

    TRIVET_TRY(trivet_context_ensure_record(context, err));

    (void) pthread_mutex_lock(&state->mutex);
    *out = state->record.session_token;
    attempt->is_fresh = is_session_fresh(&state->record);
    is_over = trivet_session_is_over(&state->record, trivet_clock_now_us());
    (void) pthread_mutex_unlock(&state->mutex);

    if (may_renew && is_over) {
        const struct trivet_secret *ended = out->len == 0 ? NULL : out;

        TRIVET_TRY(trivet_session_ensure(context, ended, err));
        (void) pthread_mutex_lock(&state->mutex);
        *out = state->record.session_token;
        attempt->is_fresh = is_session_fresh(&state->record);
        (void) pthread_mutex_unlock(&state->mutex);
    }
    if (out->len == 0) {
        return trivet_error_set(err, TRIVET_E_NO_SESSION, "call",
            "there is no session: log in first (trivet login)");
    }

    return TRIVET_OK;
}

static enum trivet_status
try_call(struct trivet_context *context, struct attempt *attempt,
    struct trivet_error *err)
{
    const struct trivet_call *call = attempt->call;
    const struct trivet_order order = {
        .method = call->method,
        .path = call->path,
        .body = trivet_slice_make(call->body, call->body_len),
        .headers = call->headers,
        .num_headers = call->num_headers,
        .token = &attempt->token,
        .is_signed = true,
        .is_encrypted = (call->flags & TRIVET_CALL_ENCRYPT) != 0,
        .evidence = attempt->evidence,
    };
    struct trivet_worker *worker;
    enum trivet_status status;

    TRIVET_TRY(trivet_pool_acquire(context, &worker, err));
    status = trivet_worker_exchange(
        worker, &order, &attempt->wire, &attempt->is_verified, err);
    trivet_pool_release(context, worker);

    return status;
}

/* Again with the pins that another process took over. A connection that was
 * refused for its pin has sent nothing. */
static enum trivet_status
try_call_with_pins(struct trivet_context *context, struct attempt *attempt,
    struct trivet_error *err)
{
    struct trivet_error ours = {.status = TRIVET_OK, .where = "call"};
    enum trivet_status status = try_call(context, attempt, &ours);

    if (status == TRIVET_OK) {
        return TRIVET_OK;
    }
    if (status == TRIVET_E_UNTRUSTED
        && strcmp(ours.where, "transport.pins") == 0
        && trivet_announcement_reread(context))
    {
        return try_call(context, attempt, err);
    }

    return trivet_error_set(err, ours.status, ours.where, "%s", ours.detail);
}

static bool
looks_ended(const struct attempt *attempt)
{
    return attempt->wire.status == 401 || attempt->wire.status == 403;
}

/*
 * A call that is refused in a fresh session as well is refused in any session.
 * The last such call is remembered: repeated in a loop it would otherwise open
 * a session each time.
 */
static bool
is_known_refused(struct trivet_state *state, const struct attempt *attempt)
{
    bool is_known;

    (void) pthread_mutex_lock(&state->mutex);
    is_known = state->refused_call == hash_attempt(attempt);
    (void) pthread_mutex_unlock(&state->mutex);

    return is_known;
}

static void
remember_refused(struct trivet_state *state, const struct attempt *attempt)
{
    (void) pthread_mutex_lock(&state->mutex);
    state->refused_call = hash_attempt(attempt);
    (void) pthread_mutex_unlock(&state->mutex);
}

/*
 * Makes the call again, in a session other than the one that looks ended. When
 * no other session may be opened now, the first answer is the result.
 */
static enum trivet_status
retry(struct trivet_context *context, struct attempt *attempt,
    struct trivet_error *err)
{
    struct trivet_state *state = trivet_context_state(context);
    struct trivet_wire_answer first = attempt->wire;
    enum trivet_status status;

    if (attempt->is_fresh || is_known_refused(state, attempt)) {
        return TRIVET_OK;
    }

    status = trivet_session_ensure(context, &attempt->token, err);
    if (status == TRIVET_E_THROTTLED) {
        return TRIVET_OK;
    }

    if (status == TRIVET_OK) {
        status = get_token(context, false, attempt, err);
    }
    if (status == TRIVET_OK) {
        status = try_call(context, attempt, err);
    }
    if (status == TRIVET_OK && looks_ended(attempt)) {
        remember_refused(state, attempt);
    }

    trivet_wire_answer_release(&first);
    return status;
}

enum trivet_status
trivet_call_with_evidence(struct trivet_context *context,
    const struct trivet_call *call, struct trivet_evidence *evidence,
    struct trivet_answer **out, struct trivet_error *err)
{
    struct attempt attempt = {.call = call, .evidence = evidence};
    bool may_renew = (call->flags & TRIVET_CALL_KEEP_SESSION) == 0;
    enum trivet_status status;

    status = get_token(context, may_renew, &attempt, err);
    if (status == TRIVET_OK) {
        status = try_call_with_pins(context, &attempt, err);
    }
    if (status == TRIVET_OK && may_renew && looks_ended(&attempt)) {
        status = retry(context, &attempt, err);
    }

    trivet_secret_wipe(&attempt.token);
    if (status != TRIVET_OK) {
        return status;
    }

    trivet_announcement_follow(context, false);
    return make_answer(&attempt.wire, attempt.is_verified, out, err);
}

enum trivet_status
trivet_call(struct trivet_context *context, const struct trivet_call *call,
    struct trivet_answer **out, struct trivet_error *err)
{
    return trivet_call_with_evidence(context, call, NULL, out, err);
}
