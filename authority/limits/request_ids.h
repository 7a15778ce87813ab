/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_ids.h - which ids devices gave to their requests (request-id)
 *
 * A table of fixed size, in memory that processes may share: that of a file
 * (trivet_request_ids_open), or what its owner brings. Sets of eight
 * fingerprints, the newest first; a new one pushes the oldest of its set out.
 * So of about the latest 130000 ids most are known, and one that was forgotten
 * is accepted again: a new id is never refused as a used one.
 *
 * reserve and release may be called from any thread of any process. A mutex
 * made for that keeps two equal ids apart; it is robust: a process that is
 * killed while it has it leaves it to the next.
 */
#ifndef TRIVET_AUTHORITY_LIMITS_REQUEST_IDS_H
#define TRIVET_AUTHORITY_LIMITS_REQUEST_IDS_H

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

/* A megabyte. All of it in shared memory. */
struct trivet_request_id_table {
    uint64_t form; /* which layout this is; 0 while it is being made */
    pthread_mutex_t mutex;
    unsigned char secret[TRIVET_REQUEST_ID_SECRET_LEN]; /* read alone */
    struct trivet_request_id_set sets[TRIVET_NUM_REQUEST_ID_SETS];
};

/* What a process has of a table. */
struct trivet_request_ids {
    _Atomic(struct trivet_request_id_table *) table; /* NULL: there is none */
    unsigned char secret[TRIVET_REQUEST_ID_SECRET_LEN]; /* the table's */
    int fd; /* of its file, which is locked by it; -1: memory alone */
};

/* Empties a table in memory; by one process, before others know of it.
 * TRIVET_E_INTERNAL: the system has no such mutexes; or as of trivet_random. */
TRIVET_MUST_USE enum trivet_status trivet_request_ids_init(
    struct trivet_request_id_table *table);

/* Takes a table in memory, which out does not own. */
void trivet_request_ids_use(
    struct trivet_request_id_table *table, struct trivet_request_ids *out);

/* A new mutex in a table that nobody uses; the ids stay. */
TRIVET_MUST_USE enum trivet_status trivet_request_ids_renew_mutex(
    struct trivet_request_id_table *table);

/*
 * Maps the table in the file at path, which is made (0600) when it is not
 * there. All processes that map it share it, whatever started them; it is
 * there after they ended. Whoever finds that nobody else has it mends what is
 * no table, and what a process that was killed left of the mutex. Blocks for
 * max_wait_ms at most, when another is at just that.
 *
 * TRIVET_E_UNAVAILABLE  the file cannot be made, is another user's, a link or
 *                       no file, or is used by another version; out has no
 *                       table then, and this may be called again.
 */
TRIVET_MUST_USE enum trivet_status trivet_request_ids_open(const char *path,
    unsigned max_wait_ms, struct trivet_request_ids *out,
    struct trivet_error *err);
/* When no thread is in it any more. */
void trivet_request_ids_close(struct trivet_request_ids *ids);

/*
 * Whether the digest (of the secret, a device and an id: so nobody can choose
 * ids that push another's out) is new; if so it is not from now on.
 *
 * TRIVET_E_UNAVAILABLE  that is not known: there is no table, its file was
 *                       removed or cut off, or another process has held the
 *                       mutex for a second.
 */
TRIVET_MUST_USE enum trivet_status trivet_request_ids_reserve(
    struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN], bool *out_is_new);

/* It was not used after all. */
void trivet_request_ids_release(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN]);

#endif
