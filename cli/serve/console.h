/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - "trivet serve --console": the console's listener and its tokens
 */
#ifndef TRIVET_CLI_SERVE_CONSOLE_H
#define TRIVET_CLI_SERVE_CONSOLE_H

#include <stdio.h>

#include "cli/data_dir.h"

struct serving;
struct cli_nginx_conf;

/* In the data directory: the tokens (authority/operator/tokens.h), and the URL
 * that they are for. */
#define CLI_CONSOLE_TOKENS "console.tokens"
#define CLI_CONSOLE_URL    "console.url"

enum { CLI_MAX_CONSOLE = 512 /* bytes of an address, with the NUL */ };

/* What --console says, or what there is when nothing is said: in the sandbox,
 * when the gateway has its usual port, 127.0.0.1:8444 if that is free.
 * s->console is "" when there is none. */
TRIVET_MUST_USE enum trivet_status cli_serve_check_console(
    struct serving *s, struct trivet_error *err);

/* Makes the tokens anew, or removes those of before. */
TRIVET_MUST_USE enum trivet_status cli_serve_prepare_console(
    const struct serving *s, struct trivet_error *err);

/* The server of nginx's configuration; nothing without a console. */
void cli_nginx_put_console(FILE *to, const struct cli_nginx_conf *conf);

/* Prints the link. */
void cli_serve_tell_console(const struct serving *s);

#endif
