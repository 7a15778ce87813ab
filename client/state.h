/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what this process knows of a context
 *
 * The record as last read or written, and the workers that no thread uses now.
 * A state belongs to one process: a child after fork makes one of its own and
 * reads the file again.
 *
 * Threads: any number at once; the mutex is held by the functions here and in
 * pool.c, call.c, context.c and logout.c, never during an exchange.
 */
#ifndef TRIVET_CLIENT_STATE_H
#define TRIVET_CLIENT_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/context.h"
#include "client/record.h"

struct trivet_worker;

struct trivet_state {
    pid_t pid;
    struct trivet_state *inherited; /* the parent's: not to be touched */

    pthread_mutex_t mutex; /* guards what follows */
    bool has_record;
    uint64_t generation; /* counts changes of what workers are made of */
    struct trivet_record record;
    struct trivet_worker *idle;
    uint64_t refused_call; /* a hash; see call.c */

    /* A session of this process only, because the file cannot be written. It
     * replaces the file's session for as long as that one stays the same. */
    bool has_own_session;
    struct trivet_record own;            /* only its session counts     */
    struct trivet_secret file_token;     /* the file's session, as read */
    struct trivet_secret replaced_token; /* which `own` replaces        */
};

/* `inherited` is the parent's state, NULL at first. NULL: out of memory. */
struct trivet_state *trivet_state_new(struct trivet_state *inherited);
void trivet_state_free(struct trivet_state *state); /* wipes; workers too */

/* The state of this process; NULL when memory ran out right after a fork. */
struct trivet_state *trivet_context_state(struct trivet_context *context);

/* Makes record what this process knows from now on. */
void trivet_state_set_record(
    struct trivet_context *context, const struct trivet_record *record);

/* Makes the session of record this process's own: the file cannot hold it,
 * which `reason` explains. The first time, a warning says so. */
void trivet_state_set_own_session(struct trivet_context *context,
    const struct trivet_record *record, const char *reason);

/* For a record just read from the file: notes its session, and puts this
 * process's own session, if there is one, in its place, unless the file has got
 * another session since. */
void trivet_state_apply_own_session(
    struct trivet_context *context, struct trivet_record *record);

#endif
