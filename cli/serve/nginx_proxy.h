/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_proxy.h - the part of nginx's configuration that leads to the API */
#ifndef TRIVET_CLI_SERVE_NGINX_PROXY_H
#define TRIVET_CLI_SERVE_NGINX_PROXY_H

#include "cli/serve/nginx_conf.h"

/* The upstream{} block, for http{}. */
void cli_nginx_put_upstream(FILE *to, const struct cli_nginx_conf *conf);

/* The directives of the location. */
void cli_nginx_put_proxy(FILE *to, const struct cli_nginx_conf *conf);

#endif
