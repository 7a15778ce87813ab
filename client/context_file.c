/* SPDX-License-Identifier: Apache-2.0 */
/* context_file.c - the file of a context: what all processes share */
#include "client/context_file.h"

#include <stdlib.h>
#include <string.h>

#include "client/secret_file.h"
#include "client/state.h"

/* A holder of the lock makes four exchanges at most, each of which may wait for
 * the rate limit. */
enum { NUM_STEPS = 4 };

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

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
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(err, TRIVET_E_USAGE, "context.lock",
            "%s: it does not exist and cannot be made", settings->file);
    }

    return status;
}

enum trivet_status
trivet_context_lock_for_writing(struct trivet_context *context,
    struct trivet_file_lock *out, struct trivet_error *err)
{
    TRIVET_TRY(trivet_context_lock(context, out, err));

    if (out->is_read_only) {
        trivet_file_lock_release(out);
        return trivet_error_set(err, TRIVET_E_USAGE, "context.lock",
            "%s: cannot be written", context->settings->file);
    }

    return TRIVET_OK;
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
        trivet_state_apply_own_session(context, out);
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

enum trivet_status
trivet_context_reload(struct trivet_context *context, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    status = trivet_context_load(context, record, err);
    if (status == TRIVET_OK) {
        trivet_state_set_record(context, record);
    }

    trivet_record_free(record);
    return status;
}

enum trivet_status
trivet_context_ensure_record(
    struct trivet_context *context, struct trivet_error *err)
{
    struct trivet_state *state = trivet_context_state(context);
    struct trivet_record *record;
    enum trivet_status status;
    bool has_record;

    if (state == NULL) {
        return out_of_memory(err);
    }

    (void) pthread_mutex_lock(&state->mutex);
    has_record = state->has_record;
    (void) pthread_mutex_unlock(&state->mutex);
    if (has_record) {
        return TRIVET_OK;
    }

    record = trivet_record_new();
    if (record == NULL) {
        return out_of_memory(err);
    }

    status = trivet_context_load(context, record, err);
    if (status == TRIVET_OK || status == TRIVET_E_NOT_FOUND) {
        trivet_state_set_record(context, record);
        status = TRIVET_OK;
    }

    trivet_record_free(record);
    return status;
}

enum trivet_status
trivet_context_change(struct trivet_context *context,
    void (*change)(struct trivet_record *record, const void *arg),
    const void *arg, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    status = trivet_context_lock_for_writing(context, &lock, err);
    if (status == TRIVET_OK) {
        status = trivet_context_load(context, record, err);
        if (status == TRIVET_OK) {
            change(record, arg);
            status = trivet_context_save(context, record, err);
        }
        if (status == TRIVET_OK) {
            trivet_state_set_record(context, record);
        }
        trivet_file_lock_release(&lock);
    }

    trivet_record_free(record);
    return status;
}
