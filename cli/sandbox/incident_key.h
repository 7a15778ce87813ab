/* SPDX-License-Identifier: Apache-2.0 */
/* incident_key.h - the server key of the incident server-key-rotates */
#ifndef TRIVET_CLI_SANDBOX_INCIDENT_KEY_H
#define TRIVET_CLI_SANDBOX_INCIDENT_KEY_H

#include "cli/data_dir.h"

/* Makes the key at its first use, and has the gateway that runs take it in.
 * Blocks until it has. */
TRIVET_MUST_USE enum trivet_status cli_incident_key_prepare(
    const struct cli_data_options *options, struct trivet_error *err);

#endif
