/* SPDX-License-Identifier: Apache-2.0 */
/* logout.c - ending a session at the server, and in the file */
#include "client/logout.h"

#include "client/context_file.h"
#include "client/state.h"

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
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

/* token: that of the session that ended, or empty when there is none. Wipe it.
 */
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

    TRIVET_TRY(trivet_context_reload(context, err));
    (void) pthread_mutex_lock(&state->mutex);
    *token = state->record.session_token;
    (void) pthread_mutex_unlock(&state->mutex);
    if (token->len == 0) {
        return TRIVET_OK;
    }

    /* 401 and 403: it had ended before. */
    status = trivet_call(context, &call, &answer, err);
    if (status == TRIVET_E_OUTCOME_UNKNOWN) {
        status = trivet_error_set(err, status, "context.logout",
            "no answer came: it is not known whether the session has ended. "
            "Its token is kept in the file: log out again to be sure");
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
        status = trivet_context_change(context, forget_session, &token, err);
    }

    trivet_secret_wipe(&token);
    return status;
}
