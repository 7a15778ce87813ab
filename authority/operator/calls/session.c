/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - sessions: list, end */
#include "authority/operator/calls/calls.h"

#include "authority/operator/json.h"
#include "authority/operator/session.h"
#include "authority/operator/whole.h"
#include "store/noun/session.h"
#include "store/search.h"

static const char *const states[] = {"ACTIVE", "EXPIRED", "ENDED", NULL};

const struct trivet_operator_field trivet_session_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "user_id", .type = TRIVET_TYPE_ID},
    {.name = "user", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME},
    {.name = "device_id", .type = TRIVET_TYPE_ID},
    {.name = "api_key_id", .type = TRIVET_TYPE_ID},
    {.name = "status",
        .type = TRIVET_TYPE_WORD,
        .words = states,
        .meaning = "ENDED: also when its API key was revoked"},
    {.name = "created", .type = TRIVET_TYPE_MOMENT},
    {.name = "expires", .type = TRIVET_TYPE_MOMENT},
    {.name = NULL},
};

static const char *
state_of(const struct trivet_session *session, int64_t now_us)
{
    if (session->ended_us != 0 || session->is_key_revoked) {
        return "ENDED";
    }

    return trivet_expiry_is_over(&session->expiry, now_us) ? "EXPIRED"
                                                           : "ACTIVE";
}

static void
add_session(void *data, const struct trivet_session_row *row)
{
    struct trivet_operation *operation = data;
    const struct trivet_session *session = &row->session;

    trivet_operation_push(operation,
        json_pack("{s:I, s:I, s:o, s:I, s:I, s:s, s:o, s:o}", "id",
            (json_int_t) session->id, "user_id", (json_int_t) session->user_id,
            "user", trivet_operator_json_text(row->user_name), "device_id",
            (json_int_t) session->device_id, "api_key_id",
            (json_int_t) session->api_key_id, "status",
            state_of(session, operation->now_us), "created",
            trivet_json_moment(session->created_us), "expires",
            trivet_json_moment(trivet_expiry_end_us(&session->expiry))));
}

enum trivet_status
trivet_operator_session_list(struct trivet_operation *operation)
{
    struct trivet_search search = {
        .text = trivet_operation_text(operation, "q"),
        .user_id = trivet_operation_integer(operation, "user_id"),
        .api_key_id = trivet_operation_integer(operation, "api_key_id"),
        .page = operation->page,
    };
    enum trivet_status status;

    if (trivet_operation_flag(operation, "is_active")) {
        search.alive_us = operation->now_us;
    }

    if (operation->page == NULL) {
        status = trivet_store_session_list(
            operation->store, add_session, operation, operation->err);
    } else {
        status = trivet_store_session_search(
            operation->store, &search, add_session, operation, operation->err);
    }

    return trivet_operation_check(operation, status);
}

static enum trivet_status
end(struct trivet_operation *operation)
{
    int64_t id = trivet_operation_integer(operation, "id");

    TRIVET_TRY(trivet_operator_end_session(
        operation->store, id, operation->now_us, operation->err));

    return trivet_operation_add(
        operation, json_pack("{s:I}", "id", (json_int_t) id));
}

enum trivet_status
trivet_operator_session_end(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, end);
}
