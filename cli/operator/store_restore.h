/* SPDX-License-Identifier: Apache-2.0 */
/* store_restore.h - trivet store restore: a backup becomes the store */
#ifndef TRIVET_CLI_OPERATOR_STORE_RESTORE_H
#define TRIVET_CLI_OPERATOR_STORE_RESTORE_H

#include "cli/command.h"

extern const struct cli_command cli_store_restore_command;

#endif
