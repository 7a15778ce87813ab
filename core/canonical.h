/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canonical.h - the exact bytes that each signature scheme signs
 *
 * What is signed is always a head followed by the raw body, so that a body of
 * any size can be digested as it streams by. Since April 2020 the head is
 * empty. Before, it was, for requests and for answers:
 *
 *   request  = METHOD SP target LF *( Name ":" SP value LF ) LF body
 *   response = status LF           *( Name ":" SP value LF ) LF body
 *
 *   example  = "POST /v1/session-server\nCache-Control: no-cache\n"
 *              "User-Agent: x\nX-Bunq-Client-Request-Id: 1\n\n{...}"
 *
 * A request's fields are Cache-Control, User-Agent and every X-Bunq-* but
 * X-Bunq-Client-Signature; an answer's are every X-Bunq-* but
 * X-Bunq-Server-Signature. They are written with capitals at the start of each
 * part and sorted by name, byte by byte.
 */
#ifndef TRIVET_CORE_CANONICAL_H
#define TRIVET_CORE_CANONICAL_H

#include "base/slice.h"
#include "base/writer.h"
#include "trivet/status.h"

enum trivet_scheme {
    TRIVET_SCHEME_BODY = 0, /* the body alone                   */
    TRIVET_SCHEME_FULL      /* first line, header fields and body */
};

enum { TRIVET_MAX_CANONICAL_FIELDS = 64, TRIVET_MAX_CANONICAL_NAME = 128 };

struct trivet_field {
    struct trivet_slice name; /* in any case */
    struct trivet_slice value;
};

/*
 * Writes the head of a request under scheme. Fields that the scheme does not
 * sign are passed over, so all fields of a message may be given.
 *
 * TRIVET_E_LIMIT  out is full, or more than TRIVET_MAX_CANONICAL_FIELDS fields
 *                 are to be signed, or one has a longer name than
 *                 TRIVET_MAX_CANONICAL_NAME; out then holds nothing of use.
 */
TRIVET_MUST_USE enum trivet_status trivet_canonical_request_head(
    enum trivet_scheme scheme, struct trivet_slice method,
    struct trivet_slice target, const struct trivet_field *fields,
    size_t num_fields, struct trivet_writer *out);

/* The same for an answer with this status, such as 200. */
TRIVET_MUST_USE enum trivet_status trivet_canonical_response_head(
    enum trivet_scheme scheme, unsigned status,
    const struct trivet_field *fields, size_t num_fields,
    struct trivet_writer *out);

#endif
