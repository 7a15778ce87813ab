/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - the workers of a context */
#include "client/pool.h"

#include "client/context_file.h"
#include "client/state.h"

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

static void
set_scheme(struct trivet_record *record, const void *arg)
{
    record->scheme = *(const enum trivet_scheme *) arg;
}

/* Writes the form of signatures that the server speaks to the file. When that
 * fails, the next process learns it again. */
static void
write_scheme(struct trivet_context *context)
{
    struct trivet_state *state = trivet_context_state(context);
    enum trivet_scheme scheme;

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    scheme = state->record.scheme;
    (void) pthread_mutex_unlock(&state->mutex);
    (void) !trivet_context_change(context, set_scheme, &scheme, NULL);
}

enum trivet_status
trivet_pool_acquire(struct trivet_context *context, struct trivet_worker **out,
    struct trivet_error *err)
{
    struct trivet_state *state = trivet_context_state(context);
    struct trivet_worker *worker = NULL;
    enum trivet_status status = TRIVET_OK;

    if (state == NULL) {
        return out_of_memory(err);
    }
    TRIVET_TRY(trivet_context_ensure_record(context, err));

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
trivet_pool_release(
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
        /* The other workers are made anew with what this one has learned. */
        state->record.scheme = trivet_worker_scheme(worker);
        state->generation++;
        has_learned = true;
    }
    *trivet_worker_next(worker) = state->idle;
    state->idle = worker;
    (void) pthread_mutex_unlock(&state->mutex);

    if (has_learned) {
        write_scheme(context);
    }
}
