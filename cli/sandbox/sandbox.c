/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - trivet sandbox: what goes beyond its clock and its incidents */
#include "cli/commands.h"
#include "cli/sandbox/sandbox.h"

static const struct cli_command *const children[] = {
    &cli_sandbox_hosts_command,
    &cli_sandbox_provider_command,
    &cli_sandbox_reset_command,
    NULL,
};

const struct cli_command cli_sandbox_command = {
    .name = "sandbox",
    .summary = "the sandbox for SDKs and tests: hosts, provider, reset",
    .children = children,
};
