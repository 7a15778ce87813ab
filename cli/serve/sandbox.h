/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - the sandbox in front of an API, and what one left behind */
#ifndef TRIVET_CLI_SERVE_SANDBOX_H
#define TRIVET_CLI_SERVE_SANDBOX_H

#include "trivet/status.h"

struct serving;
struct trivet_store;

/* Says on standard error what --sandbox means in front of an API. */
void cli_serve_tell_sandbox(const struct serving *s);

/*
 * When the data directory was a sandbox's and is now put in front of an API:
 * ends all its sessions, which anybody could open, and revokes the API keys of
 * its payment service providers, whose certificates nobody verified. Says so on
 * standard error.
 */
TRIVET_MUST_USE enum trivet_status cli_serve_leave_sandbox(
    const struct serving *s, struct trivet_store *store,
    struct trivet_error *err);

#endif
