/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - how large and how slow what goes through may be */
#ifndef TRIVET_CLI_SERVE_LIMITS_H
#define TRIVET_CLI_SERVE_LIMITS_H

#include <argp.h>

#include "cli/serve/nginx_conf.h"

extern const struct cli_nginx_limits cli_serve_limits_default;

/* The argp child of these options; its input is a struct cli_nginx_limits. */
extern const struct argp cli_serve_limits_argp;

#endif
