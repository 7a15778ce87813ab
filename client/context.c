/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - opening, describing, using and closing a context */
#define _POSIX_C_SOURCE 200809L
#include "client/context.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/clock.h"
#include "client/context_file.h"
#include "client/pool.h"
#include "client/secret_file.h"
#include "client/session.h"
#include "client/state.h"

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

/* ---- open and close ---------------------------------------------------- */

/*
 * Reads what TRIVET_OPEN_NEW keeps of the present file: the API key, its
 * server, and how to connect. Of a file that cannot be read nothing is kept.
 */
static void
read_what_stays(
    const struct trivet_settings *settings, struct trivet_record *record)
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

/* Replaces the file by one without an installation. */
static enum trivet_status
replace_file(struct trivet_context *context, struct trivet_record *record,
    struct trivet_error *err)
{
    read_what_stays(context->settings, record);
    TRIVET_TRY(trivet_settings_apply(context->settings, record, err));

    if (record->api_key.len == 0) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "context.open",
            "to begin with another server, give its API key");
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

    status = trivet_context_lock_for_writing(context, &lock, err);
    if (status == TRIVET_OK) {
        status = replace_file(context, record, err);
        trivet_file_lock_release(&lock);
    }

    trivet_record_free(record);
    return status;
}

/* The addresses of a registered device cannot be given again: a warning says
 * that they are not used. */
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
        return trivet_context_reload(context, err);
    }

    /* The usual case, which needs no lock: the file has a valid session. */
    if (trivet_context_reload(context, NULL) == TRIVET_OK) {
        record = &trivet_context_state(context)->record;
        warn_of_late_settings(context, record);
        if (!trivet_session_is_over(record, trivet_clock_now_us())
            && !trivet_session_wants_first_pin(context->settings, record))
        {
            return TRIVET_OK;
        }
    }

    return trivet_session_ensure(context, NULL, err);
}

enum trivet_status
trivet_context_make(const struct trivet_context_options *options,
    struct trivet_context **out, struct trivet_error *err)
{
    struct trivet_context *context = calloc(1, sizeof *context);
    enum trivet_status status;

    if (context == NULL) {
        return out_of_memory(err);
    }

    atomic_init(&context->state, trivet_state_new(NULL));
    if (atomic_load(&context->state) == NULL) {
        status = out_of_memory(err);
    } else {
        status = trivet_settings_new(options, true, &context->settings, err);
    }
    if (status != TRIVET_OK) {
        trivet_context_close(context);
        return status;
    }

    *out = context;
    return TRIVET_OK;
}

enum trivet_status
trivet_context_open(const struct trivet_context_options *options,
    struct trivet_context **out, struct trivet_error *err)
{
    struct trivet_context *context;
    enum trivet_status status;

    TRIVET_TRY(trivet_context_make(options, &context, err));

    status = open_with(context, err);
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

    (void) !trivet_context_reload(context, NULL); /* else: what is known */
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
set_pins(struct trivet_record *record, const void *arg)
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

    return trivet_context_change(context, set_pins, &set, err);
}

/* ---- beside the calls -------------------------------------------------- */

enum trivet_status
trivet_context_sign(struct trivet_context *context, const void *data,
    size_t len, char out[TRIVET_SIGNATURE_SIZE], struct trivet_error *err)
{
    struct trivet_worker *worker;
    enum trivet_status status;

    TRIVET_TRY(trivet_pool_acquire(context, &worker, err));
    status = trivet_worker_sign(worker, trivet_slice_make(data, len), out, err);
    trivet_pool_release(context, worker);

    return status;
}

enum trivet_status
trivet_context_verify(struct trivet_context *context, const void *data,
    size_t len, const char *signature, struct trivet_error *err)
{
    struct trivet_worker *worker;
    enum trivet_status status;

    TRIVET_TRY(trivet_pool_acquire(context, &worker, err));
    status = trivet_worker_verify(worker, trivet_slice_make(data, len),
        trivet_slice_text(signature), err);
    trivet_pool_release(context, worker);

    return status;
}
