/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the part of nginx's configuration that says what a request leaves in
 * the log */
#ifndef TRIVET_CLI_SERVE_LOG_H
#define TRIVET_CLI_SERVE_LOG_H

#include <stdbool.h>
#include <stdio.h>

/* dir: the data directory. */
void cli_serve_put_log(FILE *to, const char *dir, bool is_json);

#endif
