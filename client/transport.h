/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport.h - one HTTPS exchange: bytes out, bytes in. The only user of curl
 *
 * TLS 1.2 at least; certificate chain and host name are always verified;
 * redirects are not followed and nothing is decoded: the body is what was
 * signed. A transport keeps its connection for the next exchange.
 *
 * A request is sent once and never again. curl repeats one by itself when a
 * kept connection turns out to be lost, whatever its method is, and after some
 * errors of HTTP/2: each of these ways leads past the callback that curl calls
 * before it sends, which lets the first pass alone. TLS early data, which
 * somebody else could repeat, is not used.
 * Blocks: yes. Threads: one per transport.
 */
#ifndef TRIVET_CLIENT_TRANSPORT_H
#define TRIVET_CLIENT_TRANSPORT_H

#include "base/slice.h"
#include "client/pins.h"
#include "trivet/client.h"

enum {
    TRIVET_MAX_WIRE_BODY = 64 * 1024 * 1024, /* bytes of an answer's body   */
    TRIVET_MAX_WIRE_HEADERS = 128,           /* lines of an answer's header */
    TRIVET_MAX_WIRE_HEADER = 16 * 1024       /* bytes of one of them        */
};

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

struct trivet_wire_answer {
    unsigned status;
    char *body; /* NUL-terminated */
    size_t body_len;
    struct trivet_header *headers;
    size_t num_headers;
    int64_t sent_us;  /* when the request left */
    bool is_key_seen; /* a new connection was made, and pins are set */
    unsigned char key_digest[32];
};

void trivet_wire_answer_release(struct trivet_wire_answer *answer); /* wipes */

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

/* What the server's certificate chain was, leaf first, as PEM in one text:
 * for looking at. Owned; free it. NULL when there was none. Connects only. */
char *trivet_transport_fetch_chain(struct trivet_transport *transport,
    const char *url, struct trivet_error *err);

#endif
