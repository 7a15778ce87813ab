/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - is a gateway of our own answering yet? And is a URL a URL? */
#ifndef TRIVET_CLIENT_PROBE_H
#define TRIVET_CLIENT_PROBE_H

#include <stdbool.h>

#include "trivet/status.h"

/*
 * Asks the gateway on this machine at address:port (an IPv6 address in
 * brackets) for a protected call with a token that nobody has: the end of a
 * session, which has no rate limit that a first caller would miss. True when
 * it answers as a gateway does whose store can be read: 401, or 403 where dead
 * sessions get that, with a response id. has_proxy_protocol: the connection
 * begins as one through a proxy.
 * Blocks: up to a second.
 */
bool trivet_probe_gateway(
    const char *address, unsigned port, bool has_proxy_protocol);
/* The same, but asks for nothing: true when somebody there speaks TLS. */
bool trivet_probe_tls(
    const char *address, unsigned port, bool has_proxy_protocol);

enum { TRIVET_MAX_URL_PART = 512 };

/* scheme://host[:port][/path] */
struct trivet_url {
    bool is_https;
    char host[TRIVET_MAX_URL_PART]; /* an IPv6 address in brackets           */
    unsigned port;                  /* the scheme's when none was given      */
    char path[TRIVET_MAX_URL_PART]; /* without a last slash; "" for the root */
};

/* TRIVET_E_MALFORMED for anything but an http or https URL of that form. */
TRIVET_MUST_USE enum trivet_status trivet_url_parse(
    const char *text, struct trivet_url *out, struct trivet_error *err);

#endif
