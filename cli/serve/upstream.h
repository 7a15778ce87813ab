/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.h - the APIs behind "trivet serve", and where they are
 *
 * A URL is strict: nothing in it can be taken for anything else by nginx, whose
 * configuration it goes into.
 */
#ifndef TRIVET_CLI_SERVE_UPSTREAM_H
#define TRIVET_CLI_SERVE_UPSTREAM_H

#include <stdio.h>

#include "client/url.h"
#include "core/limits.h"

enum {
    CLI_MAX_UPSTREAMS = 16,
    CLI_MAX_UPSTREAM_ADDRESSES = 32, /* of one name */
    CLI_MAX_WHY = 128
};

/* An address, IPv6 in brackets. */
typedef char cli_upstream_address[TRIVET_MAX_ADDRESS_TEXT + 2];

struct cli_upstream {
    struct trivet_url url;
    bool is_name; /* not an address */
    /* What the name stands for, in order, each once. Kept when a later look-up
     * fails. */
    size_t num_addresses;
    cli_upstream_address addresses[CLI_MAX_UPSTREAM_ADDRESSES];
    char why[CLI_MAX_WHY]; /* the latest look-up failed; "" when it did not */
};

/* All have one scheme and one path; with https also one host. */
struct cli_upstreams {
    size_t num;
    struct cli_upstream all[CLI_MAX_UPSTREAMS];
};

/* Adds a URL. TRIVET_E_USAGE: not one, or it does not go with the first. */
TRIVET_MUST_USE enum trivet_status cli_upstream_add(
    struct cli_upstreams *upstreams, const char *url, struct trivet_error *err);

/*
 * Asks the system (/etc/hosts, DNS) for the addresses of a name. Those that
 * this machine has no route to are left out, unless there are no others.
 * Blocks, for as long as resolv.conf(5) says.
 */
void cli_upstream_resolve(struct cli_upstream *upstream);

bool cli_upstream_same_addresses(
    const struct cli_upstream *a, const struct cli_upstream *b);
/* Whether they share an address. */
bool cli_upstream_overlaps(
    const struct cli_upstream *a, const struct cli_upstream *b);

#endif
