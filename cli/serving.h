/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serving.h - between "trivet serve" and the commands on its data directory
 *
 * Who serves holds a lock. Who changed what nginx is configured with asks the
 * holder, by SIGUSR1, to take it in; the holder says how that went in a file.
 */
#ifndef TRIVET_CLI_SERVING_H
#define TRIVET_CLI_SERVING_H

#include <stdbool.h>

#include "cli/data_dir.h"

/* One server for a data directory: TRIVET_E_CONFLICT when there is another.
 * command: such as "trivet serve", for err. The lock ends with this process. */
TRIVET_MUST_USE enum trivet_status cli_serving_lock(
    const char *dir, const char *command, struct trivet_error *err);

/* Says how a reload went. */
void cli_serving_tell(
    const char *dir, enum trivet_status status, const struct trivet_error *err);

/*
 * Waits for others that change the same things, until this process ends. The
 * lock of a directory that is not there is nobody's.
 */
TRIVET_MUST_USE enum trivet_status cli_serving_change(
    const char *dir, struct trivet_error *err);

/* Has the gateway of dir take in what was changed, and waits for that.
 * *out_is_running: whether there is one; when not, nothing is done. Otherwise
 * how it went. */
TRIVET_MUST_USE enum trivet_status cli_serving_reload(
    const char *dir, bool *out_is_running, struct trivet_error *err);

#endif
