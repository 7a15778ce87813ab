/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context.h - the inside of a context, shared by the files of this folder
 *
 *   settings  what the caller asked for; never changes
 *   state     what this process knows: the record as last read or written, and
 *             idle workers. Belongs to one process: a child after fork throws
 *             its copy away and reads the file again
 *   file      the truth, for all processes; changed under its lock alone
 */
#ifndef TRIVET_CLIENT_CONTEXT_H
#define TRIVET_CLIENT_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "client/file_lock.h"
#include "client/record.h"
#include "client/settings.h"
#include "client/worker.h"

struct trivet_state {
    pid_t pid;
    struct trivet_state *inherited; /* the parent's: not to be touched */

    pthread_mutex_t mutex; /* guards what follows */
    bool has_record;
    uint64_t generation; /* counts changes of what workers are made of */
    struct trivet_record record;
    struct trivet_worker *idle;
    uint64_t fruitless; /* see call.c */

    /* A session of this process alone, where the file cannot be written: it
     * stands in for the file's, as long as that has the same one. */
    bool has_own_session;
    struct trivet_record own;         /* of which the session counts */
    struct trivet_secret file_token;  /* as last read                */
    struct trivet_secret passed_over; /* what `own` stands in for    */
};

struct trivet_context {
    struct trivet_settings *settings;
    _Atomic(struct trivet_state *) state;
};

/* `inherited` is that of the parent, NULL at first. NULL: out of memory. */
struct trivet_state *trivet_state_new(struct trivet_state *inherited);
void trivet_state_free(struct trivet_state *state); /* wipes; workers too */

/* The state of this process; NULL when memory ran out right after a fork. */
struct trivet_state *trivet_context_state(struct trivet_context *context);

/* Reads the file when this process has not yet, as after a fork. */
TRIVET_MUST_USE enum trivet_status trivet_context_know(
    struct trivet_context *context, struct trivet_state *state,
    struct trivet_error *err);

/* A worker that fits the present record; give it back. */
TRIVET_MUST_USE enum trivet_status trivet_context_take_worker(
    struct trivet_context *context, struct trivet_worker **out,
    struct trivet_error *err);
void trivet_context_give_worker(
    struct trivet_context *context, struct trivet_worker *worker);

/* Takes record as what is known now. */
void trivet_context_adopt(
    struct trivet_context *context, const struct trivet_record *record);

/* The record in the file, with the settings and a session of this process's own
 * over it. Zeroed first.
 * TRIVET_E_NOT_FOUND: there is no file; out then holds the settings alone. */
TRIVET_MUST_USE enum trivet_status trivet_context_load(
    struct trivet_context *context, struct trivet_record *out,
    struct trivet_error *err);

/* Writes record to the file. The caller holds the lock. */
TRIVET_MUST_USE enum trivet_status trivet_context_save(
    struct trivet_context *context, const struct trivet_record *record,
    struct trivet_error *err);

/* Writes down which form of signatures the server speaks, if that can be. */
void trivet_context_keep_scheme(struct trivet_context *context);

/* From now on the session of record is this process's own. Tells so once. */
void trivet_context_keep_in_memory(struct trivet_context *context,
    const struct trivet_record *record, const char *reason);

/* The lock of the file, for a change of what is in it. Where nothing can be
 * written it is held too, with is_read_only set. */
TRIVET_MUST_USE enum trivet_status trivet_context_lock(
    struct trivet_context *context, struct trivet_file_lock *out,
    struct trivet_error *err);

/*
 * Makes sure that there is a session other than `dead` (NULL: any that is not
 * about to end): by reading what another process wrote, or by the steps that
 * are missing. One at a time, across threads and processes.
 */
TRIVET_MUST_USE enum trivet_status trivet_session_ensure(
    struct trivet_context *context, const struct trivet_secret *dead,
    struct trivet_error *err);

/* Ends the session at the server, and leaves the file as it is: a file that is
 * to be overwritten (erase.h) must not be replaced before. */
TRIVET_MUST_USE enum trivet_status trivet_context_end_session(
    struct trivet_context *context, struct trivet_error *err);

/* Whether the session has as good as ended, by the local clock. */
bool trivet_session_is_over(const struct trivet_record *record, int64_t now_us);

/* Says what a refusal of a step or call means: fills err from its body, and
 * from the reason that a gateway's sandbox tells. */
enum trivet_status trivet_refusal_explain(const struct trivet_wire_answer *in,
    const char *base_url, const char *step, struct trivet_error *err);

#endif
