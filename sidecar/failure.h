/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failure.h - what a caller gets when there is no answer of the server's
 *
 * One table. The HTTP status says whether the call may be made again:
 *   502  the server may have acted, or its answer cannot be used
 *   503  the server has certainly not acted, or the call was a GET
 *   504  the same, and the time was over
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_SIDECAR_FAILURE_H
#define TRIVET_SIDECAR_FAILURE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "trivet/status.h"

enum trivet_failure {
    TRIVET_FAILURE_NONE = 0,

    TRIVET_FAILURE_REQUEST,         /* it cannot be sent as it is           */
    TRIVET_FAILURE_HEADERS,         /* too many header fields               */
    TRIVET_FAILURE_THROTTLED,       /* the wait would be too long           */
    TRIVET_FAILURE_INTERNAL,        /* memory, cryptography, a bug          */
    TRIVET_FAILURE_UNTRUSTED,       /* the answer's signature, or none      */
    TRIVET_FAILURE_CERTIFICATE,     /* the server's                         */
    TRIVET_FAILURE_PIN,             /* the server's key is not pinned       */
    TRIVET_FAILURE_OUTCOME_UNKNOWN, /* sent, and no answer                  */
    TRIVET_FAILURE_ANSWER,          /* too large, or no answer of an API    */
    TRIVET_FAILURE_UNREACHABLE,     /* no connection                        */
    TRIVET_FAILURE_CONTEXT,         /* its file, or what is missing in it   */
    TRIVET_FAILURE_LOGIN,           /* the server refused a step            */
    TRIVET_FAILURE_TIME,            /* too slow                             */

    /* A call with a key. */
    TRIVET_FAILURE_KEY_IN_USE, /* the same call is being made       */
    TRIVET_FAILURE_KEY_OTHER,  /* another call was made with it     */
    TRIVET_FAILURE_KEY_UNKEPT, /* it cannot be written down         */

    TRIVET_FAILURE_RECEIPT, /* there is no room for one            */
    TRIVET_FAILURE_NOT_RECORDED,

    /* The caller may not do this. */
    TRIVET_FAILURE_HOST,
    TRIVET_FAILURE_ORIGIN,
    TRIVET_FAILURE_TOKEN,
    TRIVET_FAILURE_NOT_ALLOWED,

    /* What the HTTP server finds. */
    TRIVET_FAILURE_BAD_REQUEST,
    TRIVET_FAILURE_NOT_FOUND,
    TRIVET_FAILURE_REQUEST_TIME,
    TRIVET_FAILURE_BODY_SIZE,
    TRIVET_FAILURE_URI_SIZE,
    TRIVET_FAILURE_HEADER_SIZE,

    TRIVET_NUM_FAILURES
};

struct trivet_failure_row {
    const char *reason; /* stable word for programs, such as "pin-mismatch" */
    unsigned status;    /* of HTTP */
    const char *text;   /* when nobody has more to say about it */
};

/* Static; also of TRIVET_FAILURE_NONE, whose status is 0. */
const struct trivet_failure_row *trivet_failure_row(
    enum trivet_failure failure);

/* Of a failed trivet_call, other than a GET: whether the server may have acted.
 */
bool trivet_failure_may_have_acted(enum trivet_failure failure);

/* Which one the HTTP server's own status is. */
enum trivet_failure trivet_failure_of_status(unsigned status);

/* Which one a failed trivet_call is; err as it filled it. */
enum trivet_failure trivet_failure_of(const struct trivet_error *err);

#endif
