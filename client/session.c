/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - the steps to a session, each run once
 *
 * The file is written after each step. A process that dies between a step and
 * its writing leaves at most an installation or a device behind that nobody
 * uses; the next process runs that step again.
 */
#include "client/session.h"

#include <string.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "client/clock.h"
#include "client/announcement.h"
#include "client/context_file.h"
#include "client/pin_learn.h"
#include "client/proof.h"
#include "client/refusal.h"
#include "client/state.h"
#include "client/worker.h"
#include "core/field_names.h"
#include "core/message/device.h"
#include "core/message/id.h"
#include "core/message/installation.h"
#include "core/message/session.h"
#include "crypto/key.h"

enum {
    RENEW_AT_LEFT_S = 30,
    SHORT_TIMEOUT_S = 120, /* of which a quarter is enough */
    NUM_TO_INSTALL = 2     /* steps: key pair, installation */
};

bool
trivet_session_is_over(const struct trivet_record *record, int64_t now_us)
{
    int64_t timeout_s = record->holder.session_timeout_s;
    bool is_short = timeout_s > 0 && timeout_s < SHORT_TIMEOUT_S;
    int64_t margin_s = is_short ? timeout_s / 4 : RENEW_AT_LEFT_S;

    return record->session_token.len == 0
           || record->session_expires_us - now_us <= margin_s * TRIVET_US_PER_S;
}

/* ---- the steps --------------------------------------------------------- */

/* What a step needs. */
struct login {
    struct trivet_context *context;
    struct trivet_record *record;
    struct trivet_error *err;
    bool is_read_only; /* nothing can be written down */
    bool has_opened;   /* a session, now */
};

/* What may have happened at the server when a step's answer was lost. What was
 * done before the step is in the file. */
static const struct {
    const char *path;
    const char *text;
} losses[] = {
    {"installation", "it may have made an installation, which stays unused"},
    {"device-server", "it may have registered this device; the installation is "
                      "kept"},
    {"payment-service-provider-credential",
        "it may have made an API key, which stays unused; the installation is "
        "kept"},
    {"session-server", "it may have opened a session, which stays unused; "
                       "installation and device are kept"},
};

/* The next try runs the step again, which does no harm. */
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

enum trivet_status
trivet_session_post(struct trivet_context *context,
    struct trivet_record *record, const char *path,
    const struct trivet_buffer *body, struct trivet_wire_answer *out,
    struct trivet_error *err)
{
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
        return trivet_error_set(err, TRIVET_E_MEMORY, "session",
            "out of memory, or a text is not UTF-8");
    }

    /* Not one of the pool: the pool's workers have other keys than this record.
     */
    TRIVET_TRY(trivet_worker_new(context->settings, record, 0, &worker, err));
    status = trivet_worker_exchange(worker, &order, out, &is_verified, &ours);
    if (status == TRIVET_E_UNAVAILABLE && trivet_worker_has_sent(worker)) {
        status = explain_lost_step(path, &ours, err);
    } else if (status != TRIVET_OK) {
        status =
            trivet_error_set(err, ours.status, ours.where, "%s", ours.detail);
    }
    record->scheme = trivet_worker_scheme(worker);
    trivet_worker_free(worker);

    if (status == TRIVET_OK && (out->status < 200 || out->status > 299)) {
        status = trivet_refusal_explain(out, record->base_url, path, err);
        trivet_wire_answer_release(out);
    }

    return status;
}

