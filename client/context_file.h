/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context_file.h - the file of a context: what all processes share
 *
 * It is changed only by the holder of its lock.
 * Blocks: yes. Threads and processes: any number at once.
 */
#ifndef TRIVET_CLIENT_CONTEXT_FILE_H
#define TRIVET_CLIENT_CONTEXT_FILE_H

#include "client/context.h"
#include "client/file_lock.h"
#include "client/record.h"

/*
 * Acquires the lock for a change of the file. It is acquired also where nothing
 * can be written; is_read_only then says so. Release it.
 *
 * TRIVET_E_UNAVAILABLE  another holder kept it for longer than a login takes.
 * TRIVET_E_USAGE        the file is missing and cannot be made.
 */
TRIVET_MUST_USE enum trivet_status trivet_context_lock(
    struct trivet_context *context, struct trivet_file_lock *out,
    struct trivet_error *err);

/* The same, but TRIVET_E_USAGE when nothing can be written. */
TRIVET_MUST_USE enum trivet_status trivet_context_lock_for_writing(
    struct trivet_context *context, struct trivet_file_lock *out,
    struct trivet_error *err);

/* The record in the file, with this process's own session and the settings
 * applied to it. Zeroed first.
 * TRIVET_E_NOT_FOUND: there is no file; out then holds the settings alone. */
TRIVET_MUST_USE enum trivet_status trivet_context_load(
    struct trivet_context *context, struct trivet_record *out,
    struct trivet_error *err);

/* Writes record to the file. The caller holds the lock. */
TRIVET_MUST_USE enum trivet_status trivet_context_save(
    struct trivet_context *context, const struct trivet_record *record,
    struct trivet_error *err);

/* Loads the file; its record is what this process knows from then on. */
TRIVET_MUST_USE enum trivet_status trivet_context_reload(
    struct trivet_context *context, struct trivet_error *err);

/* The same when this process knows no record yet, as after a fork. A missing
 * file is no failure: the record then holds the settings alone. */
TRIVET_MUST_USE enum trivet_status trivet_context_ensure_record(
    struct trivet_context *context, struct trivet_error *err);

/* Changes the record in the file by change(record, arg), under the lock, and
 * what this process knows of it. */
TRIVET_MUST_USE enum trivet_status trivet_context_change(
    struct trivet_context *context,
    void (*change)(struct trivet_record *record, const void *arg),
    const void *arg, struct trivet_error *err);

#endif
