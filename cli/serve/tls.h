/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h - the certificate of the gateway: its making, its renewal
 *
 * It is the operator's (--tls-cert, --tls-key), or one of a CA of our own in
 * the data directory.
 */
#ifndef TRIVET_CLI_SERVE_TLS_H
#define TRIVET_CLI_SERVE_TLS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "trivet/status.h"

struct serving;

/* Tells a file from the next one of that name. */
struct cli_file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* What cli_serve_tls_has_news compares; zeroes at first. */
struct cli_tls_watch {
    struct cli_file_stamp taken[2]; /* certificate and key, as nginx has */
    struct cli_file_stamp seen[2];  /* as they were a tick before        */
    int pause; /* ticks until a failed renewal is tried again */
};

/* Makes the certificate of the data directory, and its CA, where there is none
 * that is valid for another month; nothing when the operator gave one. */
TRIVET_MUST_USE enum trivet_status cli_serve_prepare_certificate(
    const struct serving *s, struct trivet_error *err);

/* That nginx can load the operator's key without asking for a password. */
TRIVET_MUST_USE enum trivet_status cli_serve_check_tls_key(
    const struct serving *s, struct trivet_error *err);

/* Notes which files nginx is about to read. */
void cli_serve_note_tls(struct serving *s);

/* Once a tick: whether nginx should be given another certificate. The
 * operator's has changed, and not again since the tick before; or our own is
 * about to expire. */
bool cli_serve_tls_has_news(struct serving *s);

#endif
