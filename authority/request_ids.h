/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_ids.h - which ids devices gave to their requests (request-id)
 *
 * A table of fixed size, in memory that its owner brings: processes may share
 * it. Sets of eight fingerprints, the newest first; a new one pushes the oldest
 * of its set out. So of about the latest 130000 ids most are known, and one
 * that was forgotten is taken again: nothing new is ever refused.
 *
 * take and give_back may be called from any thread of any process. A mutex made
 * for that keeps two equal ids apart; it is robust: a process that is killed
 * while it has it leaves it to the next.
 */
#ifndef TRIVET_AUTHORITY_REQUEST_IDS_H
#define TRIVET_AUTHORITY_REQUEST_IDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "crypto/digest.h"
#include "trivet/status.h"

enum {
    TRIVET_NUM_REQUEST_ID_SETS = 16384,
    TRIVET_REQUEST_ID_SET_SIZE = 8,
    TRIVET_REQUEST_ID_SECRET_LEN = 32
};

struct trivet_request_id_set {
    uint64_t ids[TRIVET_REQUEST_ID_SET_SIZE]; /* 0: none */
};

/* A megabyte. */
struct trivet_request_ids {
    pthread_mutex_t mutex;
    unsigned char secret[TRIVET_REQUEST_ID_SECRET_LEN]; /* read alone */
    struct trivet_request_id_set sets[TRIVET_NUM_REQUEST_ID_SETS];
};

/* Once, by one process, before others know of it. TRIVET_E_INTERNAL: the system
 * has no such mutexes; or as of trivet_random. */
TRIVET_MUST_USE enum trivet_status trivet_request_ids_init(
    struct trivet_request_ids *ids);

/* Whether the digest (of the secret, a device and an id: so nobody can choose
 * ids that push another's out) is new; if so it is not from now
 * on. What cannot be remembered is not new. */
bool trivet_request_ids_take(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN]);

/* It was not used after all. */
void trivet_request_ids_give_back(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN]);

#endif
