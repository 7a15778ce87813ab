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

    (void) json_array_append_new(
        rows, json_pack("{s:I, s:I, s:o, s:I, s:I, s:s, s:o, s:o}", "id",
                  (json_int_t) session->id, "user_id", (json_int_t) session->user_id,
                  "user", cli_json_text(row->user_name), "device_id",
                  (json_int_t) session->device_id, "api_key_id",
                  (json_int_t) session->api_key_id, "status", status_of(session),
                  "created", cli_json_time(session->created_us), "expires",
                  cli_json_time(trivet_expiry_end_us(&session->expiry))));
}

static enum trivet_status
list(struct cli_operator *op, void *extra, struct trivet_error *err)
{
    json_t *rows = json_array();
    enum trivet_status status =
        trivet_store_session_list(op->store, add_session, rows, err);

    (void) extra;

    return cli_operator_show(
        op, columns, sizeof columns / sizeof columns[0], rows, status);
}

static int
run_list(int argc, char **argv)
{
    static const struct cli_operator_spec spec = {
        .doc = "Lists the sessions.",
        .work = list,
    };

    return cli_operator_main(&spec, NULL, argc, argv);
}

/* ---- end --------------------------------------------------------------- */

static enum trivet_status
end(struct cli_operator *op, void *extra, struct trivet_error *err)
{
    int64_t id;

    (void) extra;

    TRIVET_TRY(cli_operator_id(op, 0, &id, err));
    TRIVET_TRY(trivet_operator_end_session(op->store, id, cli_now_us(), err));

    cli_operator_done(op, id, "ended");
    return TRIVET_OK;
}

static int
run_end(int argc, char **argv)
{
    static const struct cli_operator_spec spec = {
        .args_doc = "ID",
        .num_words = 1,
        .doc = "Ends a session at once.",
        .work = end,
    };

    return cli_operator_main(&spec, NULL, argc, argv);
}

static const struct cli_command commands[] = {
    {"list", "list the sessions", run_list},
    {"end", "end a session", run_end},
};

int
cli_session_main(int argc, char **argv)
{
    return cli_dispatch(
        commands, sizeof commands / sizeof commands[0], argc, argv);
}
