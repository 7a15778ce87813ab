/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.h - the file of a private key */
#ifndef TRIVET_CLI_SERVE_KEY_FILE_H
#define TRIVET_CLI_SERVE_KEY_FILE_H

#include "trivet/status.h"

/* TRIVET_E_USAGE when others can read it, whoever made it, or when it cannot be
 * looked at; TRIVET_OK when there is none. */
TRIVET_MUST_USE enum trivet_status cli_serve_check_key_mode(
    const char *path, struct trivet_error *err);

#endif
