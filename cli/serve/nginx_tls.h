/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_tls.h - the TLS of a server of nginx's configuration */
#ifndef TRIVET_CLI_SERVE_NGINX_TLS_H
#define TRIVET_CLI_SERVE_NGINX_TLS_H

#include <stdio.h>

#include "cli/serve/nginx_conf.h"

/* The certificate, and what is spoken. */
void cli_nginx_put_tls(FILE *to, const struct cli_nginx_conf *conf);

#endif
