/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_names.h - the other names that a gateway is called by
 *
 * SDKs have bunq's host name compiled in. "trivet serve --host-name NAME" puts
 * the name into its own certificate, and notes in the data directory what a
 * caller needs (hosts.json); "trivet sandbox hosts" prints that.
 */
#ifndef TRIVET_CLI_SERVE_HOST_NAMES_H
#define TRIVET_CLI_SERVE_HOST_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/data_dir.h"

enum {
    CLI_MAX_HOST_NAMES = 16,
    CLI_MAX_HOST_NAME = 254 /* bytes, with the NUL */
};

/* Of bunq's sandbox: --sandbox-host. */
extern const char cli_sandbox_host[];

/* What a caller on this machine needs. */
struct cli_hosts {
    char address[64]; /* without brackets */
    unsigned port;
    char ca[CLI_MAX_PATH]; /* "": the operator's certificate */
    size_t num_names;
    char names[CLI_MAX_HOST_NAMES][CLI_MAX_HOST_NAME];
};

/* Whether text is a host name: labels of letters, digits and inner hyphens,
 * joined by dots; not an IPv4 address. */
bool cli_host_name_is_good(const char *text);

/* The file of a data directory. Reading: TRIVET_E_NOT_FOUND when no gateway
 * was started there. */
TRIVET_MUST_USE enum trivet_status cli_hosts_write(
    const char *dir, const struct cli_hosts *hosts, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status cli_hosts_read(
    const char *dir, struct cli_hosts *out, struct trivet_error *err);

#endif
