/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_answer.h - an answer as it came: status, header fields, body
 *
 * Blocks: no. Threads: one per answer.
 */
#ifndef TRIVET_CLIENT_WIRE_ANSWER_H
#define TRIVET_CLIENT_WIRE_ANSWER_H

#include "base/buffer.h"
#include "trivet/client.h"

enum {
    TRIVET_MAX_WIRE_BODY = 64 * 1024 * 1024, /* bytes of an answer's body    */
    TRIVET_MAX_WIRE_HEADERS = 128,           /* fields of an answer's header */
    TRIVET_MAX_WIRE_HEADER = 16 * 1024       /* bytes of one of them         */
};

/* Owned: release it. Zeroed, it is empty. */
struct trivet_wire_answer {
    unsigned status;
    struct trivet_buffer body;
    struct trivet_header *headers;
    size_t num_headers;
    int64_t sent_us;    /* when the request left */
    bool was_encrypted; /* the body was; now it is plain */
    bool is_key_seen;   /* a new connection was made, and pins are set */
    unsigned char key_digest[32];
};

/* Wipes and frees what it holds; it is empty then. */
void trivet_wire_answer_release(struct trivet_wire_answer *answer);

/* Adds a line of the header, as it came. A line without a colon is ignored.
 *
 * TRIVET_E_LIMIT  more than the maxima above.
 */
TRIVET_MUST_USE enum trivet_status trivet_wire_answer_add_field(
    struct trivet_wire_answer *answer, const char *line, size_t len);

/* Adds bytes to the body; with none, it makes an empty body.
 *
 * TRIVET_E_LIMIT  more than TRIVET_MAX_WIRE_BODY.
 */
TRIVET_MUST_USE enum trivet_status trivet_wire_answer_add_body(
    struct trivet_wire_answer *answer, const char *data, size_t len);

#endif