static enum trivet_status
post(const struct login *login, const char *path,
    const struct trivet_buffer *body, struct trivet_wire_answer *out)
{
    return trivet_session_post(
        login->context, login->record, path, body, out, login->err);
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

    if (status != TRIVET_OK) {
        return trivet_error_set(
            login->err, status, "session", "cannot store the private key");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_session_public_key(const struct trivet_record *record,
    char out[TRIVET_MAX_PUBLIC_KEY_TEXT], struct trivet_error *err)
{
    struct trivet_private_key *key;
    enum trivet_status status;

    TRIVET_TRY(trivet_private_key_parse(
        trivet_slice_text(record->private_key), &key, err));
    status =
        trivet_private_key_public_pem(key, out, TRIVET_MAX_PUBLIC_KEY_TEXT);
    trivet_private_key_free(key);

    return status;
}

/* The answer contains the key that it is signed with: if there is a signature,
 * it must be valid, and it shows in which form the server signs. */
static enum trivet_status
check_installation(const struct login *login,
    const struct trivet_wire_answer *wire, const char *server_key)
{
    const char *signature = trivet_wire_header(
        wire->headers, wire->num_headers, TRIVET_FIELD_SERVER_SIGNATURE);
    struct trivet_proof *proof;
    enum trivet_status status;

    TRIVET_TRY(trivet_proof_new(server_key, &proof, login->err));
    if (signature == NULL || signature[0] == '\0') {
        trivet_proof_free(proof);
        return TRIVET_OK;
    }

    status = trivet_proof_check_answer(
        proof, wire, signature, &login->record->scheme, login->err);
    trivet_proof_free(proof);

    return status;
}

static enum trivet_status
install(const struct login *login)
{
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT];
    struct trivet_installation_answer answer;
    struct trivet_wire_answer wire;
    struct trivet_buffer body;
    enum trivet_status status;

    trivet_tell(login->context->settings, TRIVET_EVENT_STEP, 0,
        "installation: exchanging public keys with %s",
        login->record->base_url);
    TRIVET_TRY(
        trivet_session_public_key(login->record, public_key, login->err));

    body = trivet_installation_request_write(public_key);
    status = post(login, "installation", &body, &wire);
    trivet_buffer_free(&body);
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_installation_answer_read(
        trivet_buffer_slice(&wire.body), &answer, login->err);
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
    struct trivet_buffer body;
    enum trivet_status status;

    trivet_tell(settings, TRIVET_EVENT_STEP, 0,
        "device-server: binding the API key to this device and its address");
    body = trivet_device_request_write(login->record->description,
        trivet_secret_slice(&login->record->api_key),
        (const char *const *) settings->permitted_ips,
        settings->num_permitted_ips);
    status = post(login, "device-server", &body, &wire);
    trivet_buffer_free(&body);
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_id_answer_read(
        trivet_buffer_slice(&wire.body), &login->record->device_id, login->err);
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
    struct trivet_buffer body;
    enum trivet_status status;

    trivet_tell(login->context->settings, TRIVET_EVENT_STEP, 0,
        "session-server: opening a session");
    body = trivet_session_request_write(trivet_secret_slice(&record->api_key));
    status = post(login, "session-server", &body, &wire);
    trivet_buffer_free(&body);
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_session_answer_read(
        trivet_buffer_slice(&wire.body), &answer, login->err);
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

/* Whether a step is missing. */
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
    enum trivet_status (*run)(const struct login *login);
} steps[] = {
    {lacks_key_pair, make_key_pair},
    {lacks_installation, install},
    {lacks_device, register_device},
    {lacks_session, open_session},
};

/* A session that cannot be written to the file is used by this process all the
 * same: another one could not be opened for 30 s. */
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
        trivet_state_set_own_session(
            login->context, login->record, ours.detail);
    }

    trivet_state_set_record(login->context, login->record);
    return TRIVET_OK;
}

/* An installation or a device that is lost with the process serves nobody: such
 * steps are not run. */
static enum trivet_status
check_step_can_be_kept(const struct login *login, bool is_session)
{
    if (!is_session && login->is_read_only) {
        return trivet_error_set(login->err, TRIVET_E_USAGE, "session",
            "%s cannot be written, and a login must be written: log in where "
            "it can be (trivet login)",
            login->context->settings->file);
    }

    return TRIVET_OK;
}

bool
trivet_session_wants_first_pin(
    const struct trivet_settings *settings, const struct trivet_record *record)
{
    bool is_asked = (settings->flags & TRIVET_OPEN_PIN_ON_FIRST_USE) != 0;
    bool has_none = record->pins.num_pins == 0;
    /* Pins that are given with a first login are those of keys to come. */
    bool is_first =
        record->installation_token.len == 0 && settings->pins.num_pins > 0;

    return is_asked && (has_none || is_first);
}

