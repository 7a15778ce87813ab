/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_conf.h - the nginx configuration that "trivet serve" runs on */
#ifndef TRIVET_CLI_NGINX_CONF_H
#define TRIVET_CLI_NGINX_CONF_H

#include "cli/server_keys.h"
#include "client/probe.h"
#include "core/prune_ages.h"
#include "trivet/status.h"

struct cli_nginx_conf {
    const char *module; /* path of ngx_http_trivet_module.so */
    const char *dir;    /* the data directory                */
    const char *listen; /* an address; IPv6 in brackets      */
    unsigned port;
    const char *profile;
    const char *store_url;
    const struct cli_server_keys *server_keys;
    const char *tls_certificate;
    const char *tls_key;
    const struct trivet_url *upstream; /* NULL: the built-in API */
    long long session_timeout_s;
    long long key_lifetime_s;
    bool is_sandbox;
    bool has_rate_limits;
    const struct trivet_prune_ages *prune_ages; /* NULL: the module's own */
    const char *sandbox_state;                  /* NULL: none */
    bool has_metrics; /* /metrics, /live and /ready, for this machine alone */
};

/* The text, to be freed; NULL when memory ran out. */
char *cli_nginx_conf_format(const struct cli_nginx_conf *conf);

/* Whether a path can stand in the configuration: nginx would take "$" for a
 * variable, and quotes or line ends for syntax. */
bool cli_nginx_conf_takes(const char *path);

/* Whether a URI can. */
bool cli_nginx_conf_takes_uri(const char *uri);

#endif
