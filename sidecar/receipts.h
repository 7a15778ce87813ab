/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipts.h - a folder of receipts
 *
 *   receipts-000001.jsonl ...  lines (receipt.h), of which each names the one
 *                              before it, also over the end of a file
 *   keys/ID.pem                public keys, by their names
 *
 * Before a call is made, room for its receipt is reserved on the disk; so a
 * disk that is full keeps the call from being made. What a process that was
 * killed had written of a line is cut off by the next one.
 *
 * Blocks: yes. Threads and processes: any number at once.
 */
#ifndef TRIVET_SIDECAR_RECEIPTS_H
#define TRIVET_SIDECAR_RECEIPTS_H

#include "sidecar/receipt.h"

struct trivet_receipts;

/* folder: borrowed; it is there. A file that has max_file bytes is followed by
 * another one. NULL: out of memory. Touches no file. */
struct trivet_receipts *trivet_receipts_new(
    const char *folder, int64_t max_file, bool keeps_bodies);
void trivet_receipts_free(struct trivet_receipts *receipts);

/*
 * Room for the receipt of a call with that body. End it by trivet_receipts_keep
 * or trivet_receipts_cancel, with what *out_room is.
 *
 * TRIVET_E_UNAVAILABLE  there is none, or the folder cannot be written: do not
 *                       make the call.
 */
TRIVET_MUST_USE enum trivet_status trivet_receipts_reserve(
    struct trivet_receipts *receipts, size_t body_len, int64_t *out_room,
    struct trivet_error *err);
void trivet_receipts_cancel(struct trivet_receipts *receipts, int64_t room);

/*
 * Writes a receipt; *out_number is its number. That of a call other than GET is
 * durable then. Its keeps_bodies is set here.
 *
 * TRIVET_E_UNAVAILABLE, TRIVET_E_MEMORY  it is not kept.
 */
TRIVET_MUST_USE enum trivet_status trivet_receipts_keep(
    struct trivet_receipts *receipts, struct trivet_receipt *receipt,
    int64_t room, uint64_t *out_number, struct trivet_error *err);

#endif
