/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what can be wrong before anything is made or changed */
#ifndef TRIVET_CLI_SERVE_CHECK_H
#define TRIVET_CLI_SERVE_CHECK_H

#include "trivet/status.h"

struct serving;

/* The options, the files they name, where nginx and the module are, and the
 * names of all files of the data directory. TRIVET_E_USAGE: err says which is
 * wrong. s->options is set, the rest is zeroes. */
TRIVET_MUST_USE enum trivet_status cli_serve_check(
    struct serving *s, struct trivet_error *err);

/* Takes the port for a moment: nginx would complain at length. Port 0 becomes
 * one that is free. */
TRIVET_MUST_USE enum trivet_status cli_serve_check_port(
    struct serving *s, struct trivet_error *err);

#endif
