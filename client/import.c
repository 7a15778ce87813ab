/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - a context file of an SDK, read and written as trivet's own */
#define _POSIX_C_SOURCE 200809L
#include "trivet/client.h"

#include <stdio.h>
#include <unistd.h>

#include "client/file_lock.h"
#include "client/place.h"
#include "client/record.h"
#include "client/secret_file.h"
#include "client/settings.h"

enum { MAX_LOCK_WAIT_S = 60 };

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

/* Writes text to a file that must not be there yet. */
static enum trivet_status
write_new(const char *to, struct trivet_slice text, struct trivet_error *err)
{
    char lock_path[TRIVET_MAX_FILE_PATH];
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (snprintf(lock_path, sizeof lock_path, "%s.lock", to)
        >= (int) sizeof lock_path)
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "context.import", "the path is too long");
    }

    TRIVET_TRY(
        trivet_file_lock_acquire(lock_path, MAX_LOCK_WAIT_S, &lock, err));
    if (access(to, F_OK) == 0) {
        status = trivet_error_set(
            err, TRIVET_E_CONFLICT, "context.import", "%s exists", to);
    } else {
        status = trivet_secret_file_replace(to, text, err);
    }
    trivet_file_lock_release(&lock);

    return status;
}

/* Puts what was given over what the file says. Another URL is what was asked
 * for, and no conflict as when a context is opened. */
static enum trivet_status
apply_options(const struct trivet_context_options *options,
    struct trivet_record *record, struct trivet_error *err)
{
    struct trivet_settings *settings;
    enum trivet_status status;

    TRIVET_TRY(trivet_settings_new(options, false, &settings, err));

    if (settings->environment != TRIVET_ENVIRONMENT_UNSET) {
        record->base_url[0] = '\0';
    }
    status = trivet_settings_apply(settings, record, err);
    trivet_settings_free(settings);

    return status;
}

enum trivet_status
trivet_context_import(
    const char *from, const char *to, struct trivet_error *err)
{
    return trivet_context_import_with(from, to, NULL, err);
}

enum trivet_status
trivet_context_import_with(const char *from, const char *to,
    const struct trivet_context_options *options, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_buffer body = {0};
    struct trivet_buffer text = {0};
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    /* SDKs write their files readable by all: the copy is not. */
    status = trivet_secret_file_read(from, 0, &text, err);
    if (status == TRIVET_OK) {
        status = trivet_record_parse(trivet_buffer_slice(&text), record, err);
    }
    if (status == TRIVET_OK) {
        status =
            trivet_record_check_pair(trivet_buffer_slice(&text), record, err);
    }
    if (status == TRIVET_OK && options != NULL) {
        status = apply_options(options, record, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_record_format(record, &body, err);
    }
    if (status == TRIVET_OK) {
        status = write_new(to, trivet_buffer_slice(&body), err);
    }

    trivet_buffer_free(&body);
    trivet_buffer_free(&text);
    trivet_record_free(record);
    return status;
}
