/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport.h - one HTTPS exchange: bytes out, bytes in
 *
 * The only part of the library that uses curl to send anything (url.h uses its
 * URL parser). TLS 1.2 at least; certificate chain and host name are always
 * verified; redirects are not followed and nothing is decoded: the body is what
 * was signed. A transport keeps its connection for the next exchange.
 *
 * A request is sent once. curl repeats a request by itself when a kept
 * connection turns out to be lost, whatever the method, and after some errors
 * of HTTP/2. Before each sending it calls a callback, which here allows only
 * the first. TLS early data, which a third party could repeat, is not used.
 * Blocks: yes. Threads: one per transport.
 */
#ifndef TRIVET_CLIENT_TRANSPORT_H
#define TRIVET_CLIENT_TRANSPORT_H

#include "base/slice.h"
#include "client/pins.h"
#include "client/wire_answer.h"
#include "trivet/client.h"

/* Strings and pins are borrowed for the life of the transport. */
struct trivet_transport_config {
    const char *ca_file; /* "": the system's  */
    const char *proxy;   /* "": none          */
    const struct trivet_pin_set *pins;
    int connect_timeout_s;
    int timeout_s;
};

struct trivet_wire_request {
    const char *method;
    const char *url;
    const struct trivet_header *headers;
    size_t num_headers;
    struct trivet_slice body; /* data NULL: the request has none */
    /* How long a kept connection may have been idle to be used again; 0: a new
     * one is made. */
    int max_idle_s;
};

struct trivet_transport;

/* NULL when memory ran out. */
struct trivet_transport *trivet_transport_new(
    const struct trivet_transport_config *config);
void trivet_transport_free(struct trivet_transport *transport);

/*
 * TRIVET_E_UNTRUSTED    certificate, host name or pin; err names the key seen.
 * TRIVET_E_UNAVAILABLE  no connection, broken off, or too slow.
 * TRIVET_E_LIMIT        the answer is bigger than the maxima above.
 */
TRIVET_MUST_USE enum trivet_status trivet_transport_exchange(
    struct trivet_transport *transport,
    const struct trivet_wire_request *request, int64_t now_us,
    struct trivet_wire_answer *out, struct trivet_error *err);

/* Of the last exchange, which failed: whether a byte of the request may have
 * left. False: the server certainly has not seen it. */
bool trivet_transport_has_sent(const struct trivet_transport *transport);

/* Of the last exchange, which failed: whether it was lost with a connection
 * that was kept from an exchange before, and nothing came back. */
bool trivet_transport_has_lost_kept(const struct trivet_transport *transport);

/* Connects, sends nothing, and gives the server's certificate chain, leaf
 * first, as PEM in one text. Owned; free it. NULL when there was none. */
char *trivet_transport_fetch_chain(struct trivet_transport *transport,
    const char *url, struct trivet_error *err);

#endif
