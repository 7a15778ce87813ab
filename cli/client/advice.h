/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advice.h - what helps against what trivet doctor found
 *
 * Each function returns a constant text, never to be freed, in which command
 * names are still to be expanded (cli/hint.h). err: of the call that failed.
 * has_device: whether the context has a device-server. Any thread.
 */
#ifndef TRIVET_CLI_CLIENT_ADVICE_H
#define TRIVET_CLI_CLIENT_ADVICE_H

#include <stdbool.h>

#include "trivet/status.h"

/* The context's file could not be opened. */
const char *cli_advise_on_file(const struct trivet_error *err);

/* The server's certificate could not be fetched. */
const char *cli_advise_on_connection(const struct trivet_error *err);

/* A session could not be opened. */
const char *cli_advise_on_session(
    bool has_device, const struct trivet_error *err);

/* A call in the session got no answer that can be trusted. */
const char *cli_advise_on_call(bool has_device, const struct trivet_error *err);

#endif
