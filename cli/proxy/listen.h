/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen.h - the socket that callers on this machine connect to
 *
 *   text = address ":" port     a loopback address; IPv6 in brackets
 *        / "localhost:" port    127.0.0.1
 *        / "unix:" path         a socket of mode 0600
 *
 * It listens before nginx starts, so that nobody else gets the port meanwhile,
 * and nobody else ever has a right to the file. One thread.
 */
#ifndef TRIVET_CLI_PROXY_LISTEN_H
#define TRIVET_CLI_PROXY_LISTEN_H

#include <stdbool.h>

#include "cli/data_dir.h"

struct cli_listener {
    int fd;           /* -1: none yet */
    bool is_given;    /* by the service manager, whose file it is */
    char path[108];   /* of a Unix socket, absolute; "": of TCP */
    char address[64]; /* of TCP: as in a URL, with its port */
};

/* Reads the text of an option. TRIVET_E_USAGE: it is not one, or the address is
 * another machine's to reach. */
TRIVET_MUST_USE enum trivet_status cli_listener_read(const char *option,
    const char *text, struct cli_listener *out, struct trivet_error *err);

/* The same of a socket that listens already, which becomes the listener's. Who
 * may connect to a Unix socket is the affair of who opened it.
 * TRIVET_E_USAGE: it is none of these; it stays the caller's. */
TRIVET_MUST_USE enum trivet_status cli_listener_take(
    int fd, struct cli_listener *out, struct trivet_error *err);

/* Opens it, unless it was taken; a port 0 becomes the true one. A Unix socket
 * that nobody listens on any more is replaced. TRIVET_E_USAGE: it cannot be. */
TRIVET_MUST_USE enum trivet_status cli_listener_open(
    struct cli_listener *listener, struct trivet_error *err);

/* Closes it, and removes the file of a Unix socket that we opened. */
void cli_listener_close(struct cli_listener *listener);

#endif
