/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - trivet session: the sessions of a store */
#include "cli/operator/common.h"
#include "cli/table.h"

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

static enum trivet_status
list(void *input, struct trivet_error *err)
{
    return cli_operator_list(input, "session.list", columns,
        sizeof columns / sizeof columns[0], err);
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
    return cli_operator_do(input, "session.end", json_object(), "ended", err);
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
