/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeping.h - the first answer to a call with a key is kept, so that the
 * caller's own repetition gets it, and nothing is done twice
 *
 * A file for each key, in one folder: what is in it was written before the call
 * was sent, and again when it was answered. Who makes the call holds the file's
 * lock, so whoever finds the file without an answer and without a lock knows
 * that the call may have been sent, by a process that has ended since.
 *
 * Blocks: yes. Threads and processes: any number at once.
 */
#ifndef TRIVET_SIDECAR_KEEPING_H
#define TRIVET_SIDECAR_KEEPING_H

#include <stdint.h>

#include "base/buffer.h"
#include "crypto/digest.h"
#include "trivet/client.h"

enum {
    TRIVET_MAX_KEEPING_KEY = 255, /* bytes, visible ASCII */
    TRIVET_KEEPING_S = 86400      /* that an answer is kept */
};

struct json_t; /* jansson's */

enum trivet_kept {
    TRIVET_KEPT_NOTHING = 0, /* make the call                              */
    TRIVET_KEPT_ANSWER,      /* this is the answer                         */
    TRIVET_KEPT_UNKNOWN,     /* it was sent, perhaps, and has no answer    */
    TRIVET_KEPT_IN_USE,      /* it is being made                           */
    TRIVET_KEPT_OTHER        /* another call was made with that key        */
};

/* A key that is held, or an answer that was found. Zeroed, it is neither. */
struct trivet_keeping {
    int fd; /* while is_held */
    bool is_held;
    char path[4096];
    char request[TRIVET_DIGEST_HEX_SIZE];

    struct trivet_answer answer; /* not for trivet_answer_free */
    struct trivet_header *headers;
    struct trivet_buffer text;
    struct json_t *root;
};

/* Whether a key is one. */
bool trivet_keeping_is_key(struct trivet_slice key);

/*
 * What is known of a key. request: a digest of all that makes the call what it
 * is. With TRIVET_KEPT_NOTHING the key is held, and that is on disk: end it by
 * one of the next three functions. out is released in any case.
 *
 * TRIVET_E_UNAVAILABLE  it cannot be written down: do not make the call.
 */
TRIVET_MUST_USE enum trivet_status trivet_keeping_claim(const char *folder,
    struct trivet_slice key, const unsigned char request[TRIVET_DIGEST_LEN],
    int64_t now_us, struct trivet_keeping *out, enum trivet_kept *out_kept,
    struct trivet_error *err);

/* The answer is kept. TRIVET_E_UNAVAILABLE: it is not, and a repetition is
 * TRIVET_KEPT_UNKNOWN. */
TRIVET_MUST_USE enum trivet_status trivet_keeping_answer(
    struct trivet_keeping *keeping, const struct trivet_answer *answer,
    struct trivet_error *err);

/* The call was certainly not made: the key is free again. */
void trivet_keeping_drop(struct trivet_keeping *keeping);

/* Frees what it holds. A key that is still held has no answer, and stays so. */
void trivet_keeping_release(struct trivet_keeping *keeping);

/* Removes what is older than TRIVET_KEEPING_S. */
void trivet_keeping_sweep(const char *folder, int64_t now_us);

#endif
