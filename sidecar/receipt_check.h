/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt_check.h - whether receipts are what they were
 *
 * Lines are given in their order, those of one file after those of the file
 * before. Nothing but the lines and the keys is needed.
 * Blocks: as receipt_keys.h. Threads: one at a time.
 */
#ifndef TRIVET_SIDECAR_RECEIPT_CHECK_H
#define TRIVET_SIDECAR_RECEIPT_CHECK_H

#include "sidecar/receipt_keys.h"

enum { TRIVET_MAX_RECEIPT_FINDING = 256 };

struct trivet_verifier_cache;

/* Told what is wrong with a line, in one sentence; perhaps several times. */
typedef void (*trivet_finding_fn)(void *arg, const char *sentence);

/* Zeroed but for on_finding, arg and keys.folder, it is at the beginning.
 * Release it. */
struct trivet_receipt_check {
    trivet_finding_fn on_finding;
    void *arg;
    struct trivet_receipt_keys keys;
    struct trivet_verifier_cache *cache;

    uint64_t first;  /* the number of the first line */
    uint64_t number; /* of the line before; 0: there was none */
    char hash[TRIVET_RECEIPT_HASH + 1];
    uint64_t num_lines;
    uint64_t num_findings;
    uint64_t num_unanswered; /* nothing came back */
    uint64_t num_unsigned;   /* answers: errors, as the protocol allows */
    uint64_t num_unbound;    /* whose body is not what is signed, alone */
};

/* line: with its LF, if it has one. TRIVET_E_MEMORY, TRIVET_E_CRYPTO: it could
 * not be looked at. What is wrong with it is told, and no failure. */
TRIVET_MUST_USE enum trivet_status trivet_receipt_check_line(
    struct trivet_receipt_check *check, struct trivet_slice line);

void trivet_receipt_check_release(struct trivet_receipt_check *check);

#endif
