/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - opening, keeping and closing a context */
#define _POSIX_C_SOURCE 200809L
#include "client/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "client/clock.h"
#include "client/secret_file.h"

/* What a process does under the lock at most: four exchanges, each of which
 * may wait for its turn. */
enum { NUM_STEPS = 4 };

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

/* ---- the file ---------------------------------------------------------- */

enum trivet_status
trivet_context_lock(struct trivet_context *context,
    struct trivet_file_lock *out, struct trivet_error *err)
{
    const struct trivet_settings *settings = context->settings;
    int max_wait_s = NUM_STEPS * (settings->timeout_s + settings->max_wait_s);
    enum trivet_status status =
        trivet_file_lock_acquire(settings->lock_file, max_wait_s, out, err);

    if (status == TRIVET_OK) {
        out->is_read_only = trivet_secret_file_is_read_only(settings->file);
    }
    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    status = trivet_file_lock_itself(settings->file, max_wait_s, out, err);

    return status != TRIVET_E_NOT_FOUND
               ? status
               : trivet_error_set(err, TRIVET_E_USAGE, "context.lock",
                   "%s: neither there nor can it be made", settings->file);
}

/* The same for a change that has to be written. */
static enum trivet_status
lock_for_writing(struct trivet_context *context, struct trivet_file_lock *out,
    struct trivet_error *err)
{
    TRIVET_TRY(trivet_context_lock(context, out, err));

    if (out->is_read_only) {
        trivet_file_lock_release(out);
        return trivet_error_set(err, TRIVET_E_USAGE, "context.lock",
            "%s: cannot be written", context->settings->file);
    }

    return TRIVET_OK;
}

/* Puts the session of this process, if it has one of its own, over that of the
 * file, unless the file has got another. */
static void
put_own_session(struct trivet_context *context, struct trivet_record *record)
{
    struct trivet_state *state = trivet_context_state(context);
    const struct trivet_secret *token = &record->session_token;

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    state->file_token = *token;
    if (state->has_own_session && state->passed_over.len == token->len
        && trivet_ct_equal(state->passed_over.bytes, token->bytes, token->len))
    {
        record->session_token = state->own.session_token;
        record->session_expires_us = state->own.session_expires_us;
        record->holder = state->own.holder;
    }
    (void) pthread_mutex_unlock(&state->mutex);
}

enum trivet_status
trivet_context_load(struct trivet_context *context, struct trivet_record *out,
    struct trivet_error *err)
{
    const struct trivet_settings *settings = context->settings;
    struct trivet_buffer text = {0};
    enum trivet_status status =
        trivet_secret_file_read(settings->file, 077, &text, err);

    memset(out, 0, sizeof *out);
    if (status == TRIVET_E_NOT_FOUND) {
        enum trivet_status applied = trivet_settings_apply(settings, out, err);

        return applied == TRIVET_OK ? status : applied;
    }
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_record_parse(trivet_buffer_slice(&text), out, err);
    trivet_buffer_free(&text);
    if (status == TRIVET_OK) {
        put_own_session(context, out);
        status = trivet_settings_apply(settings, out, err);
    }

    return status;
}

enum trivet_status
trivet_context_save(struct trivet_context *context,
    const struct trivet_record *record, struct trivet_error *err)
{
    struct trivet_buffer text;
    enum trivet_status status;

    TRIVET_TRY(trivet_record_format(record, &text, err));
    status = trivet_secret_file_replace(
        context->settings->file, trivet_buffer_slice(&text), err);
    trivet_buffer_free(&text);

    return status;
}

/* Changes the record in the file, and what is known of it. */
static enum trivet_status
change_record(struct trivet_context *context,
    void (*change)(struct trivet_record *record, const void *arg),
    const void *arg, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    status = lock_for_writing(context, &lock, err);
    if (status == TRIVET_OK) {
        status = trivet_context_load(context, record, err);
        if (status == TRIVET_OK) {
            change(record, arg);
            status = trivet_context_save(context, record, err);
        }
        if (status == TRIVET_OK) {
            trivet_context_adopt(context, record);
        }
        trivet_file_lock_release(&lock);
    }

    trivet_record_free(record);
    return status;
}

static void
put_scheme(struct trivet_record *record, const void *arg)
{
    record->scheme = *(const enum trivet_scheme *) arg;
}

void
trivet_context_keep_scheme(struct trivet_context *context)
{
    struct trivet_state *state = trivet_context_state(context);
    enum trivet_scheme scheme;

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    scheme = state->record.scheme;
    (void) pthread_mutex_unlock(&state->mutex);
    /* Else the next process learns it again. */
    (void) !change_record(context, put_scheme, &scheme, NULL);
}

/* ---- open and close ---------------------------------------------------- */

/*
 * What of the present file a new beginning keeps: the API key, where it
 * belongs to, and how to get there. A file that cannot be read keeps nothing.
 */
