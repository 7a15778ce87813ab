/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - what this process knows of a context, and its workers */
#define _POSIX_C_SOURCE 200809L
#include "client/context.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

struct trivet_state *
trivet_state_new(struct trivet_state *inherited)
{
    struct trivet_state *state = calloc(1, sizeof *state);

    if (state == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&state->mutex, NULL) != 0) {
        free(state);
        return NULL;
    }

    state->pid = getpid();
    state->inherited = inherited;
    return state;
}

void
trivet_state_free(struct trivet_state *state)
{
    while (state->idle != NULL) {
        struct trivet_worker *worker = state->idle;

        state->idle = *trivet_worker_next(worker);
        trivet_worker_free(worker);
    }

    (void) pthread_mutex_destroy(&state->mutex);
    trivet_wipe(state, sizeof *state);
    free(state);
}

/*
 * In a child after fork the parent's mutex may be held for ever, its record
 * half-written, and its connections are in use by the parent: all that is put
 * aside, not freed (closing a TLS connection would end it for the parent too).
 */
struct trivet_state *
trivet_context_state(struct trivet_context *context)
{
    struct trivet_state *state = atomic_load(&context->state);
    struct trivet_state *fresh;

    if (state->pid == getpid()) {
        return state;
    }

    fresh = trivet_state_new(state);
    if (fresh == NULL) {
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&context->state, &state, fresh)) {
        trivet_state_free(fresh); /* another thread of the child was faster */
        return state;
    }

    trivet_wipe(&fresh->inherited->record, sizeof fresh->inherited->record);
    trivet_wipe(&fresh->inherited->own, sizeof fresh->inherited->own);
    return fresh;
}

void
trivet_context_keep_in_memory(struct trivet_context *context,
    const struct trivet_record *record, const char *reason)
{
    struct trivet_state *state = trivet_context_state(context);
    bool is_first;

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    is_first = !state->has_own_session;
    state->has_own_session = true;
    state->own = *record;
    state->passed_over = state->file_token;
    (void) pthread_mutex_unlock(&state->mutex);

    if (is_first) {
        trivet_tell(context->settings, TRIVET_EVENT_WARNING, 0,
            "the session is not written down, and ends with this process: %s",
            reason);
    }
}

/* Whether workers made of a have to be made anew for b. */
static bool
makes_other_workers(
    const struct trivet_record *a, const struct trivet_record *b)
{
    return strcmp(a->private_key, b->private_key) != 0
           || strcmp(a->server_key, b->server_key) != 0
           || strcmp(a->base_url, b->base_url) != 0
           || strcmp(a->proxy, b->proxy) != 0
           || strcmp(a->ca_file, b->ca_file) != 0 || a->scheme != b->scheme
           || memcmp(&a->pins, &b->pins, sizeof a->pins) != 0;
}

void
trivet_context_adopt(
    struct trivet_context *context, const struct trivet_record *record)
{
    struct trivet_state *state = trivet_context_state(context);

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    if (makes_other_workers(&state->record, record)) {
        state->generation++;
    }
    state->record = *record;
    state->has_record = true;
    (void) pthread_mutex_unlock(&state->mutex);
}

enum trivet_status
trivet_context_know(struct trivet_context *context, struct trivet_state *state,
    struct trivet_error *err)
{
    struct trivet_record *record;
    enum trivet_status status;
    bool has_record;

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
        trivet_context_adopt(context, record);
        status = TRIVET_OK;
    }

    trivet_record_free(record);
    return status;
}

enum trivet_status
trivet_context_take_worker(struct trivet_context *context,
    struct trivet_worker **out, struct trivet_error *err)
{
    struct trivet_state *state = trivet_context_state(context);
    struct trivet_worker *worker = NULL;
    enum trivet_status status = TRIVET_OK;

    if (state == NULL) {
        return out_of_memory(err);
    }
    TRIVET_TRY(trivet_context_know(context, state, err));

    (void) pthread_mutex_lock(&state->mutex);
    while (state->idle != NULL && worker == NULL) {
        worker = state->idle;
        state->idle = *trivet_worker_next(worker);
        if (trivet_worker_generation(worker) != state->generation) {
            trivet_worker_free(worker);
            worker = NULL;
        }
    }
    if (worker == NULL) {
        status = trivet_worker_new(
            context->settings, &state->record, state->generation, &worker, err);
    }
    (void) pthread_mutex_unlock(&state->mutex);

    if (status == TRIVET_OK) {
        *out = worker;
    }
    return status;
}

void
trivet_context_give_worker(
    struct trivet_context *context, struct trivet_worker *worker)
{
    struct trivet_state *state = trivet_context_state(context);
    bool has_learned = false;

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    if (trivet_worker_generation(worker) == state->generation
        && trivet_worker_scheme(worker) != state->record.scheme)
    {
        /* It has learned: the others are made anew from that. */
        state->record.scheme = trivet_worker_scheme(worker);
        state->generation++;
        has_learned = true;
    }
    *trivet_worker_next(worker) = state->idle;
    state->idle = worker;
    (void) pthread_mutex_unlock(&state->mutex);

    if (has_learned) {
        trivet_context_keep_scheme(context);
    }
}
