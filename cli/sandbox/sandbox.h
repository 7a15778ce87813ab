/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - the commands of "trivet sandbox", each in a file of its own */
#ifndef TRIVET_CLI_SANDBOX_SANDBOX_H
#define TRIVET_CLI_SANDBOX_SANDBOX_H

#include "cli/command.h"

extern const struct cli_command cli_sandbox_hosts_command;
extern const struct cli_command cli_sandbox_provider_command;
extern const struct cli_command cli_sandbox_reset_command;

#endif
