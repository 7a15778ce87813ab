/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - what a command on a context shows while it works */
#ifndef TRIVET_CLI_CLIENT_PROGRESS_H
#define TRIVET_CLI_CLIENT_PROGRESS_H

#include "trivet/client.h"

/* For on_event of a context; arg: its struct cli_client. Shows the event on
 * standard error when the options ask for it; counts down a long wait on a
 * terminal. Any thread. */
void cli_progress_show(void *arg, const struct trivet_event *event);

#endif
