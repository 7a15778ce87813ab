/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - what "trivet serve" was asked for */
#ifndef TRIVET_CLI_SERVE_OPTIONS_H
#define TRIVET_CLI_SERVE_OPTIONS_H

#include <stdbool.h>

#include "cli/data_dir.h"
#include "cli/serve/cors.h"
#include "cli/serve/host_names.h"
#include "cli/serve/nginx_conf.h"
#include "cli/serve/profile.h"
#include "core/prune_ages.h"
#include "sandbox/answers/answers.h"

enum { CLI_MAX_TRUSTED = 64 };

/* Where nothing is said, there is a sandbox where there is no API to protect.
 */
enum cli_sandbox_choice {
    CLI_SANDBOX_UNSAID = 0,
    CLI_SANDBOX_ON,
    CLI_SANDBOX_OFF
};

/* Texts are those of the command line; NULL where nothing was said. */
struct cli_serve_options {
    struct cli_data_options data;
    const char *listen;
    long long port;
    struct cli_profile profile;
    const char *upstreams[CLI_MAX_UPSTREAMS];
    size_t num_upstreams;
    const char *answers[TRIVET_MAX_ANSWER_DIRS]; /* folders */
    size_t num_answers;
    const char *tls_cert;
    const char *tls_key;
    const char *tls_key_password; /* a file */
    const char *tls_next_key;     /* a file or a pin */
    const char *trusted[CLI_MAX_TRUSTED];
    size_t num_trusted;
    bool has_proxy_protocol;
    const char *origins[CLI_MAX_ORIGINS];
    size_t num_origins;
    struct cli_nginx_limits limits;
    long long session_timeout_s;
    long long key_lifetime_s; /* 0: not given */
    const char *server_key;
    const char *chain;      /* of the audit log */
    long long checkpoint_s; /* 0: no checkpoints; -1: not given */
    const char *rate_limits;
    const char *lanes;         /* auto, off */
    const char *encryption;    /* off, optional, required */
    long long max_connections; /* of an address at once; 0: any number */
    bool has_prune;            /* it was said how long things are kept */
    struct trivet_prune_ages prune_ages;
    enum cli_sandbox_choice sandbox;
    const char *seed;          /* a file */
    const char *deterministic; /* the seed of it, a text; NULL: not given */
    const char *host_names[CLI_MAX_HOST_NAMES];
    size_t num_host_names;
    bool has_json_log;
    bool has_metrics;
    bool has_port;       /* it was given */
    const char *console; /* NULL: not given; "": its usual place; off */
    bool prints_config;
};

/* The options, and argp's parser of them into a struct cli_serve_options, which
 * it first sets to the defaults. `data` and `limits` have parsers of their own.
 */
extern const struct argp_option cli_serve_options_table[];
error_t cli_serve_parse(int key, char *arg, struct argp_state *state);

#endif
