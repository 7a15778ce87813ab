/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - the three steps to a session, each taken once
 *
 *   key pair -> installation -> device-server -> session-server
 *
 * The file is written after each. A process that dies between a step and its
 * writing leaves at most an installation or a registration behind that nobody
 * uses, which costs nothing: the next one takes that step again.
 */
#include "client/context.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "client/clock.h"
#include "crypto/key.h"

enum {
    RENEW_AT_LEFT_S = 30,
    SHORT_TIMEOUT_S = 120, /* of which a quarter is enough */
    MAX_REASON = 48        /* bytes, with the NUL */
};

bool
trivet_session_is_over(const struct trivet_record *record, int64_t now_us)
{
    int64_t timeout_s = record->holder.session_timeout_s;
    int64_t margin_s = timeout_s > 0 && timeout_s < SHORT_TIMEOUT_S
                           ? timeout_s / 4
                           : RENEW_AT_LEFT_S;

    return record->session_token.len == 0
           || record->session_expires_us - now_us <= margin_s * TRIVET_US_PER_S;
}

/* ---- refusals ---------------------------------------------------------- */

/* What the known texts mean, and what to do about it. */
static const struct {
    const char *text;
    const char *advice;
} advices[] = {
    {"User credentials are incorrect",
        ": the API key is unknown, revoked or not used in its first hour, or "
        "of another environment; or this address is not permitted "
        "(trivet doctor)"},
    {"Insufficient auth",
        ": the server does not know this installation (any more): log in anew "
        "(trivet login --new)"},
    {"request signature is invalid",
        ": the key pair of the context file is not the installation's"},
};

/* The reason that a gateway's sandbox tells, as " [ip-not-permitted]"; "" when
 * there is none. */
static void
read_reason(const struct trivet_wire_answer *in, char out[MAX_REASON])
{
    const char *reason =
        trivet_wire_header(in->headers, in->num_headers, "X-Trivet-Reason");

    out[0] = '\0';
    if (reason != NULL && reason[0] != '\0'
        && strspn(reason, "abcdefghijklmnopqrstuvwxyz0123456789-")
               == strlen(reason)
        && snprintf(out, MAX_REASON, " [%s]", reason) >= MAX_REASON)
    {
        out[0] = '\0';
    }
}

/* Whether a 404 comes from a base URL that is not the API's. */
static bool
misses_version(const struct trivet_wire_answer *in, const char *base_url)
{
    size_t len = strlen(base_url);

    return in->status == 404
           && (len < 3 || strcmp(base_url + len - 3, "/v1") != 0);
}

enum trivet_status
trivet_refusal_explain(const struct trivet_wire_answer *in,
    const char *base_url, const char *step, struct trivet_error *err)
{
    char reason[MAX_REASON];
    json_t *root =
        trivet_client_message_parse(trivet_slice_make(in->body, in->body_len));
    const char *text = json_string_value(
        json_object_get(json_array_get(json_object_get(root, "Error"), 0),
            "error_description"));
    const char *advice = "";
    enum trivet_status status = in->status == 429 ? TRIVET_E_THROTTLED
                                : in->status == 491 || in->status >= 500
                                    ? TRIVET_E_UNAVAILABLE
                                    : TRIVET_E_REFUSED;

    for (size_t i = 0; text != NULL && i < sizeof advices / sizeof advices[0];
         i++) {
        if (strstr(text, advices[i].text) != NULL) {
            advice = advices[i].advice;
        }
    }

    read_reason(in, reason);
    if (misses_version(in, base_url)) {
        (void) trivet_error_set(err, status, "session",
            "%s: 404: there is no API at %.80s; did you mean %.80s/v1?", step,
            base_url, base_url);
    } else {
        (void) trivet_error_set(err, status, "session", "%s: %u %.80s%s%s",
            step, in->status, text == NULL ? "(no text)" : text, reason,
            advice);
    }
    json_decref(root);

    return status;
}

