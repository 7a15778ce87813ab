/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_cache.h - sessions that a gateway's workers remember together
 *
 * Rows of admission, as they were found in a database that others change too,
 * and how far the list of changes was read (store/noun/change.h). What is
 * remembered counts only while that list was read lately: who asks looks at
 * the reading first, and then takes a session.
 *
 * An entry has the number that the cache had before its row was asked for;
 * what is dropped gets a later one. So a row that was asked for before a change
 * was read is not taken after it, whichever of the two is put in first. Ids
 * share their numbers with others: more may be dropped than was named.
 *
 * In memory of fixed size that processes share. Nobody waits for anybody: all
 * functions may be called from any thread of any process, but init. tag: of
 * which store it is; what has another is not found. now_ms: trivet_ticks_ms of
 * all callers. Blocks: no.
 */
#ifndef TRIVET_AUTHORITY_LIMITS_SESSION_CACHE_H
#define TRIVET_AUTHORITY_LIMITS_SESSION_CACHE_H

#include "store/noun/admission.h"
#include "store/noun/change.h"

/* An entry is not used any longer, though nothing was heard of it. */
enum { TRIVET_SESSION_CACHE_LIFE_MS = 60000 };

/* The longest public key of a client that is remembered. A usual one of 2048
 * bits has 294 bytes. */
enum { TRIVET_SESSION_CACHE_MAX_DER = 304 };

struct trivet_session_cache;

/* Of the store at a URL. */
uint64_t trivet_session_cache_tag(const char *store_url);

/* How much memory one takes that remembers no session, but how far the list
 * was read. */
size_t trivet_session_cache_min_size(void);

/* Makes an empty one of size bytes that are zero, aligned to 64; by one
 * process, before others know of it. Smaller than the minimum: NULL. It lives
 * as long as they do. */
struct trivet_session_cache *trivet_session_cache_init(
    void *memory, size_t size);

/* Of which entry. */
struct trivet_session_cache_key {
    uint64_t tag;
    unsigned char token_digest[TRIVET_DIGEST_LEN];
};

/* The number to take before a row is asked for. */
uint64_t trivet_session_cache_begin(struct trivet_session_cache *cache);

/* Remembers a row that was found; begun is what begin gave. A row whose key is
 * too long is not. */
void trivet_session_cache_put(struct trivet_session_cache *cache,
    const struct trivet_session_cache_key *key, uint64_t begun, int64_t now_ms,
    const struct trivet_admission_row *row);

/* A session that may be used from address, as trivet_store_admission_find gave
 * it. False: none is remembered, and *out is untouched. Counted as a hit or a
 * miss. */
bool trivet_session_cache_get(struct trivet_session_cache *cache,
    const struct trivet_session_cache_key *key, int64_t now_ms,
    const struct trivet_address *address, struct trivet_session *out);

/* Counts a miss of one who did not ask. */
void trivet_session_cache_miss(struct trivet_session_cache *cache);

/* Forgets all entries of what was changed. */
void trivet_session_cache_drop(struct trivet_session_cache *cache,
    enum trivet_change_kind kind, int64_t subject);

/* ---- how far the list was read ----------------------------------------- */

struct trivet_list_reading {
    int64_t begun_ms;    /* trivet_ticks_ms, before it was sent              */
    int64_t distance_us; /* how far the database's clock is ahead of ours */
    int64_t doubt_us;    /* by how much that may be wrong                 */
    int64_t epoch;       /* of trivet_store_clock                         */
    int64_t latest_us;
};

/* Everything that was committed before it began has been dropped. One that
 * began before another is passed over. */
void trivet_session_cache_publish(struct trivet_session_cache *cache,
    uint64_t tag, const struct trivet_list_reading *reading);

/* The latest. False: there was none. */
bool trivet_session_cache_reading(struct trivet_session_cache *cache,
    uint64_t tag, struct trivet_list_reading *out);

struct trivet_session_cache_counts {
    uint64_t num_hits;
    uint64_t num_misses;
    uint64_t num_drops;
    int64_t max_age_ms; /* between the beginnings of two readings */
};

struct trivet_session_cache_counts trivet_session_cache_count(
    struct trivet_session_cache *cache);

#endif
