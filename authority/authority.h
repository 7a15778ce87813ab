/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authority.h - the server's rules: a request in, an answer out
 *
 * Knows the store, the cryptography and the core; nothing of nginx or sockets.
 * The clock is handed in. One authority per thread: it holds a connection to
 * the store, signers and parsed keys. Every function blocks (disk), but
 * trivet_authority_admit.
 */
#ifndef TRIVET_AUTHORITY_AUTHORITY_H
#define TRIVET_AUTHORITY_AUTHORITY_H

#include <stdatomic.h>

#include "authority/answer.h"
#include "authority/evidence.h"
#include "authority/limits/device_rates.h"
#include "authority/limits/refusals.h"
#include "authority/limits/request_ids.h"
#include "authority/limits/session_cache.h"
#include "authority/request.h"
#include "authority/seen.h"
#include "authority/server_key.h"
#include "core/message/pins.h"
#include "crypto/psp_certificate.h"
#include "crypto/verify_cache.h"
#include "store/group.h"
#include "store/noun/prune.h"

/* Must outlive the authorities that are made with it. */
struct trivet_authority_config {
    const char *store_url;

    /* The chain of the audit log that is this gateway's. NULL:
     * TRIVET_CHAIN_MAIN. */
    const char *chain;

    /* The first is given to new installations; the others go on serving those
     * that were given them. At least one. */
    const struct trivet_server_key *server_keys;
    size_t num_server_keys;

    /* The sandbox alone: the key of the incident server-key-rotates is at
     * server_keys[num_server_keys], and whether it is on. NULL: there is no
     * such key. */
    bool (*is_server_key_rotated)(void);

    /* The roots of payment service providers; NULL: none. The sandbox takes
     * any root that they bring. */
    const struct trivet_psp_roots *psp_roots;

    /* The pins of the TLS keys that GET trivet/pins announces, without times;
     * NULL, or of none: that call is not there. */
    const struct trivet_announcement *announced;

    /* Whether answers are not signed here but by the caller (is_to_be_signed);
     * from any thread. NULL: they are signed here. */
    bool (*leaves_signing)(void);

    bool is_sandbox;
    int64_t session_timeout_s; /* auto-logout time of users made here        */
    int64_t key_lifetime_s;    /* of an API key, until it is first bound     */

    int64_t (*now_us)(void);    /* the machine's clock, which may go back; in
                                   a deterministic sandbox one that stands */
    int64_t (*true_us)(void);   /* the machine's clock in any case; NULL: it is
                                   now_us */
    int64_t (*offset_us)(void); /* how far the sandbox's own clock is ahead of
                                   it, and may be put back from; NULL: none */
    int64_t (*ticks_ns)(void);  /* to measure with; NULL: nothing is measured */

    /* The sandbox alone: sessions up to this id die of their next use (an
     * incident, sandbox/state.h). NULL: none does. */
    int64_t (*last_session_to_end)(void);

    /* The sandbox alone: whether one of that id is to be taken for unknown (the
     * incident sandbox-reset). NULL: none is. */
    bool (*has_lost_installation)(int64_t id);
    bool (*has_lost_api_key)(int64_t id);

    /* Of this process, shared by its authorities: the latest time that they
     * saw. NULL: each has one of its own. */
    struct trivet_seen *seen;

    /* Of this process, shared by its authorities. NULL: the audit takes every
     * refused credential, however fast they come. */
    struct trivet_refusals *refusals;

    /* Of the sandbox, shared in the same way. NULL: each refused signature is
     * explained, however fast they come. */
    struct trivet_explaining *explaining;

    /* NULL when no profile has request-id=per-device. */
    struct trivet_request_ids *request_ids;

    /* Shared by all. NULL: calls are not counted. */
    struct trivet_device_rates *device_rates;

    /* Of this process, for the store of store_url; shared by its authorities:
     * those that write share commits. NULL: each has commits of its own. */
    struct trivet_group *group;

    /* Shared by all. NULL, or of NULLs: nothing is remembered. */
    const struct trivet_memos *memos;

    /* Of a store that several gateways use; all NULL, 0 or false for others.
     * The sessions that are remembered, which count while the list of changes
     * was read in the last max_age_ms; what all threads of this process know of
     * the server keys; whether time is the database's; whether openings of
     * sessions are counted (--rate-limits classic). */
    struct trivet_session_cache *session_cache;
    int64_t max_age_ms;
    struct trivet_known_keys *known_keys;
    bool follows_store_clock;
    bool counts_openings;
};

/* The places of server keys in the store, for who cannot look there. Zeroed
 * memory is ready for use. */
struct trivet_known_keys {
    atomic_bool is_known;
    _Atomic int64_t ids[TRIVET_MAX_SERVER_KEYS];
};

