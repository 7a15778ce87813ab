/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - nginx's configuration file of "trivet serve" */
#ifndef TRIVET_CLI_SERVE_CONF_H
#define TRIVET_CLI_SERVE_CONF_H

#include "cli/server_keys.h"
#include "trivet/status.h"

struct serving;

/* Where the keys of the data directory are, and of which store. Its texts are
 * those of s. */
struct cli_server_keys_home cli_serve_key_home(const struct serving *s);

/* Writes it whole or not at all. */
TRIVET_MUST_USE enum trivet_status cli_serve_write_conf(
    const struct serving *s, const char *path, struct trivet_error *err);

/* --print-config: shows it on standard output, as far as it is known while
 * nothing has been made. */
TRIVET_MUST_USE enum trivet_status cli_serve_print_conf(
    struct serving *s, struct trivet_error *err);

#endif
