/* SPDX-License-Identifier: Apache-2.0 */
/* device.c - trivet device: the devices of a store */
#include "cli/contexts.h"
#include "cli/operator/common.h"
#include "cli/table.h"

static const struct cli_column columns[] = {
    {"id", "ID", CLI_CELL_VALUE},
    {"user_id", "USER", CLI_CELL_VALUE},
    {"api_key_id", "KEY", CLI_CELL_VALUE},
    {"installation_id", "INSTALLATION", CLI_CELL_VALUE},
    {"ip", "IP", CLI_CELL_VALUE},
    {"created", "CREATED", CLI_CELL_MOMENT},
    {"description", "DESCRIPTION", CLI_CELL_VALUE},
};

static enum trivet_status
list(void *input, struct trivet_error *err)
{
    return cli_operator_list(
        input, "device.list", columns, sizeof columns / sizeof columns[0], err);
}

static int
run_list(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, list);
}

static const struct cli_command *
choose(int argc, char **argv)
{
    return cli_context_is_meant(argc, argv) ? &cli_context_device_command
                                            : NULL;
}

static const struct cli_command list_command = {
    .name = "list",
    .summary = "list the devices",
    .doc = "Lists the registered devices.",
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_list,
    .choose = choose,
};

static const struct cli_command *const children[] = {
    &list_command,
    NULL,
};

const struct cli_command cli_device_command = {
    .name = "device",
    .summary = "devices: list",
    .children = children,
};
