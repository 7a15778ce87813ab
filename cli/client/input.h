/* SPDX-License-Identifier: Apache-2.0 */
/* input.h - a file or standard input, whole */
#ifndef TRIVET_CLI_CLIENT_INPUT_H
#define TRIVET_CLI_CLIENT_INPUT_H

#include "base/buffer.h"

/* Reads the file of that name; "-" is standard input. CLI_OK: out is to be
 * freed. Else the exit status, with the reason on standard error. */
int cli_read_input(const char *name, struct trivet_buffer *out);

/* The same for what is sent or signed, which may be longer. */
int cli_read_body(const char *name, struct trivet_buffer *out);

#endif
