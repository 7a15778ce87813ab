/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt.h - the receipt of a call: one line of JSON
 *
 *   line  = part ",\"previous\":\"" hash "\",\"n\":" number
 *           ",\"hash\":\"" hash "\"}" LF
 *   hash  = the SHA-256, in hexadecimal, of the line before ",\"hash\""
 *
 * So each line says which one was before it, and a line that was changed does
 * not have its hash. What part has in it: trivet-receipt(1).
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_SIDECAR_RECEIPT_H
#define TRIVET_SIDECAR_RECEIPT_H

#include <stdint.h>

#include "base/buffer.h"
#include "client/evidence.h"

enum {
    TRIVET_RECEIPT_HASH = 2 * TRIVET_DIGEST_LEN, /* characters */
    /* The longest end of a line: from ",\"previous\"" on, with its LF. */
    TRIVET_MAX_RECEIPT_END = 2 * TRIVET_RECEIPT_HASH + 64
};

/* What is before the first line. */
extern const char trivet_receipt_no_hash[TRIVET_RECEIPT_HASH + 1];

/* A call that was sent. */
struct trivet_receipt {
    const struct trivet_evidence *evidence;
    const char *method;
    struct trivet_slice body; /* as the caller gave it */
    /* As the caller gets it; NULL: no answer is handed on. */
    const struct trivet_answer *answer;
    const char *failure; /* why; "" with an answer */
    bool keeps_bodies;
};

/* The line without its end; wiped and freed by trivet_buffer_free. Its data is
 * NULL when memory ran out. */
struct trivet_buffer trivet_receipt_begin(const struct trivet_receipt *receipt);

/* Adds the end; hash is that of the line before, and then of this one. */
TRIVET_MUST_USE enum trivet_status trivet_receipt_end(
    struct trivet_buffer *line, uint64_t number,
    char hash[TRIVET_RECEIPT_HASH + 1]);

/* The end of a line, without its LF, as it says it is. False: it has none. */
bool trivet_receipt_read_end(struct trivet_slice line, uint64_t *out_number,
    char out_previous[TRIVET_RECEIPT_HASH + 1],
    char out_hash[TRIVET_RECEIPT_HASH + 1]);

/* The hash that it should have. */
TRIVET_MUST_USE enum trivet_status trivet_receipt_hash(
    struct trivet_slice line, char out[TRIVET_RECEIPT_HASH + 1]);

/* The name of a key: the SHA-256 of its DER. */
TRIVET_MUST_USE enum trivet_status trivet_receipt_key_id(
    struct trivet_slice der, char out[TRIVET_RECEIPT_HASH + 1]);

#endif
