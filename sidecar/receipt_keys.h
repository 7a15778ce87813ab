/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt_keys.h - the public keys that receipts are verified with
 *
 * A file for each, ID.pem, in one folder; the name is the SHA-256 of the key,
 * so that a file with another key in it is not the key of that name.
 * Blocks: as the file system does. Threads: one at a time.
 */
#ifndef TRIVET_SIDECAR_RECEIPT_KEYS_H
#define TRIVET_SIDECAR_RECEIPT_KEYS_H

#include "sidecar/receipt.h"

enum { TRIVET_MAX_RECEIPT_KEYS = 64 };

struct trivet_receipt_key {
    char id[TRIVET_RECEIPT_HASH + 1];
    struct trivet_public_key key;
    uint64_t num_requests; /* that it signed, and that are right */
    uint64_t num_answers;
};

/* Those that were asked for. Zeroed but for the folder, there are none. */
struct trivet_receipt_keys {
    const char *folder; /* borrowed */
    size_t num;
    struct trivet_receipt_key keys[TRIVET_MAX_RECEIPT_KEYS];
};

/* NULL: there is none of that name, or another one is in its file. */
struct trivet_receipt_key *trivet_receipt_keys_find(
    struct trivet_receipt_keys *keys, const char *id);

#endif
