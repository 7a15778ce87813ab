/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_conf.h - the nginx configuration that "trivet serve" runs on */
#ifndef TRIVET_CLI_SERVE_NGINX_CONF_H
#define TRIVET_CLI_SERVE_NGINX_CONF_H

#include "cli/server_keys.h"
#include "cli/serve/network.h"
#include "cli/serve/upstream.h"
#include "cli/tls_pins.h"
#include "core/prune_ages.h"
#include "trivet/status.h"

/* Bytes and milliseconds. */
struct cli_nginx_limits {
    long long header;        /* of a request: one field, the first line */
    long long body;          /* of a request */
    long long answer_header; /* of the API, all of it */
    long long answer;        /* the body of an answer of the API */
    long long connect_ms;    /* until the API takes a connection */
    long long answer_ms;     /* between two reads or writes of the API */
};

struct cli_nginx_conf {
    const char *module; /* path of ngx_http_trivet_module.so */
    const char *dir;    /* the data directory                */
    const char *listen; /* an address; IPv6 in brackets      */
    unsigned port;
    const char *profile;
    const char *store_url;
    const char *chain;      /* of the audit log; NULL: not given */
    long long checkpoint_s; /* 0: off; -1: not given */
    const struct cli_server_keys *server_keys;
    const char *tls_certificate;
    const char *tls_key;
    bool is_own_tls; /* a certificate for localhost, by a CA of its own */
    const char *tls_key_password;          /* a file; NULL: none */
    const struct cli_tls_pins *pins;       /* announced if it has a next */
    const struct cli_upstreams *upstreams; /* none: the built-in API */
    size_t num_answers;                    /* of the built-in API: folders */
    const char (*answers)[CLI_MAX_PATH];
    struct cli_nginx_limits limits;
    size_t num_trusted;
    const char (*trusted)[CLI_MAX_NETWORK]; /* proxies */
    bool has_proxy_protocol;
    size_t num_origins;
    const char *const *origins; /* of web pages that may call */
    long long session_timeout_s;
    long long key_lifetime_s;
    bool is_sandbox;
    bool has_rate_limits;      /* the classic ones */
    bool has_device_rates;     /* those of 2026 */
    const char *lanes;         /* auto, off */
    const char *encryption;    /* off, optional, required */
    long long max_connections; /* of an address at once; 0: any number */
    const struct trivet_prune_ages *prune_ages; /* NULL: the module's own */
    const char *sandbox_state;                  /* NULL: none */
    const char *deterministic;                  /* NULL: not */
    const char *incident_key;                   /* NULL: none */
    bool has_json_log;
    bool has_http2_directive; /* of this nginx's */
    const char *console;      /* where it listens; NULL: none          */
    const char *host;         /* by which callers here find the gateway */
    bool has_metrics; /* /metrics, /live and /ready, for this machine alone */
};

/* The text, to be freed; NULL when memory ran out. */
char *cli_nginx_conf_format(const struct cli_nginx_conf *conf);

#endif
