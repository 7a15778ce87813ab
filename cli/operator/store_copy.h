/* SPDX-License-Identifier: Apache-2.0 */
/* store_copy.h - trivet store copy, for store.c */
#ifndef TRIVET_CLI_OPERATOR_STORE_COPY_H
#define TRIVET_CLI_OPERATOR_STORE_COPY_H

#include "cli/command.h"

extern const struct cli_command cli_store_copy_command;

#endif
