/* SPDX-License-Identifier: Apache-2.0 */
/* serve_options.h - what "trivet serve" was asked for */
#ifndef TRIVET_CLI_SERVE_OPTIONS_H
#define TRIVET_CLI_SERVE_OPTIONS_H

#include <stdbool.h>

#include "cli/data_dir.h"
#include "cli/profile.h"
#include "core/prune_ages.h"

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
    const char *upstream;
    const char *tls_cert;
    const char *tls_key;
    long long session_timeout_s;
    long long key_lifetime_s;
    const char *server_key;
    const char *rate_limits;
    bool has_prune; /* it was said how long things are kept */
    struct trivet_prune_ages prune_ages;
    enum cli_sandbox_choice sandbox;
    bool has_metrics;
};

/* The options with their defaults. False: argp has said what is wrong. */
bool cli_serve_parse(int argc, char **argv, struct cli_serve_options *out);

#endif
