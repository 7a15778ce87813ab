/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - trivet session: the sessions of a store */
#include "cli/clock.h"
#include "authority/operator/session.h"
#include "cli/operator/common.h"
#include "cli/table.h"
#include "store/noun/session.h"

/* ---- list -------------------------------------------------------------- */

static const struct cli_column columns[] = {
    {"id", "ID", CLI_CELL_VALUE},
    {"user_id", "USER", CLI_CELL_VALUE},
    {"user", "NAME", CLI_CELL_VALUE},
    {"device_id", "DEVICE", CLI_CELL_VALUE},
    {"api_key_id", "KEY", CLI_CELL_VALUE},
    {"status", "STATUS", CLI_CELL_VALUE},
    {"created", "CREATED", CLI_CELL_MOMENT},
    {"expires", "EXPIRES", CLI_CELL_MOMENT},
};

static const char *
status_of(const struct trivet_session *session)
{
    if (session->ended_us != 0 || session->is_key_revoked) {
        return "ENDED";
    }
    if (trivet_expiry_is_over(&session->expiry, cli_now_us())) {
        return "EXPIRED";
    }

    return "ACTIVE";
}

static void
add_session(void *rows, const struct trivet_session_row *row)
{
    const struct trivet_session *session = &row->session;

    (void) json_array_append_new(rows,
        json_pack("{s:I, s:I, s:o, s:I, s:I, s:s, s:o, s:o}", "id",
            (json_int_t) session->id, "user_id", (json_int_t) session->user_id,
            "user", cli_json_text(row->user_name), "device_id",
            (json_int_t) session->device_id, "api_key_id",
            (json_int_t) session->api_key_id, "status", status_of(session),
            "created", cli_json_time(session->created_us), "expires",
            cli_json_time(trivet_expiry_end_us(&session->expiry))));
}

static enum trivet_status
list(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    json_t *rows = json_array();
    enum trivet_status status =
        trivet_store_session_list(op->store, add_session, rows, err);

    return cli_operator_show(
        op, columns, sizeof columns / sizeof columns[0], rows, status);
}

static int
run_list(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, list);
}

static const struct cli_command list_command = {
    .name = "list",
    .summary = "list the sessions",
    .doc = "Lists the sessions.",
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_list,
};

/* ---- end --------------------------------------------------------------- */

static enum trivet_status
end(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    int64_t id;

    TRIVET_TRY(cli_operator_id(op, 0, &id, err));
    TRIVET_TRY(trivet_operator_end_session(op->store, id, cli_now_us(), err));

    cli_operator_done(op, id, "ended");
    return TRIVET_OK;
}

static int
run_end(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, end);
}

static const struct cli_command end_command = {
    .name = "end",
    .summary = "end a session",
    .doc = "Ends a session at once.",
    .arguments = {"ID", 1, 1, offsetof(struct cli_operator, words), NULL},
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_end,
};

static const struct cli_command *const children[] = {
    &list_command,
    &end_command,
    NULL,
};

const struct cli_command cli_session_command = {
    .name = "session",
    .summary = "sessions: list, end",
    .children = children,
};