/* ---- the steps --------------------------------------------------------- */

/* What a step works with. */
struct login {
    struct trivet_context *context;
    struct trivet_record *record;
    struct trivet_error *err;
    bool is_read_only; /* nothing can be written down */
};

/* What may have happened at the server when a step's answer was lost. What was
 * done before the step is in the file. */
static const struct {
    const char *path;
    const char *text;
} losses[] = {
    {"installation", "it may have made an installation that nobody will use"},
    {"device-server", "it may have registered this device; the installation is "
                      "kept"},
    {"session-server", "it may have opened a session that nobody will use; "
                       "installation and device are kept"},
};

/* The next try takes the step again: that harms nobody. */
static enum trivet_status
explain_lost_step(const char *path, const struct trivet_error *cause,
    struct trivet_error *err)
{
    const char *text = "";

    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        if (strcmp(losses[i].path, path) == 0) {
            text = losses[i].text;
        }
    }

    return trivet_error_set(err, cause->status, cause->where,
        "%s: the server did not answer: %s, and trying again is safe (%s)",
        path, text, cause->detail);
}

/* POSTs body as the installation (or as nobody yet) and wants a 2xx. */
static enum trivet_status
post(const struct login *login, const char *path,
    const struct trivet_request_body *body, struct trivet_wire_answer *out)
{
    struct trivet_record *record = login->record;
    bool is_installed = record->installation_token.len > 0;
    const struct trivet_order order = {
        .method = "POST",
        .path = path,
        .body = trivet_slice_make(body->data, body->len),
        .token = is_installed ? &record->installation_token : NULL,
        .is_signed = is_installed,
        .is_harmless = true,
    };
    struct trivet_error ours = {.status = TRIVET_OK, .where = "session"};
    struct trivet_worker *worker;
    bool is_verified;
    enum trivet_status status;

    if (body->data == NULL) {
        return trivet_error_set(login->err, TRIVET_E_MEMORY, "session",
            "out of memory, or a text is not UTF-8");
    }

    /* Not one of the state's: its keys are not those of the record yet. */
    TRIVET_TRY(trivet_worker_new(
        login->context->settings, record, 0, &worker, login->err));
    status = trivet_worker_exchange(worker, &order, out, &is_verified, &ours);
    if (status == TRIVET_E_UNAVAILABLE && trivet_worker_has_sent(worker)) {
        status = explain_lost_step(path, &ours, login->err);
    } else if (status != TRIVET_OK) {
        status = trivet_error_set(
            login->err, ours.status, ours.where, "%s", ours.detail);
    }
    record->scheme = trivet_worker_scheme(worker);
    trivet_worker_free(worker);

    if (status == TRIVET_OK && (out->status < 200 || out->status > 299)) {
        status =
            trivet_refusal_explain(out, record->base_url, path, login->err);
        trivet_wire_answer_release(out);
    }

    return status;
}

static enum trivet_status
make_key_pair(const struct login *login)
{
    struct trivet_private_key *key;
    enum trivet_status status;

    trivet_tell(
        login->context->settings, TRIVET_EVENT_STEP, 0, "making a key pair");
    TRIVET_TRY(trivet_private_key_generate(&key, login->err));
    status = trivet_private_key_to_pem(
        key, login->record->private_key, sizeof login->record->private_key);
    trivet_private_key_free(key);

    return status == TRIVET_OK ? TRIVET_OK
                               : trivet_error_set(login->err, status, "session",
                                   "cannot write the private key down");
}

/* The public half of the record's key, as it is sent. */
static enum trivet_status
write_public_key(const struct login *login, char *out, size_t cap)
{
    struct trivet_private_key *key;
    enum trivet_status status;

    TRIVET_TRY(trivet_private_key_parse(
        trivet_slice_text(login->record->private_key), &key, login->err));
    status = trivet_private_key_public_pem(key, out, cap);
    trivet_private_key_free(key);

    return status;
}

