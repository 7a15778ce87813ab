/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data_dir.h - where a gateway of one's own keeps its things
 *
 *   trivet.db   the store              server.pem, server-N.pem  the server's
 *                                      RSA keys (0600)
 *   ca.pem, ca.key                     a CA of its own
 *   tls.crt, tls.key                   the certificate for localhost by it
 *   next.key    the key of the next one (0600)   pins  of both keys
 *   nginx.conf  made anew each start   log/, tmp/, lock, change.lock
 *   hosts.json  address, port and names of the last start
 *   reloaded    how the latest reload went
 *   sandbox.state  a sandbox's clock and incidents (sandbox/state.h)
 *   console.tokens  of the console (0600)   console.url  where it is
 */
#ifndef TRIVET_CLI_DATA_DIR_H
#define TRIVET_CLI_DATA_DIR_H

#include <argp.h>

#include "trivet/status.h"

enum { CLI_MAX_PATH = 4096 /* bytes, with the NUL */ };

/* What all commands on a data directory take: --data and --store. */
struct cli_data_options {
    const char *data;  /* NULL: the default                          */
    const char *store; /* NULL: sqlite:<data>/trivet.db              */
};

/* The argp child of those options; its input is a struct cli_data_options. */
extern const struct argp cli_data_argp;

/* --data, $TRIVET_DATA, $XDG_DATA_HOME/trivet or ~/.local/share/trivet, made
 * absolute. */
TRIVET_MUST_USE enum trivet_status cli_data_dir(
    const struct cli_data_options *options, char out[CLI_MAX_PATH],
    struct trivet_error *err);

/* The path as it is, or below the current directory. Links stay as they are. */
TRIVET_MUST_USE enum trivet_status cli_absolute_path(
    const char *path, char out[CLI_MAX_PATH], struct trivet_error *err);

/* dir/name; TRIVET_E_LIMIT when that is too long. */
TRIVET_MUST_USE enum trivet_status cli_data_path(const char *dir,
    const char *name, char out[CLI_MAX_PATH], struct trivet_error *err);

/* Makes the directory and those above it (0700). */
TRIVET_MUST_USE enum trivet_status cli_make_dir(
    const char *path, struct trivet_error *err);

/* Reads a text file of at most cap - 1 bytes; NUL-terminated.
 * TRIVET_E_NOT_FOUND when there is none, TRIVET_E_USAGE when what is there has
 * a zero byte. */
TRIVET_MUST_USE enum trivet_status cli_read_file(
    const char *path, char *out, size_t cap, struct trivet_error *err);

#endif
