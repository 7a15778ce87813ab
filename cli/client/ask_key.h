/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask_key.h - an API key from a program, or from somebody at a terminal
 *
 * Each gives CLI_OK and the key, without line ends, which the caller wipes; or
 * an exit status, with the reason on standard error.
 */
#ifndef TRIVET_CLI_CLIENT_ASK_KEY_H
#define TRIVET_CLI_CLIENT_ASK_KEY_H

#include "trivet/client.h"

/* The first line that the command prints, which sh runs. */
int cli_key_from_command(const char *command, char out[TRIVET_API_KEY_SIZE]);

/* What is typed at the terminal, which does not show it. CLI_NOT_FOUND: there
 * is no terminal. A signal ends the program once the terminal is as it was. */
int cli_key_from_terminal(char out[TRIVET_API_KEY_SIZE]);

#endif