/* The answer brings the key that it is signed with: a signature that is there
 * has to fit, and tells in which form the server signs. */
static enum trivet_status
check_installation(const struct login *login,
    const struct trivet_wire_answer *wire, const char *server_key)
{
    const char *signature = trivet_wire_header(
        wire->headers, wire->num_headers, "X-Bunq-Server-Signature");
    struct trivet_proof *proof;
    enum trivet_status status;

    TRIVET_TRY(trivet_proof_new(server_key, &proof, login->err));

    status = signature == NULL || signature[0] == '\0'
                 ? TRIVET_OK
                 : trivet_proof_check_answer(proof, wire, signature,
                     &login->record->scheme, login->err);
    trivet_proof_free(proof);

    return status;
}

static enum trivet_status
install(const struct login *login)
{
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT];
    struct trivet_installation_answer answer;
    struct trivet_wire_answer wire;
    struct trivet_request_body body;
    enum trivet_status status;

    trivet_tell(login->context->settings, TRIVET_EVENT_STEP, 0,
        "installation: exchanging public keys with %s",
        login->record->base_url);
    TRIVET_TRY(write_public_key(login, public_key, sizeof public_key));

    body = trivet_client_message_installation(public_key);
    status = post(login, "installation", &body, &wire);
    trivet_request_body_release(&body);
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_client_message_read_installation(
        trivet_slice_make(wire.body, wire.body_len), &answer, login->err);
    if (status == TRIVET_OK) {
        status = check_installation(login, &wire, answer.public_key);
    }
    trivet_wire_answer_release(&wire);
    if (status == TRIVET_OK) {
        login->record->installation_token = answer.token;
        memcpy(login->record->server_key, answer.public_key,
            sizeof login->record->server_key);
    }

    trivet_wipe(&answer, sizeof answer);
    return status;
}

static enum trivet_status
register_device(const struct login *login)
{
    const struct trivet_settings *settings = login->context->settings;
    struct trivet_wire_answer wire;
    struct trivet_request_body body;
    enum trivet_status status;

    trivet_tell(settings, TRIVET_EVENT_STEP, 0,
        "device-server: binding the API key to this device and its address");
    body = trivet_client_message_device(login->record->description,
        trivet_secret_slice(&login->record->api_key),
        (const char *const *) settings->permitted_ips,
        settings->num_permitted_ips);
    status = post(login, "device-server", &body, &wire);
    trivet_request_body_release(&body);
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_client_message_read_id(
        trivet_slice_make(wire.body, wire.body_len), &login->record->device_id,
        login->err);
    trivet_wire_answer_release(&wire);
    login->record->has_device = status == TRIVET_OK;

    return status;
}

static enum trivet_status
open_session(const struct login *login)
{
    struct trivet_record *record = login->record;
    struct trivet_session_answer answer;
    struct trivet_wire_answer wire;
    struct trivet_request_body body;
    enum trivet_status status;

    trivet_tell(login->context->settings, TRIVET_EVENT_STEP, 0,
        "session-server: opening a session");
    body = trivet_client_message_session(trivet_secret_slice(&record->api_key));
    status = post(login, "session-server", &body, &wire);
    trivet_request_body_release(&body);
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_client_message_read_session(
        trivet_slice_make(wire.body, wire.body_len), &answer, login->err);
    if (status == TRIVET_OK) {
        record->session_token = answer.token;
        record->holder = answer.holder;
        record->session_expires_us =
            wire.sent_us + answer.holder.session_timeout_s * TRIVET_US_PER_S;
    }

    trivet_wire_answer_release(&wire);
    trivet_wipe(&answer, sizeof answer);
    return status;
}

/* What comes when, and when it is missing. */
static bool
lacks_key_pair(const struct trivet_record *record)
{
    return record->private_key[0] == '\0';
}

static bool
lacks_installation(const struct trivet_record *record)
{
    return record->installation_token.len == 0;
}

static bool
lacks_device(const struct trivet_record *record)
{
    return !record->has_device;
}

