/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what one run of "trivet serve" knows
 *
 * cli_serve_check fills in what the options say and where all files are; the
 * other files of this folder read it. One thread.
 */
#ifndef TRIVET_CLI_SERVE_STATE_H
#define TRIVET_CLI_SERVE_STATE_H

#include "cli/data_dir.h"
#include "cli/serve/console.h"
#include "cli/serve/network.h"
#include "cli/serve/options.h"
#include "cli/serve/profile.h"
#include "cli/serve/seed.h"
#include "cli/serve/tls.h"
#include "cli/serve/upstream.h"
#include "cli/server_keys.h"
#include "cli/tls_pins.h"
#include "core/address.h"
#include "sandbox/state.h"

/* What the options and the data directory come to. */
struct serving {
    const struct cli_serve_options *options;
    struct trivet_address address;
    char profile[CLI_MAX_PROFILE];
    char listen[TRIVET_MAX_ADDRESS_TEXT + 2]; /* IPv6 in brackets */
    unsigned port;
    bool is_sandbox;
    struct cli_seed seed; /* path NULL: none */
    struct cli_upstreams upstreams;
    char trusted[CLI_MAX_TRUSTED][CLI_MAX_NETWORK];

    char self[CLI_MAX_PATH];    /* this program */
    char program[CLI_MAX_PATH]; /* nginx */
    char module[CLI_MAX_PATH];

    char answers[TRIVET_MAX_ANSWER_DIRS][CLI_MAX_PATH]; /* absolute */
    char given_server_key[CLI_MAX_PATH];
    char given_cert[CLI_MAX_PATH];
    char given_key[CLI_MAX_PATH];
    char given_password[CLI_MAX_PATH];
    char given_next_key[CLI_MAX_PATH]; /* a file; "": none, or a pin */
    struct cli_tls_watch tls;
    char dir[CLI_MAX_PATH];
    char log_dir[CLI_MAX_PATH];
    char log[CLI_MAX_PATH];
    char temporary[CLI_MAX_PATH];
    char conf[CLI_MAX_PATH];
    char next_conf[CLI_MAX_PATH]; /* to be tried before it takes its place */
    struct cli_server_keys server_keys;
    bool wants_reload;
    bool is_asked; /* by a command, which waits to hear how it went */
    char ca_cert[CLI_MAX_PATH];
    char ca_key[CLI_MAX_PATH];
    char tls_cert[CLI_MAX_PATH];
    char tls_key[CLI_MAX_PATH];
    char next_key[CLI_MAX_PATH]; /* of our next certificate */
    struct cli_tls_pins pins;    /* of the served and the next key */
    char store_url[CLI_MAX_PATH];
    char sandbox_state[CLI_MAX_PATH];
    char deterministic[CLI_MAX_PATH]; /* a file, with --deterministic */
    char console[CLI_MAX_CONSOLE];    /* where it listens; "": none */
    char incident_key[CLI_MAX_PATH];  /* there is none before its first use */
    struct trivet_sandbox *sandbox;   /* NULL: none */
};

#endif
