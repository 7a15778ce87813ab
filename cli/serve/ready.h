/* SPDX-License-Identifier: Apache-2.0 */
/* ready.h - whether the gateway answers, and what is said then */
#ifndef TRIVET_CLI_SERVE_READY_H
#define TRIVET_CLI_SERVE_READY_H

#include "cli/nginx_run.h"
#include "trivet/status.h"

struct serving;

/* Waits until the gateway truly answers; *out_event is CLI_NGINX_TIMEOUT then,
 * or CLI_NGINX_SIGNAL when we were told to end meanwhile. */
TRIVET_MUST_USE enum trivet_status cli_serve_wait_ready(struct serving *s,
    struct cli_nginx *nginx, enum cli_nginx_event *out_event,
    struct trivet_error *err);

/* Whether a worker speaks TLS now. Unlike a request it leaves no row in the
 * audit log. Blocks: up to a second. */
bool cli_serve_is_alive(const struct serving *s);

/* The lines on standard output. */
void cli_serve_tell_ready(const struct serving *s);

/* The name by which callers on this machine find it. */
const char *cli_serve_host(const struct serving *s);

#endif
