/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - a profile and its switches on the command line */
#ifndef TRIVET_CLI_SERVE_PROFILE_H
#define TRIVET_CLI_SERVE_PROFILE_H

#include <argp.h>

#include "core/profile.h"

enum { CLI_MAX_PROFILE = 1024 };

/* As it was given; zeroes but for the name are none. */
struct cli_profile {
    const char *name;
    const char *switches[TRIVET_NUM_SWITCHES]; /* each at most once */
    size_t num_switches;
    struct trivet_profile values; /* of the switches */
};

/* Takes "name=value", or ends with argp's complaint. */
void cli_profile_add(
    struct argp_state *state, struct cli_profile *profile, const char *text);

/*
 * The whole as nginx's trivet_profile takes it: "strict ipv6=off".
 *
 * TRIVET_E_USAGE  the name is unknown.
 */
TRIVET_MUST_USE enum trivet_status cli_profile_format(
    const struct cli_profile *profile, char out[CLI_MAX_PROFILE],
    struct trivet_error *err);

/* argp's help_filter: puts the table of switches behind the text. */
char *cli_profile_help(int key, const char *text, void *input);

#endif
