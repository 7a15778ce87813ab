/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_run.h - nginx as a child that ends when we end */
#ifndef TRIVET_CLI_NGINX_RUN_H
#define TRIVET_CLI_NGINX_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "trivet/status.h"

enum { CLI_NGINX_MAX_SOCKETS = 8 };

struct cli_nginx {
    const char *program;
    const char *conf;
    const char *log; /* where its stderr goes */
    /* Sockets that listen already, for addresses of the configuration: they do
     * not block. nginx neither makes nor removes what they are bound to. */
    int sockets[CLI_NGINX_MAX_SOCKETS];
    size_t num_sockets;
    pid_t pid;     /* of the master, also its process group */
    int has_ended; /* the master was waited for             */
};

/* Blocks the signals that cli_nginx_wait takes; call it first. */
void cli_nginx_block_signals(void);

/* "nginx -t": TRIVET_E_USAGE with nginx's own last complaint. */
TRIVET_MUST_USE enum trivet_status cli_nginx_test(
    struct cli_nginx *nginx, struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status cli_nginx_start(
    struct cli_nginx *nginx, struct trivet_error *err);

enum cli_nginx_event {
    CLI_NGINX_TIMEOUT = 0,
    CLI_NGINX_ENDED,  /* by itself                       */
    CLI_NGINX_RELOAD, /* SIGUSR1: a command has us take in what it changed */
    CLI_NGINX_HANGUP, /* SIGHUP, and our terminal is still there           */
    CLI_NGINX_SIGNAL  /* we were told to end: it was not */
};

/* Waits for one of these, timeout_ms at most (-1: for ever). */
enum cli_nginx_event cli_nginx_wait(struct cli_nginx *nginx, int timeout_ms);

/* Has nginx take in its configuration, and waits until its new workers are
 * there and the old ones take no new connections. */
TRIVET_MUST_USE enum trivet_status cli_nginx_reload(
    struct cli_nginx *nginx, struct trivet_error *err);

/* Tells nginx to take no new requests and to end when it has answered those it
 * has, and waits for that, timeout_ms at most, or until we are told to end once
 * more. cli_nginx_stop is still to be called. */
void cli_nginx_drain(struct cli_nginx *nginx, int timeout_ms);

/* Ends the master and all its workers, and waits for that. */
void cli_nginx_stop(struct cli_nginx *nginx);

#endif
