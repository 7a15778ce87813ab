/* SPDX-License-Identifier: Apache-2.0 */
/*
 * in_use.h - whether another process has a SQLite store open
 *
 * SQLite locks a part of the file for as long as a connection reads it, or with
 * a write-ahead log, as trivet's stores have one, for as long as it is open.
 */
#ifndef TRIVET_CLI_OPERATOR_IN_USE_H
#define TRIVET_CLI_OPERATOR_IN_USE_H

#include <stdbool.h>

#include "trivet/status.h"

/* Before this process opens the store, and *out_fd closed after it has closed
 * it: closing it takes this process's own locks away. TRIVET_E_NOT_FOUND: no
 * such file. */
TRIVET_MUST_USE enum trivet_status cli_in_use_open(
    const char *path, int *out_fd, struct trivet_error *err);

/* Whether another process has it open, and its number; 0: it is not known, such
 * as of one in another container. */
bool cli_in_use_by_others(int fd, long *out_process);

#endif
