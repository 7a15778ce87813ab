/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.h - whether the machine could do its work
 *
 * A status is a category that a caller can act on. It is not a verdict: a
 * refusal because of a rule is a success of the program
 * (core/decide.h).
 */
#ifndef TRIVET_STATUS_H
#define TRIVET_STATUS_H

#include "trivet/base.h"

enum trivet_status {
    TRIVET_OK = 0,
    TRIVET_E_LIMIT,       /* a maximum was reached                           */
    TRIVET_E_MALFORMED,   /* input breaks its grammar                        */
    TRIVET_E_NOT_FOUND,   /* the thing asked for does not exist              */
    TRIVET_E_CONFLICT,    /* exists already, or changed meanwhile            */
    TRIVET_E_UNAVAILABLE, /* store or network down: trying again may help    */
    TRIVET_E_MEMORY,      /* out of memory                                   */
    TRIVET_E_CRYPTO,      /* the cryptographic library refused or failed     */
    TRIVET_E_USAGE,       /* the caller asked for something impossible       */
    TRIVET_E_INTERNAL,    /* a bug, or a system call that cannot fail failed */
    TRIVET_E_REFUSED,     /* the server understood the request and refused   */
    TRIVET_E_UNTRUSTED,   /* a signature, a certificate or a pin is wrong    */
    TRIVET_E_THROTTLED,   /* a rate limit: try again later                   */
    TRIVET_E_NO_SESSION,  /* there is no session, and none may be opened     */
    /* A request was sent and no answer came that can be used: it is not known
     * whether the server acted. Find out before you send it again. */
    TRIVET_E_OUTCOME_UNKNOWN,
    TRIVET_E_AGAIN /* others were in the way; nothing was done, it may be done
                      again */
};

enum { TRIVET_MAX_ERROR_DETAIL = 256 };

/* What went wrong, for an operator. Filled next to a failing status. */
struct trivet_error {
    enum trivet_status status;
    const char *where; /* static text, such as "store.open" */
    char detail[TRIVET_MAX_ERROR_DETAIL];
};

/* A static word for the status, such as "unavailable". */
TRIVET_API const char *trivet_status_name(enum trivet_status status);

/* Fills err (may be NULL) and returns status, so that a failing function can
 * end with `return trivet_error_set(...)`. Detail is cut to fit; bytes that
 * are not printable ASCII are shown as '?'. */
TRIVET_API enum trivet_status trivet_error_set(struct trivet_error *err,
    enum trivet_status status, const char *where, const char *format, ...)
    TRIVET_PRINTF(4, 5);

#endif
