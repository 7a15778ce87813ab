/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - whether a gateway answers yet
 *
 * Uses libcurl by itself and not client/transport.h: the gateway's certificate
 * names another host than the address that is asked, so it is not verified.
 * Nothing secret is sent.
 */
#ifndef TRIVET_CLI_SERVE_PROBE_H
#define TRIVET_CLI_SERVE_PROBE_H

#include <stdbool.h>

#include "trivet/status.h"

/*
 * Asks the gateway at address:port (an IPv6 address in brackets) for a
 * protected call with a token that no session has: the end of a session, which
 * has no rate limit that would then miss for the first caller. True when it
 * answers as a gateway whose store can be read: 401, or 403 where ended
 * sessions get that, with a response id. has_proxy_protocol: the connection
 * begins with the header of the PROXY protocol.
 * Blocks: up to a second.
 */
bool trivet_probe_gateway(
    const char *address, unsigned port, bool has_proxy_protocol);

/* The same, but sends no request: true when TLS is spoken there. */
bool trivet_probe_tls(
    const char *address, unsigned port, bool has_proxy_protocol);

/*
 * Whether GET /alive is answered with 204, without TLS: at the Unix socket
 * path, or, when that is "", at address, which is as in a URL, with its port.
 * Blocks: up to a second.
 */
bool trivet_probe_plain(const char *path, const char *address);

/*
 * The same question, by the API's URL (https, such as
 * https://localhost:8443/v1), to a server anywhere. ca_file: verifies its
 * certificate with the CA certificates in that file; NULL: it is not verified.
 * Blocks: up to timeout_ms.
 *
 * TRIVET_E_UNTRUSTED    the certificate does not fit; ca_file cannot be read.
 * TRIVET_E_UNAVAILABLE  no connection, or something else answered; err says
 *                       which.
 */
TRIVET_MUST_USE enum trivet_status trivet_probe_url(const char *base_url,
    const char *ca_file, long timeout_ms, struct trivet_error *err);

#endif
