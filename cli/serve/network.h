/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.h - networks as they are written: 10.0.0.0/8, fd00::/8, 192.0.2.1
 */
#ifndef TRIVET_CLI_SERVE_NETWORK_H
#define TRIVET_CLI_SERVE_NETWORK_H

#include <stddef.h>

#include "core/limits.h"
#include "trivet/status.h"

enum {
    CLI_MAX_NETWORK = TRIVET_MAX_ADDRESS_TEXT + 4 /* bytes, with the NUL */
};

/*
 * The network in its one form, with the address's last bits cleared.
 * TRIVET_E_MALFORMED for anything else, and for a length that the family does
 * not have.
 */
TRIVET_MUST_USE enum trivet_status cli_network_parse(
    const char *text, char out[CLI_MAX_NETWORK]);

/* An address as a URL and nginx have it: IPv6 in brackets. out: cap bytes, two
 * more than the text and its end need. */
void cli_network_bracket(const char *address, char *out, size_t cap);

#endif
