/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c - what a caller gets when there is no answer of the server's */
#include "sidecar/failure.h"

#include <string.h>

static const struct trivet_failure_row rows[TRIVET_NUM_FAILURES] = {
    [TRIVET_FAILURE_NONE] = {"", 0, ""},
    [TRIVET_FAILURE_REQUEST] = {"request-unusable", 400,
        "The request cannot be sent."},
    [TRIVET_FAILURE_HEADERS] = {"too-many-headers", 431,
        "There are too many header fields."},
    [TRIVET_FAILURE_THROTTLED] = {"rate-limited", 429,
        "The wait for the rate limit would be too long."},
    [TRIVET_FAILURE_INTERNAL] = {"internal", 500, "The proxy failed."},
    [TRIVET_FAILURE_UNTRUSTED] = {"answer-untrusted", 502,
        "The answer cannot be trusted."},
    [TRIVET_FAILURE_CERTIFICATE] = {"certificate-untrusted", 502,
        "The server's certificate cannot be trusted."},
    [TRIVET_FAILURE_PIN] = {"pin-mismatch", 502,
        "The server's key is not pinned."},
    [TRIVET_FAILURE_OUTCOME_UNKNOWN] = {"outcome-unknown", 502,
        "It is not known whether the server acted."},
    [TRIVET_FAILURE_ANSWER] = {"answer-unusable", 502,
        "The answer cannot be used."},
    [TRIVET_FAILURE_UNREACHABLE] = {"server-unreachable", 503,
        "The server cannot be reached."},
    [TRIVET_FAILURE_CONTEXT] = {"context-unusable", 503,
        "The context cannot be used."},
    [TRIVET_FAILURE_LOGIN] = {"login-refused", 503,
        "The server refused the login."},
    [TRIVET_FAILURE_TIME] = {"server-too-slow", 504,
        "The server did not answer in time."},
    [TRIVET_FAILURE_KEY_IN_USE] = {"key-in-use", 409,
        "A call with this Trivet-Idempotency-Key is being made."},
    [TRIVET_FAILURE_KEY_OTHER] = {"key-reused", 422,
        "Another call was made with this Trivet-Idempotency-Key."},
    [TRIVET_FAILURE_KEY_UNKEPT] = {"key-not-kept", 503,
        "The call was not made: its Trivet-Idempotency-Key cannot be kept."},
    [TRIVET_FAILURE_RECEIPT] = {"receipt-not-kept", 503,
        "The call was not made: its receipt cannot be kept."},
    [TRIVET_FAILURE_NOT_RECORDED] = {"not-recorded", 404,
        "There is no answer to this request."},
    [TRIVET_FAILURE_HOST] = {"host-refused", 403,
        "The Host is not a name of this machine, such as localhost."},
    [TRIVET_FAILURE_ORIGIN] = {"origin-refused", 403,
        "A page in a browser may not call."},
    [TRIVET_FAILURE_TOKEN] = {"token-wrong", 401,
        "The field \"Authorization: Bearer TOKEN\" is missing or wrong."},
    [TRIVET_FAILURE_NOT_ALLOWED] = {"not-allowed", 403,
        "This proxy does not allow that call (--allow, --read-only)."},
    [TRIVET_FAILURE_BAD_REQUEST] = {"bad-request", 400,
        "The request is not HTTP/1.1 as it should be."},
    [TRIVET_FAILURE_NOT_FOUND] = {"not-found", 404,
        "Only paths below /v1/ are calls."},
    [TRIVET_FAILURE_REQUEST_TIME] = {"request-timeout", 408,
        "The request came too slowly."},
    [TRIVET_FAILURE_BODY_SIZE] = {"body-too-large", 413,
        "The body is larger than 16 MiB."},
    [TRIVET_FAILURE_URI_SIZE] = {"uri-too-long", 414, "The path is too long."},
    [TRIVET_FAILURE_HEADER_SIZE] = {"headers-too-large", 431,
        "The header is too large."},
};

const struct trivet_failure_row *
trivet_failure_row(enum trivet_failure failure)
{
    return &rows[failure];
}

