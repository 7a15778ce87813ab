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

#include "authority/calls.h"
#include "authority/explain.h"
#include "authority/limits/refusals.h"
#include "authority/limits/request_ids.h"
#include "authority/seen.h"
#include "core/address.h"
#include "core/decide.h"
#include "core/message/message.h"
#include "core/profile.h"
#include "crypto/key.h"
#include "crypto/psp_certificate.h"
#include "crypto/signature.h"
#include "crypto/token.h"
#include "crypto/verify_cache.h"
#include "store/group.h"
#include "store/noun/prune.h"

enum { TRIVET_MAX_SERVER_KEYS = 16, TRIVET_MAX_PEM = 4096 };

/* A key pair of the server. Immutable after loading; shared by threads. */
struct trivet_server_key {
    struct trivet_private_key *key; /* NULL: not to be had, nothing signed */
    struct trivet_public_key public_key;
    char public_pem[TRIVET_MAX_PEM];
    uint64_t tag; /* of its signatures: trivet_signature_tag */
};

/* Loads the key of a file or a URI (trivet_private_key_open). Blocks. */
TRIVET_MUST_USE enum trivet_status trivet_server_key_load(const char *location,
    struct trivet_server_key *out, struct trivet_error *err);
/* For a key whose public half was loaded in another process: loads the private
 * one. TRIVET_E_CONFLICT when it is another's. */
TRIVET_MUST_USE enum trivet_status trivet_server_key_load_again(
    const char *location, struct trivet_server_key *key,
    struct trivet_error *err);
void trivet_server_key_release(struct trivet_server_key *key);

/* Must outlive the authorities that are made with it. */
struct trivet_authority_config {
    const char *store_url;

    /* The first is given to new installations; the others go on serving those
     * that were given them. At least one. */
    const struct trivet_server_key *server_keys;
    size_t num_server_keys;

    /* The roots of payment service providers; NULL: none. The sandbox takes
     * any root that they bring. */
    const struct trivet_psp_roots *psp_roots;

    bool is_sandbox;
    int64_t session_timeout_s; /* auto-logout time of users made here        */
    int64_t key_lifetime_s;    /* of an API key, until it is first bound     */

    int64_t (*now_us)(void);    /* the machine's clock, which may go back */
    int64_t (*offset_us)(void); /* how far the sandbox's own clock is ahead of
                                   it, and may be put back from; NULL: none */
    int64_t (*ticks_ns)(void);  /* to measure with; NULL: nothing is measured */

    /* The sandbox alone: sessions up to this id die of their next use (an
     * incident, sandbox/state.h). NULL: none does. */
    int64_t (*doomed_session)(void);

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

    /* Of this process, for the store of store_url; shared by its authorities:
     * those that write share commits. NULL: each has commits of its own. */
    struct trivet_group *group;

    /* Shared by all. NULL, or of NULLs: nothing is remembered. */
    const struct trivet_memos *memos;
};

struct trivet_authority;

/* TRIVET_E_USAGE when no authority could ever work with it. Does not block. */
TRIVET_MUST_USE enum trivet_status trivet_authority_check(
    const struct trivet_authority_config *config, struct trivet_error *err);

/* Does not touch the store yet. */
TRIVET_MUST_USE enum trivet_status trivet_authority_new(
    const struct trivet_authority_config *config, struct trivet_authority **out,
    struct trivet_error *err);
void trivet_authority_free(struct trivet_authority *authority);

struct trivet_request {
    const struct trivet_protocol_call
        *call; /* NULL: a call of the API behind        */
    long long path_ids[TRIVET_MAX_PATH_IDS];
    struct trivet_slice query; /* of the target, without "?" */
    bool is_head; /* the answer's body will not be sent                      */
    const struct trivet_profile *profile;
    struct trivet_rule rule; /* of the call, or what the API behind asks for */

    struct trivet_slice token;
    size_t num_tokens; /* headers; more than one is refused */
    struct trivet_slice signature;
    size_t num_signatures;
    struct trivet_slice language;
    struct trivet_slice id; /* X-Bunq-Client-Request-Id; empty: none */
    bool is_id_counted;     /* when it was judged before */
    struct trivet_address address;

    /* The body is still to be read: what can be refused without it is. Whatever
     * else is neither admitted nor refused (TRIVET_DENY, TRIVET_REASON_NONE, no
     * answer), and has to be asked about once more. */
    bool is_body_unread;

    struct trivet_slice body; /* of a protocol call; else empty           */
    unsigned char body_digest[TRIVET_DIGEST_LEN]; /* of what was signed   */
    bool has_full_digest; /* signing=both: it may have been this instead  */
    unsigned char full_digest[TRIVET_DIGEST_LEN];

    /* For the sandbox to explain a refused signature; NULL: it does not. */
    const struct trivet_evidence *evidence;
};

/* How long the cryptography took. Of what was not done: false and 0. */
struct trivet_measures {
    bool has_verified;
    bool knew_right;       /* or it was remembered                  */
    bool had_to_parse_key; /* the client's key was not in the cache */
    bool has_signed;
    bool knew_signature; /* or it was remembered */
    int64_t verifying_ns;
    int64_t signing_ns;
};

struct trivet_answer {
    struct trivet_verdict verdict;
    /* Refused, or a protocol call: what to answer with. Admitted to the API
     * behind: no body. Owned: trivet_answer_release. */
    unsigned status;
    struct trivet_body body;

    struct trivet_identity identity; /* zeroes where not known */
    int server_key; /* index of the installation's key; -1: not known        */
    bool is_id_counted;   /* the request's id is used up now            */
    bool is_to_be_signed; /* the body is, when it is sent               */
    bool has_signature;   /* it was already: the scheme signs it alone  */
    char signature[TRIVET_SIGNATURE_TEXT_LEN];

    const char *mistake; /* word of an explanation in the body; NULL: none */
    struct trivet_measures measures;
    struct trivet_error error; /* of the machine, when the reason is 5xx */
};

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

/* What the operator should know of how the store was found; NULL: nothing, or
 * the store is not open. Good until the next call of the authority. */
const char *trivet_authority_notice(const struct trivet_authority *authority);

/* How many sessions are alive (trivet_store_session_count_alive). */
TRIVET_MUST_USE enum trivet_status trivet_authority_count_sessions(
    struct trivet_authority *authority, int64_t *out, struct trivet_error *err);

void trivet_answer_release(struct trivet_answer *answer);

#endif