/* How far the machine's clock may be from the database's. */
#define TRIVET_MAX_CLOCK_DISTANCE_US (INT64_C(2) * 1000000)

struct trivet_authority;

/* Whether it may be a gateway's chain (trivet_chain_is_name, and it is not the
 * operators'). */
bool trivet_authority_takes_chain(const char *name);

/* A group for config->group. NULL when memory ran out. */
struct trivet_group *trivet_authority_make_group(
    const struct trivet_authority_config *config);

/* Whether time may be told by the machine's clock and the distance of the
 * database's from it, of which doubt_us is not sure; else TRIVET_E_UNAVAILABLE,
 * and why. Does not block. */
TRIVET_MUST_USE enum trivet_status trivet_authority_check_distance(
    int64_t distance_us, int64_t doubt_us, struct trivet_error *err);

/* Whether several gateways use the store at url. Does not block. */
bool trivet_authority_is_shared(const char *store_url);

/* TRIVET_E_USAGE when no authority could ever work with it. Does not block. */
TRIVET_MUST_USE enum trivet_status trivet_authority_check(
    const struct trivet_authority_config *config, struct trivet_error *err);

/* Does not touch the store yet. */
TRIVET_MUST_USE enum trivet_status trivet_authority_new(
    const struct trivet_authority_config *config, struct trivet_authority **out,
    struct trivet_error *err);
void trivet_authority_free(struct trivet_authority *authority);

/* Answers a request. Cannot fail: what fails refuses. */
void trivet_authority_answer(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out);

/*
 * Admits a call of the API behind (request->call is NULL) as
 * trivet_authority_answer would, when nothing has to be written for that: a few
 * microseconds of reading, less than a hop to another thread takes. False in
 * all other cases: nothing was decided, and *out is of no use; ask
 * trivet_authority_answer. Never refuses. A store whose file was exchanged is
 * noticed within 10 ms.
 */
bool trivet_authority_admit(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out);

/* The same, but a signature that would have to be verified is not: then it
 * returns false and *out_is_put_off is true. When put_off was found valid and
 * is remembered, trivet_authority_admit finds it. */
bool trivet_authority_admit_or_put_off(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out,
    struct trivet_verification *put_off, bool *out_is_put_off);

/*
 * Whether the request may go on to have its body read, as far as one look at
 * the store tells (is_body_unread is taken for set). A few microseconds of
 * reading. False: ask trivet_authority_answer. Never admits nor refuses; of
 * *out, identity and server_key say whose token it is (zeroes and -1: not
 * known), in either case.
 */
bool trivet_authority_look(struct trivet_authority *authority,
    const struct trivet_request *request, struct trivet_answer *out);

/* Writes what config->refusals left out since it was last told, if anything.
 * Cannot fail: what cannot be written is told later. */
void trivet_authority_tell_left_out(struct trivet_authority *authority);

/* Tells the store the time, when what it knows is so old (authority/seen.h);
 * finds out whether the clock is behind. Cannot fail: what cannot be written is
 * tried again by the next call. */
void trivet_authority_note_time(
    struct trivet_authority *authority, int64_t age_us);

/* Whether the store can be read now. */
TRIVET_MUST_USE enum trivet_status trivet_authority_check_store(
    struct trivet_authority *authority, struct trivet_error *err);

/* One run of pruning, beside those who write: at most max_each of each kind
 * (trivet_store_prune). */
TRIVET_MUST_USE enum trivet_status trivet_authority_prune(
    struct trivet_authority *authority, const struct trivet_prune_ages *ages,
    int64_t max_each, struct trivet_pruned *out, struct trivet_error *err);

/* Signs the ends of all chains of the audit log, with the first server key, if
 * they have moved and every_us have passed since somebody did. TRIVET_E_CRYPTO
 * when the key does not sign. */
TRIVET_MUST_USE enum trivet_status trivet_authority_checkpoint(
    struct trivet_authority *authority, int64_t every_us,
    struct trivet_error *err);

/* How long ago that was, while an end has moved since; else 0. */
TRIVET_MUST_USE enum trivet_status trivet_authority_checkpoint_age(
    struct trivet_authority *authority, int64_t *out_us,
    struct trivet_error *err);

/* What the operator should know of how the store was found; NULL: nothing, or
 * the store is not open. Good until the next call of the authority. */
const char *trivet_authority_notice(const struct trivet_authority *authority);

/* Removes what is old of the list of changes and of what was counted, of a
 * store that several gateways use. Cannot fail: what fails is done later. */
void trivet_authority_sweep(struct trivet_authority *authority);

/* How many sessions are alive (trivet_store_session_count_alive). */
TRIVET_MUST_USE enum trivet_status trivet_authority_count_sessions(
    struct trivet_authority *authority, int64_t *out, struct trivet_error *err);

#endif