enum trivet_failure
trivet_failure_of_status(unsigned status)
{
    for (int i = TRIVET_FAILURE_BAD_REQUEST; i < TRIVET_NUM_FAILURES; i++) {
        if (rows[i].status == status) {
            return (enum trivet_failure) i;
        }
    }

    /* 501 and 505 are about what was asked, too. */
    return status == 500 || (status > 501 && status < 505)
               ? TRIVET_FAILURE_INTERNAL
               : TRIVET_FAILURE_BAD_REQUEST;
}

/* By who found it, where a status alone does not tell; a `where` without a row
 * here has the context's file in hand. */
static const struct {
    enum trivet_status status;
    const char *where;
    enum trivet_failure failure;
} places[] = {
    {TRIVET_E_USAGE, "call", TRIVET_FAILURE_REQUEST},
    {TRIVET_E_USAGE, "transport", TRIVET_FAILURE_CONTEXT},
    {TRIVET_E_LIMIT, "call", TRIVET_FAILURE_HEADERS},
    {TRIVET_E_LIMIT, "worker.sign", TRIVET_FAILURE_HEADERS},
    {TRIVET_E_LIMIT, "transport", TRIVET_FAILURE_ANSWER},
    {TRIVET_E_UNTRUSTED, "transport", TRIVET_FAILURE_CERTIFICATE},
    {TRIVET_E_UNTRUSTED, "transport.pins", TRIVET_FAILURE_PIN},
    {TRIVET_E_UNAVAILABLE, "transport", TRIVET_FAILURE_UNREACHABLE},
    {TRIVET_E_UNAVAILABLE, "transport.time", TRIVET_FAILURE_TIME},
    {TRIVET_E_UNAVAILABLE, "session", TRIVET_FAILURE_UNREACHABLE},
    {TRIVET_E_UNAVAILABLE, "keeping", TRIVET_FAILURE_KEY_UNKEPT},
    {TRIVET_E_UNAVAILABLE, "receipts", TRIVET_FAILURE_RECEIPT},
    {TRIVET_E_NOT_FOUND, "recording", TRIVET_FAILURE_NOT_RECORDED},
    {TRIVET_E_MALFORMED, "recording", TRIVET_FAILURE_INTERNAL},
};

bool
trivet_failure_may_have_acted(enum trivet_failure failure)
{
    return failure == TRIVET_FAILURE_UNTRUSTED
           || failure == TRIVET_FAILURE_OUTCOME_UNKNOWN
           || failure == TRIVET_FAILURE_ANSWER
           || failure == TRIVET_FAILURE_INTERNAL;
}

static enum trivet_failure
by_status(enum trivet_status status)
{
    switch (status) {
    case TRIVET_E_UNTRUSTED:
        return TRIVET_FAILURE_UNTRUSTED;
    case TRIVET_E_THROTTLED:
        return TRIVET_FAILURE_THROTTLED;
    case TRIVET_E_OUTCOME_UNKNOWN:
        return TRIVET_FAILURE_OUTCOME_UNKNOWN;
    case TRIVET_E_REFUSED:
        return TRIVET_FAILURE_LOGIN;
    case TRIVET_E_LIMIT:
    case TRIVET_E_MALFORMED:
    case TRIVET_E_NOT_FOUND:
    case TRIVET_E_CONFLICT:
    case TRIVET_E_UNAVAILABLE:
    case TRIVET_E_AGAIN:
    case TRIVET_E_USAGE:
    case TRIVET_E_NO_SESSION:
        return TRIVET_FAILURE_CONTEXT;
    case TRIVET_OK:
    case TRIVET_E_MEMORY:
    case TRIVET_E_CRYPTO:
    case TRIVET_E_INTERNAL:
        break;
    }

    return TRIVET_FAILURE_INTERNAL;
}

enum trivet_failure
trivet_failure_of(const struct trivet_error *err)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].status == err->status
            && strcmp(places[i].where, err->where) == 0) {
            return places[i].failure;
        }
    }

    return by_status(err->status);
}