/* Before anything is sent: all steps are then held to that key. */
static enum trivet_status
pin_first_key(const struct login *login)
{
    struct trivet_pin_set *pins = &login->record->pins;
    struct trivet_pin pin;

    trivet_tell(login->context->settings, TRIVET_EVENT_STEP, 0,
        "pins: pinning the key that %s shows now", login->record->base_url);
    TRIVET_TRY(trivet_pin_see(
        login->context->settings, login->record, &pin, login->err));

    if (trivet_pin_set_has(pins, pin.digest, trivet_clock_now_us())) {
        return TRIVET_OK;
    }
    if (pins->num_pins == TRIVET_MAX_PINS) {
        return trivet_error_set(login->err, TRIVET_E_LIMIT, "session",
            "more than %d pins", (int) TRIVET_MAX_PINS);
    }

    pins->pins[pins->num_pins++] = pin;
    return TRIVET_OK;
}

static enum trivet_status
run_first_pin(const struct login *login)
{
    if (!trivet_session_wants_first_pin(
            login->context->settings, login->record)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(check_step_can_be_kept(login, false));
    TRIVET_TRY(pin_first_key(login));

    return keep_step(login, false);
}

/* Those of the first num_steps that are missing. */
static enum trivet_status
run_missing(struct login *login, size_t num_steps)
{
    TRIVET_TRY(run_first_pin(login));

    for (size_t i = 0; i < num_steps; i++) {
        if (!steps[i].is_missing(login->record)) {
            continue;
        }

        TRIVET_TRY(check_step_can_be_kept(login, steps[i].run == open_session));
        TRIVET_TRY(steps[i].run(login));
        TRIVET_TRY(keep_step(login, steps[i].run == open_session));
        login->has_opened = steps[i].run == open_session;
    }

    return TRIVET_OK;
}

static enum trivet_status
run_steps(struct login *login)
{
    if (login->record->api_key.len == 0) {
        return trivet_error_set(login->err, TRIVET_E_NOT_FOUND, "session",
            "there is no API key, neither given nor in the context file");
    }

    return run_missing(login, sizeof steps / sizeof steps[0]);
}

enum trivet_status
trivet_session_install(struct trivet_context *context,
    struct trivet_record *record, struct trivet_error *err)
{
    struct login login = {context, record, err, false, false};

    return run_missing(&login, NUM_TO_INSTALL);
}

static bool
is_same(const struct trivet_secret *a, const struct trivet_secret *b)
{
    return a->len == b->len && trivet_ct_equal(a->bytes, b->bytes, a->len);
}

static enum trivet_status
ensure_locked(struct trivet_context *context, const struct trivet_secret *ended,
    bool is_read_only, struct trivet_record *record, bool *out_has_opened,
    struct trivet_error *err)
{
    struct login login = {context, record, err, is_read_only, false};
    bool is_new;
    enum trivet_status status = trivet_context_load(context, record, err);

    if (status != TRIVET_OK && status != TRIVET_E_NOT_FOUND) {
        return status;
    }
    if (ended != NULL && is_same(&record->session_token, ended)) {
        trivet_record_drop_session(record);
    }

    is_new = status == TRIVET_E_NOT_FOUND;
    status = run_steps(&login);
    *out_has_opened = login.has_opened;
    if (status == TRIVET_OK) {
        trivet_state_set_record(context, record);
    } else if (is_new && lacks_installation(record)) {
        /* A file with nothing but a key pair would be in the way of a login
         * with the right URL. */
        (void) unlink(context->settings->file);
    }

    return status;
}

enum trivet_status
trivet_session_ensure(struct trivet_context *context,
    const struct trivet_secret *ended, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_file_lock lock;
    bool has_opened = false;
    enum trivet_status status;

    if (record == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "session", "out of memory");
    }

    status = trivet_context_lock(context, &lock, err);
    if (status == TRIVET_OK) {
        status = ensure_locked(
            context, ended, lock.is_read_only, record, &has_opened, err);
        trivet_file_lock_release(&lock);
    }

    trivet_record_free(record);
    if (has_opened) {
        trivet_announcement_follow(context, true);
    }

    return status;
}
