/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h - which header fields go through the proxy
 *
 * Not those between two neighbours (RFC 9110, 7.6.1), which each side has of
 * its own; nor what the proxy sets itself, or is told by.
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_SIDECAR_FIELDS_H
#define TRIVET_SIDECAR_FIELDS_H

#include <stdbool.h>

#include "base/slice.h"

/* How the names of the proxy's own fields begin, both ways. */
#define TRIVET_PROXY_FIELD_PREFIX "Trivet-"

/* Of requests: who calls, how urgent it is, how long it may wait (seconds), and
 * the name of a call whose answer is kept. */
#define TRIVET_PROXY_FIELD_CALLER   TRIVET_PROXY_FIELD_PREFIX "Caller"
#define TRIVET_PROXY_FIELD_PRIORITY TRIVET_PROXY_FIELD_PREFIX "Priority"
#define TRIVET_PROXY_FIELD_MAX_WAIT TRIVET_PROXY_FIELD_PREFIX "Max-Wait"
#define TRIVET_PROXY_FIELD_KEY      TRIVET_PROXY_FIELD_PREFIX "Idempotency-Key"

/* Of our answers: "yes", it is that of an earlier call with the same key. */
#define TRIVET_PROXY_FIELD_REPEATED TRIVET_PROXY_FIELD_PREFIX "Repeated"
/* Of our answers: why there is none of the server's. */
#define TRIVET_PROXY_FIELD_REASON TRIVET_PROXY_FIELD_PREFIX "Reason"
/* Of our answers: the number of its receipt; "none": it could not be kept. */
#define TRIVET_PROXY_FIELD_RECEIPT TRIVET_PROXY_FIELD_PREFIX "Receipt"
/* Of our answers: "yes", it is one that was recorded. */
#define TRIVET_PROXY_FIELD_REPLAYED TRIVET_PROXY_FIELD_PREFIX "Replayed"
/* "yes": the server's signature is right. "no": an error without one. */
#define TRIVET_PROXY_FIELD_VERIFIED TRIVET_PROXY_FIELD_PREFIX "Verified"

/* Whether a caller's field is sent. connection: the value of the caller's
 * Connection fields, which name others; empty: none. */
bool trivet_fields_sends(
    struct trivet_slice name, struct trivet_slice connection);

/* The same of an answer's. was_encrypted: its body was on the wire, so its
 * signature is not that of what the caller gets. */
bool trivet_fields_returns(struct trivet_slice name,
    struct trivet_slice connection, bool was_encrypted);

#endif
