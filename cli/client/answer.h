/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - a server's answer, as an exit status and in words */
#ifndef TRIVET_CLI_CLIENT_ANSWER_H
#define TRIVET_CLI_CLIENT_ANSWER_H

#include "trivet/client.h"

/* The exit status for it: CLI_OK for a 2xx. */
int cli_exit_of_answer(unsigned http_status);

/* Prints the errors of an answer other than 2xx on standard error; returns its
 * exit status. */
int cli_refused(const struct trivet_answer *answer);

/* Makes a call. CLI_OK for a 2xx: *out is to be freed. Else the reason is on
 * standard error, *out needs no freeing, and the exit status is returned. */
int cli_call(struct trivet_context *context, const struct trivet_call *call,
    struct trivet_answer **out);

#endif
