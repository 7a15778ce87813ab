/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_client.h - the console's API, as a command of this machine asks it
 *
 * By the token in the data directory; nothing is sent to a server that does
 * not show the gateway's certificate. One thread.
 */
#ifndef TRIVET_CLI_SERVE_CONSOLE_CLIENT_H
#define TRIVET_CLI_SERVE_CONSOLE_CLIENT_H

#include <jansson.h>

#include "cli/data_dir.h"

struct cli_console;

/* Logs in, to look. TRIVET_E_NOT_FOUND: no console there. *out is owned:
 * cli_console_close. */
TRIVET_MUST_USE enum trivet_status cli_console_open(
    const struct cli_data_options *data, struct cli_console **out,
    struct trivet_error *err);
/* Logs out. NULL does nothing. */
void cli_console_close(struct cli_console *console);

/* GET path. *out_rows: the elements of the answer; the caller's. Refused: with
 * the answer's own words. */
TRIVET_MUST_USE enum trivet_status cli_console_get(struct cli_console *console,
    const char *path, json_t **out_rows, struct trivet_error *err);

#endif
