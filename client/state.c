/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - what this process knows of a context */
#define _POSIX_C_SOURCE 200809L
#include "client/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/worker.h"

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
 * In a child after fork the parent's mutex may be held for ever, its record may
 * be half-written, and its connections are in use by the parent. So the child
 * keeps the parent's state unused and unfreed: closing a TLS connection would
 * end it for the parent too.
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
trivet_state_set_own_session(struct trivet_context *context,
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
    state->replaced_token = state->file_token;
    (void) pthread_mutex_unlock(&state->mutex);

    if (is_first) {
        trivet_tell(context->settings, TRIVET_EVENT_WARNING, 0,
            "the session cannot be stored, and only this process can use it: "
            "%s",
            reason);
    }
}

/* Whether workers made of record a cannot serve for record b. */
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
trivet_state_set_record(
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

void
trivet_state_apply_own_session(
    struct trivet_context *context, struct trivet_record *record)
{
    struct trivet_state *state = trivet_context_state(context);
    const struct trivet_secret *token = &record->session_token;

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    state->file_token = *token;
    if (state->has_own_session && state->replaced_token.len == token->len
        && trivet_ct_equal(
            state->replaced_token.bytes, token->bytes, token->len))
    {
        record->session_token = state->own.session_token;
        record->session_expires_us = state->own.session_expires_us;
        record->holder = state->own.holder;
    }
    (void) pthread_mutex_unlock(&state->mutex);
}
