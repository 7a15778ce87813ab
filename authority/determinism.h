/* SPDX-License-Identifier: Apache-2.0 */
/*
 * determinism.h - a sandbox whose UUIDs and times are the same in each run
 *
 * One small file, mapped by each process that makes UUIDs: a digest of the
 * seed, and how many UUIDs were taken. A UUID is a digest of the seed, what it
 * is for, and its number. The numbers go on after a restart, kill -9 included,
 * and under another seed: none comes again. The clock of such a sandbox stands
 * at TRIVET_DETERMINISTIC_US, until it is moved (sandbox/state.h).
 *
 * Whoever knows the seed knows all the UUIDs: no token, API key or key is ever
 * made of it.
 *
 * The process has one source of UUIDs at most. It is set before other threads
 * ask; to ask does not block, from any thread.
 */
#ifndef TRIVET_AUTHORITY_DETERMINISM_H
#define TRIVET_AUTHORITY_DETERMINISM_H

#include <stdbool.h>

#include "base/uuid.h"
#include "trivet/status.h"

/* 2026-01-01 00:00:00 UTC, in microseconds since 1970. */
#define TRIVET_DETERMINISTIC_US INT64_C(1767225600000000)

enum { TRIVET_MAX_SEED = 64 }; /* bytes */

/* Each has numbers of its own, so that more of one changes none of another. */
enum trivet_uuid_use {
    TRIVET_UUID_OF_USER = 0,
    TRIVET_UUID_OF_ANSWER, /* its X-Bunq-Client-Response-Id */
    TRIVET_UUID_OF_PROBE,  /* the same, where nobody made a call */
    TRIVET_NUM_UUID_USES
};

struct trivet_determinism;

/* Makes the file (0600), or gives the one that is there this seed, a text of 1
 * to TRIVET_MAX_SEED bytes. seed NULL: one that is there is switched off; it
 * stays, for its numbers. TRIVET_E_USAGE: as of trivet_determinism_open. */
TRIVET_MUST_USE enum trivet_status trivet_determinism_prepare(
    const char *path, const char *seed, struct trivet_error *err);

/*
 * Maps the file. *out is owned: trivet_determinism_close.
 *
 * TRIVET_E_NOT_FOUND  there is none, or it is switched off.
 * TRIVET_E_USAGE      not a file of this kind, damaged, another user's, a link,
 *                     or one that others may read or write.
 */
TRIVET_MUST_USE enum trivet_status trivet_determinism_open(const char *path,
    struct trivet_determinism **out, struct trivet_error *err);
/* NULL does nothing. */
void trivet_determinism_close(struct trivet_determinism *determinism);

/* The source of this process, not owned. NULL, as at first: UUIDs are random,
 * as they are when the file was cut short. */
void trivet_determinism_use(struct trivet_determinism *determinism);
bool trivet_determinism_is_used(void);

/* The bytes of a new UUID: of the source, or random ones. */
TRIVET_MUST_USE enum trivet_status trivet_uuid_make(
    enum trivet_uuid_use use, unsigned char out[TRIVET_UUID_LEN]);

#endif
