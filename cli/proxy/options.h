/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - what "trivet proxy" was asked for */
#ifndef TRIVET_CLI_PROXY_OPTIONS_H
#define TRIVET_CLI_PROXY_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

enum { CLI_MAX_PROXY_RULES = 64 };

/* Texts are those of the command line; NULL where nothing was said. */
struct cli_proxy_options {
    const char *context;
    const char *listen;
    const char *monitor; /* where a monitor asks; NULL: nowhere */
    const char *data;
    long long timeout_s;
    long long max_wait_s;                   /* 0: not at all */
    const char *rules[CLI_MAX_PROXY_RULES]; /* sidecar/allow.h; none: all */
    size_t num_rules;
    const char *token_file;
    const char *limits; /* classic, 2026, off */
    bool takes_names;   /* of callers */
    bool encrypts;
    const char *receipts; /* a folder; NULL: none are kept */
    bool keeps_bodies;
    long long receipts_rotate; /* bytes of a file */
    const char *record;        /* a folder; NULL: nothing is recorded */
    const char *replay;        /* the same; NULL: calls are made      */
    bool prints_config;
};

extern const struct argp_option cli_proxy_options_table[];
extern const struct cli_proxy_options cli_proxy_defaults;

/* argp's parser of them into a struct cli_proxy_options. */
error_t cli_proxy_parse(int key, char *arg, struct argp_state *state);

#endif
