/* SPDX-License-Identifier: Apache-2.0 */
/* store_backup.h - trivet store backup: a copy of a store that is in use */
#ifndef TRIVET_CLI_OPERATOR_STORE_BACKUP_H
#define TRIVET_CLI_OPERATOR_STORE_BACKUP_H

#include "cli/command.h"

extern const struct cli_command cli_store_backup_command;

#endif