static bool
lacks_session(const struct trivet_record *record)
{
    return trivet_session_is_over(record, trivet_clock_now_us());
}

static const struct {
    bool (*is_missing)(const struct trivet_record *record);
    enum trivet_status (*take)(const struct login *login);
} steps[] = {
    {lacks_key_pair, make_key_pair},
    {lacks_installation, install},
    {lacks_device, register_device},
    {lacks_session, open_session},
};

/* A session that cannot be written down serves this process all the same: the
 * next one could not be opened for half a minute. */
static enum trivet_status
keep_step(const struct login *login, bool is_session)
{
    const char *file = login->context->settings->file;
    struct trivet_error ours = {.status = TRIVET_OK};
    enum trivet_status status;

    if (login->is_read_only) {
        status = trivet_error_set(
            &ours, TRIVET_E_USAGE, "session", "%s cannot be written", file);
    } else {
        status = trivet_context_save(login->context, login->record, &ours);
    }

    if (status != TRIVET_OK && !is_session) {
        return trivet_error_set(
            login->err, ours.status, ours.where, "%s", ours.detail);
    }
    if (status != TRIVET_OK) {
        trivet_context_keep_in_memory(
            login->context, login->record, ours.detail);
    }

    trivet_context_adopt(login->context, login->record);
    return TRIVET_OK;
}

/* An installation or a device that is lost with the process is of no use to
 * anybody: such steps are not even taken. */
static enum trivet_status
check_step_can_be_kept(const struct login *login, bool is_session)
{
    return is_session || !login->is_read_only
               ? TRIVET_OK
               : trivet_error_set(login->err, TRIVET_E_USAGE, "session",
                   "%s cannot be written, and a login has to be: log in where "
                   "it can (trivet login)",
                   login->context->settings->file);
}

static enum trivet_status
take_steps(const struct login *login)
{
    if (login->record->api_key.len == 0) {
        return trivet_error_set(login->err, TRIVET_E_NOT_FOUND, "session",
            "there is no API key, neither given nor in the context file");
    }

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (!steps[i].is_missing(login->record)) {
            continue;
        }

        TRIVET_TRY(
            check_step_can_be_kept(login, steps[i].take == open_session));
        TRIVET_TRY(steps[i].take(login));
        TRIVET_TRY(keep_step(login, steps[i].take == open_session));
    }

    return TRIVET_OK;
}

static bool
is_same(const struct trivet_secret *a, const struct trivet_secret *b)
{
    return a->len == b->len && trivet_ct_equal(a->bytes, b->bytes, a->len);
}

static enum trivet_status
ensure_locked(struct trivet_context *context, const struct trivet_secret *dead,
    bool is_read_only, struct trivet_record *record, struct trivet_error *err)
{
    const struct login login = {context, record, err, is_read_only};
    bool is_new;
    enum trivet_status status = trivet_context_load(context, record, err);

    if (status != TRIVET_OK && status != TRIVET_E_NOT_FOUND) {
        return status;
    }
    if (dead != NULL && is_same(&record->session_token, dead)) {
        trivet_record_drop_session(record);
    }

    is_new = status == TRIVET_E_NOT_FOUND;
    status = take_steps(&login);
    if (status == TRIVET_OK) {
        trivet_context_adopt(context, record);
    } else if (is_new && lacks_installation(record)) {
        /* A file with a key pair that nobody knows would only stand in the way
         * of the right URL. */
        (void) unlink(context->settings->file);
    }

    return status;
}

enum trivet_status
trivet_session_ensure(struct trivet_context *context,
    const struct trivet_secret *dead, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (record == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "session", "out of memory");
    }

    status = trivet_context_lock(context, &lock, err);
    if (status == TRIVET_OK) {
        status = ensure_locked(context, dead, lock.is_read_only, record, err);
        trivet_file_lock_release(&lock);
    }

    trivet_record_free(record);
    return status;
}