static void
keep_old(const struct trivet_settings *settings, struct trivet_record *record)
{
    struct trivet_buffer text = {0};
    bool moves;

    if (trivet_secret_file_read(settings->file, 077, &text, NULL) != TRIVET_OK
        || trivet_record_parse(trivet_buffer_slice(&text), record, NULL)
               != TRIVET_OK)
    {
        trivet_buffer_free(&text);
        memset(record, 0, sizeof *record);
        return;
    }

    trivet_buffer_free(&text);
    trivet_record_reset(record);
    moves = settings->environment != TRIVET_ENVIRONMENT_UNSET
            && strcmp(settings->base_url, record->base_url) != 0;
    if (moves || settings->api_key.len > 0) {
        trivet_secret_wipe(&record->api_key);
    }
    if (moves) {
        record->base_url[0] = '\0';
    }
}

/* Puts a file without installation in the place of the one that is there. */
static enum trivet_status
begin_anew(struct trivet_context *context, struct trivet_record *record,
    struct trivet_error *err)
{
    keep_old(context->settings, record);
    TRIVET_TRY(trivet_settings_apply(context->settings, record, err));

    if (record->api_key.len == 0) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "context.open",
            "to start anew somewhere, its API key has to be given");
    }

    return trivet_context_save(context, record, err);
}

static enum trivet_status
start_anew(struct trivet_context *context, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    status = lock_for_writing(context, &lock, err);
    if (status == TRIVET_OK) {
        status = begin_anew(context, record, err);
        trivet_file_lock_release(&lock);
    }

    trivet_record_free(record);
    return status;
}

static enum trivet_status
open_offline(struct trivet_context *context, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    status = trivet_context_load(context, record, err);
    if (status == TRIVET_OK) {
        trivet_context_adopt(context, record);
    }

    trivet_record_free(record);
    return status;
}

/* What is bound once cannot be given again: said, not dropped in silence. */
static void
warn_of_late_settings(
    struct trivet_context *context, const struct trivet_record *record)
{
    if (record->has_device && context->settings->num_permitted_ips > 0) {
        trivet_tell(context->settings, TRIVET_EVENT_WARNING, 0,
            "the device is registered already: its addresses are changed with "
            "`trivet ip`, not by a login");
    }
}

static enum trivet_status
open_with(struct trivet_context *context, struct trivet_error *err)
{
    const struct trivet_record *record;

    if ((context->settings->flags & TRIVET_OPEN_NEW) != 0) {
        TRIVET_TRY(start_anew(context, err));
    }

    if ((context->settings->flags & TRIVET_OPEN_OFFLINE) != 0) {
        return open_offline(context, err);
    }

    /* The usual way, without the lock: a session is there and lives. */
    if (open_offline(context, NULL) == TRIVET_OK) {
        record = &trivet_context_state(context)->record;
        warn_of_late_settings(context, record);
        if (!trivet_session_is_over(record, trivet_clock_now_us())) {
            return TRIVET_OK;
        }
    }

    return trivet_session_ensure(context, NULL, err);
}

enum trivet_status
trivet_context_open(const struct trivet_context_options *options,
    struct trivet_context **out, struct trivet_error *err)
{
    struct trivet_context *context = calloc(1, sizeof *context);
    enum trivet_status status;

    if (context == NULL) {
        return out_of_memory(err);
    }

    atomic_init(&context->state, trivet_state_new(NULL));
    status = atomic_load(&context->state) == NULL
                 ? out_of_memory(err)
                 : trivet_settings_new(options, true, &context->settings, err);
    if (status == TRIVET_OK) {
        status = open_with(context, err);
    }
    if (status != TRIVET_OK) {
        trivet_context_close(context);
        return status;
    }

    *out = context;
    return TRIVET_OK;
}

void
trivet_context_close(struct trivet_context *context)
{
    struct trivet_state *state;

    if (context == NULL) {
        return;
    }

    state = atomic_load(&context->state);
    if (state != NULL && state->pid == getpid()) {
        trivet_state_free(state);
    } else if (state != NULL) {
        trivet_wipe(&state->record, sizeof state->record);
    }

    trivet_settings_free(context->settings);
    free(context);
}

/* ---- what is known ----------------------------------------------------- */

static void
fill_info(const struct trivet_record *record, struct trivet_context_info *out)
{
    memset(out, 0, sizeof *out);
    out->environment = record->environment;
    memcpy(out->base_url, record->base_url, sizeof out->base_url);
    out->has_api_key = record->api_key.len > 0;
    out->has_installation = record->installation_token.len > 0;
    out->has_device = record->has_device;
    out->has_session = record->session_token.len > 0;
    out->device_id = record->device_id;
    out->session_expires_us = record->session_expires_us;
    memcpy(out->user_type, record->holder.type, sizeof out->user_type);
    out->user_id = record->holder.id;
    memcpy(out->user_name, record->holder.name, sizeof out->user_name);
    memcpy(out->ca_file, record->ca_file, sizeof out->ca_file);
    memcpy(out->proxy, record->proxy, sizeof out->proxy);
    memcpy(out->pins, record->pins.pins, sizeof out->pins);
    out->num_pins = record->pins.num_pins;
    out->pin_mode = record->pins.mode;
}

