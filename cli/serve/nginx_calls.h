/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx_calls.h - the part of nginx's configuration that answers /v1/
 *
 * The same for each listener that does.
 */
#ifndef TRIVET_CLI_SERVE_NGINX_CALLS_H
#define TRIVET_CLI_SERVE_NGINX_CALLS_H

#include <stdio.h>

#include "cli/serve/nginx_conf.h"

/* Into http {}, when the limits are the classic ones. */
void cli_nginx_put_rate_zones(FILE *to);
/* Into a server with such a location. */
void cli_nginx_put_path_guard(FILE *to, const struct cli_nginx_conf *conf);
/* Into the location: its limits, and what answers behind them. */
void cli_nginx_put_calls(FILE *to, const struct cli_nginx_conf *conf);

#endif