void
trivet_context_describe(
    struct trivet_context *context, struct trivet_context_info *out)
{
    struct trivet_state *state;

    (void) open_offline(context, NULL); /* else what is known already */
    state = trivet_context_state(context);
    memset(out, 0, sizeof *out);
    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    fill_info(&state->record, out);
    (void) pthread_mutex_unlock(&state->mutex);
}

static void
forget_session(struct trivet_record *record, const void *arg)
{
    const struct trivet_secret *token = arg;

    /* Unless another process has opened a new one meanwhile. */
    if (record->session_token.len == token->len
        && trivet_ct_equal(
            record->session_token.bytes, token->bytes, token->len))
    {
        trivet_record_drop_session(record);
    }
}

/* token: of the session that ended, or empty when there is none. Wipe it. */
static enum trivet_status
end_session(struct trivet_context *context, struct trivet_secret *token,
    struct trivet_error *err)
{
    const struct trivet_call call = {.method = "DELETE",
        .path = "session/0",
        .flags = TRIVET_CALL_KEEP_SESSION};
    struct trivet_state *state = trivet_context_state(context);
    struct trivet_answer *answer = NULL;
    enum trivet_status status;

    token->len = 0;
    if (state == NULL) {
        return out_of_memory(err);
    }

    TRIVET_TRY(open_offline(context, err));
    (void) pthread_mutex_lock(&state->mutex);
    *token = state->record.session_token;
    (void) pthread_mutex_unlock(&state->mutex);
    if (token->len == 0) {
        return TRIVET_OK;
    }

    /* 401 and 403: it was dead already. */
    status = trivet_call(context, &call, &answer, err);
    if (status == TRIVET_E_OUTCOME_UNKNOWN) {
        status = trivet_error_set(err, status, "context.logout",
            "no answer came: it is not known whether the session has ended. It "
            "is kept in the file: log out again to be sure");
    }
    if (status == TRIVET_OK && answer->status >= 300 && answer->status != 401
        && answer->status != 403)
    {
        status = trivet_error_set(err, TRIVET_E_REFUSED, "context.logout",
            "the server answered %u: the session goes on", answer->status);
    }
    trivet_answer_free(answer);

    return status;
}

enum trivet_status
trivet_context_end_session(
    struct trivet_context *context, struct trivet_error *err)
{
    struct trivet_secret token;
    enum trivet_status status = end_session(context, &token, err);

    trivet_secret_wipe(&token);
    return status;
}

enum trivet_status
trivet_context_logout(struct trivet_context *context, struct trivet_error *err)
{
    struct trivet_secret token;
    enum trivet_status status = end_session(context, &token, err);

    if (status == TRIVET_OK && token.len > 0) {
        status = change_record(context, forget_session, &token, err);
    }

    trivet_secret_wipe(&token);
    return status;
}

static void
put_pins(struct trivet_record *record, const void *arg)
{
    memcpy(&record->pins, arg, sizeof record->pins);
}

enum trivet_status
trivet_context_set_pins(struct trivet_context *context,
    const struct trivet_pin *pins, size_t num_pins, enum trivet_pin_mode mode,
    struct trivet_error *err)
{
    struct trivet_pin_set set;

    TRIVET_TRY(trivet_pin_set_make(pins, num_pins, mode, &set, err));

    return change_record(context, put_pins, &set, err);
}

/* ---- beside the calls -------------------------------------------------- */

enum trivet_status
trivet_context_sign(struct trivet_context *context, const void *data,
    size_t len, char out[TRIVET_SIGNATURE_SIZE], struct trivet_error *err)
{
    struct trivet_worker *worker;
    enum trivet_status status;

    TRIVET_TRY(trivet_context_take_worker(context, &worker, err));
    status = trivet_worker_sign(worker, trivet_slice_make(data, len), out, err);
    trivet_context_give_worker(context, worker);

    return status;
}

enum trivet_status
trivet_context_verify(struct trivet_context *context, const void *data,
    size_t len, const char *signature, struct trivet_error *err)
{
    struct trivet_worker *worker;
    enum trivet_status status;

    TRIVET_TRY(trivet_context_take_worker(context, &worker, err));
    status = trivet_worker_verify(worker, trivet_slice_make(data, len),
        trivet_slice_text(signature), err);
    trivet_context_give_worker(context, worker);

    return status;
}
