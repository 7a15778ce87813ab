/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of the authority share */
#ifndef TRIVET_AUTHORITY_INTERNAL_H
#define TRIVET_AUTHORITY_INTERNAL_H

#include "authority/authority.h"
#include "base/uuid.h"
#include "core/message/list.h"
#include "crypto/token.h"
#include "store/pages.h"
#include "store/store.h"

/* How many sessions a worker's event loop has at hand, some 1.3 KB each. */
enum { TRIVET_NUM_RECALLED = 256 };

/* A session as it was found, for trivet_authority_admit. */
struct trivet_recalled {
    bool is_filled;
    unsigned char digest[TRIVET_DIGEST_LEN]; /* of its token */
    struct trivet_address address;           /* that it was used from */
    int64_t version;                         /* of the store, then */
    struct trivet_session session;
};

struct trivet_authority {
    const struct trivet_authority_config *config;
    struct trivet_store *store; /* NULL while it cannot be reached */
    int64_t server_key_ids[TRIVET_MAX_SERVER_KEYS]; /* in the store */
    struct trivet_signer *signers[TRIVET_MAX_SERVER_KEYS];
    struct trivet_verifier_cache *verifiers;
    struct trivet_digest *digest; /* for what each request needs */

    struct trivet_seen *seen;         /* the configuration's, or own_seen    */
    struct trivet_seen own_seen;      /* initialised when seen points to it  */
    struct trivet_store_clock stored; /* as it was read for this request     */
    int64_t clock_us;  /* the later of two, for this request            */
    int64_t offset_us; /* of the sandbox's own clock, then              */

    /* of trivet_authority_admit alone */
    int64_t looked_us; /* at the store's name                     */
    int64_t version;   /* of the store, as this request found it  */
    bool has_stored;   /* stored is of stored_version             */
    int64_t stored_version;
    struct trivet_recalled *recalled; /* TRIVET_NUM_RECALLED, or NULL */
};

/* One request on its way through the authority. */
struct trivet_case {
    struct trivet_authority *authority;
    const struct trivet_request *request;
    struct trivet_answer *answer;
    struct trivet_error *err;
    int64_t now_us; /* what is judged by: clock.c */

    /* What the token stands for; the one that the call's rule asks for. */
    struct trivet_installation installation;
    struct trivet_session session;
    int64_t key_expires_us; /* of the API key that the call carries */
    bool is_doomed;         /* it is to be ended */
    bool may_recall;        /* the version of the store is known */
    bool may_go_on;         /* nothing speaks against it that was asked for */

    unsigned char request_id[TRIVET_DIGEST_LEN]; /* and whose; request_id.c */
    bool has_request_id;

    struct trivet_prepared *prepared; /* of a call that writes; else NULL */
};

/* What a call that writes has made ready for its turn. Wiped behind it. */
struct trivet_prepared {
    struct trivet_secret made; /* a new token or API key, and its digest */
    unsigned char made_digest[TRIVET_DIGEST_LEN];

    bool is_key_of_other_environment;
    unsigned char key_digest[TRIVET_DIGEST_LEN]; /* of the key that it brings */

    char public_uuid[TRIVET_UUID_SIZE]; /* for a new user */

    union {
        struct {
            struct trivet_public_key key;
            unsigned char signed_digest[TRIVET_DIGEST_LEN];
        } installation;
        struct trivet_device_request device;
        struct trivet_permitted_ip_request permitted_ip;
        struct trivet_psp psp;
    };
};

/* A part of an admitted call: fills the answer's body, or refuses. Anything but
 * TRIVET_OK is the machine's failure. */
typedef enum trivet_status (*trivet_handler_fn)(struct trivet_case *c);

struct trivet_protocol_call {
    const char *method;
    /* "{id}" stands for a number, "{mine}" for a number or "_". */
    const char *path;
    struct trivet_rule rule;
    bool is_sandbox_only;

    /*
     * A call that reads: answers. One that writes: makes ready what `write`
     * needs (c->prepared), or refuses; it may read the store, and takes its
     * time for parsing, cryptography and files: nobody waits for it.
     */
    trivet_handler_fn handle;
    /*
     * NULL for a call that reads. Else it answers, or refuses, within the one
     * writer's turn: all others that write wait for it. So it holds nothing but
     * the store's verbs, decisions over what they found, and the short answer.
     */
    trivet_handler_fn write;
};

/* Whether the profile lets anybody use this address (ipv6=off). */
bool trivet_case_takes_address(
    const struct trivet_case *c, const struct trivet_address *address);

static inline bool
trivet_case_is_refused(const struct trivet_case *c)
{
    return c->answer->verdict.admission == TRIVET_DENY;
}

/* Turns the case into a refusal; returns TRIVET_OK, so that a handler can end
 * with it. subject (NULL: none) fills the public text's "%s". */
enum trivet_status trivet_case_refuse(
    struct trivet_case *c, enum trivet_reason reason, const char *subject);

/* The same with a number for its subject. */
enum trivet_status trivet_case_refuse_id(
    struct trivet_case *c, enum trivet_reason reason, long long id);

/* Whether the path's first id is the caller's user; if not, the refusal. */
bool trivet_case_is_own(const struct trivet_case *c);
enum trivet_status trivet_case_refuse_user(struct trivet_case *c);

/* Answers 200 with body, which it takes over; TRIVET_E_MEMORY when it is
 * empty. */
enum trivet_status trivet_case_answer(
    struct trivet_case *c, struct trivet_body body);

/* Adds the items of page to list, and counts them in. */
typedef enum trivet_status (*trivet_fetch_fn)(struct trivet_case *c,
    const struct trivet_page *page, struct trivet_list *list,
    struct trivet_page_seen *seen);

/* Answers with the page that the query asks for. */
enum trivet_status trivet_case_show_page(
    struct trivet_case *c, trivet_fetch_fn fetch);

/* Answers with the item that has this id; refuses with missing when there is
 * none. */
enum trivet_status trivet_case_show_one(struct trivet_case *c, long long id,
    enum trivet_reason missing, trivet_fetch_fn fetch);

/* trivet_token_digest, without a look-up of the algorithm each time. */
TRIVET_MUST_USE enum trivet_status trivet_case_digest(struct trivet_case *c,
    struct trivet_slice token, unsigned char out[TRIVET_DIGEST_LEN]);
/* Digest of what a payment service provider signs: key_text, trimmed, a
 * newline, token. */
TRIVET_MUST_USE enum trivet_status trivet_case_digest_signed(
    struct trivet_case *c, struct trivet_slice key_text,
    struct trivet_slice token, unsigned char out[TRIVET_DIGEST_LEN]);

/* ---- handling.c -------------------------------------------------------- */

/* Runs an admitted call of ours. */
TRIVET_MUST_USE enum trivet_status trivet_case_handle(struct trivet_case *c);

/* What becomes of the caller's session now; as durable as any other change. */
TRIVET_MUST_USE enum trivet_status trivet_case_extend_session(
    struct trivet_case *c);
TRIVET_MUST_USE enum trivet_status trivet_case_end_session(
    struct trivet_case *c);

/* Into c->prepared: a new token and its digest; a new user's UUID; the digest
 * of the API key that the call brings. */
TRIVET_MUST_USE enum trivet_status trivet_case_prepare_token(
    struct trivet_case *c);
TRIVET_MUST_USE enum trivet_status trivet_case_prepare_uuid(
    struct trivet_case *c);
TRIVET_MUST_USE enum trivet_status trivet_case_prepare_key(
    struct trivet_case *c, const struct trivet_secret *secret);

/* ---- facts.c ----------------------------------------------------------- */

/* What the token stands for, into facts and the case; then whether the
 * signature fits its installation's key, where one is asked for. */
TRIVET_MUST_USE enum trivet_status trivet_case_gather_token(
    struct trivet_case *c, struct trivet_facts *facts);
TRIVET_MUST_USE enum trivet_status trivet_case_gather_signature(
    struct trivet_case *c, struct trivet_facts *facts);

/* Which server key answers: the one that the installation was given; none when
 * that one is retired. False when it is not to be had here. */
bool trivet_case_find_server_key(
    struct trivet_case *c, const struct trivet_facts *facts);

/* To measure with; 0 when nothing is measured. */
int64_t trivet_case_ticks_ns(const struct trivet_case *c);

/* Where signatures are remembered, if anywhere. */
const struct trivet_memos *trivet_case_memos(const struct trivet_case *c);

/* ---- authority.c ------------------------------------------------------- */

/* Opens the store when it is not open, or no longer the one that was opened. */
TRIVET_MUST_USE enum trivet_status trivet_authority_ensure_store(
    struct trivet_authority *authority, struct trivet_error *err);

/* ---- clock.c ----------------------------------------------------------- */

/* The time to judge by, of a store that is open. The second does not read the
 * store's clock again while the store has the same version. */
TRIVET_MUST_USE enum trivet_status trivet_authority_take_time(
    struct trivet_authority *authority, int64_t *out_now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_authority_take_time_of(
    struct trivet_authority *authority, int64_t version, int64_t *out_now_us,
    struct trivet_error *err);

/* Tells the store of the time: in the transaction that is open there; in one of
 * its own when the case is refused because something has ended, so that it
 * stays ended. */
TRIVET_MUST_USE enum trivet_status trivet_case_keep_time(
    struct trivet_case *c, struct trivet_store *store);
void trivet_case_note_end(struct trivet_case *c);

/* ---- request_id.c, explain.c, audit.c ---------------------------------- */

/* Whether it has one that counts: then a mutex has to be waited for. */
bool trivet_case_has_request_id(const struct trivet_case *c);

/* Before the case goes on: false when its device used the request's id before.
 * And behind it: an id that came to nothing may be used again. */
TRIVET_MUST_USE enum trivet_status trivet_case_take_request_id(
    struct trivet_case *c, bool *out_is_new);
void trivet_case_settle_request_id(struct trivet_case *c, bool is_used);

/* Adds to a refusal of a signature what was done wrong, in the sandbox. */
void trivet_case_explain(struct trivet_case *c);

/* Tells the audit when the case was refused for a credential. */
void trivet_case_audit_refusal(struct trivet_case *c);

/* The handlers, one file a noun: of a call that reads one, of one that writes
 * two. */
enum trivet_status trivet_prepare_installation(struct trivet_case *c);
enum trivet_status trivet_write_installation(struct trivet_case *c);
enum trivet_status trivet_handle_installation_list(struct trivet_case *c);
enum trivet_status trivet_handle_installation_one(struct trivet_case *c);
enum trivet_status trivet_handle_server_key(struct trivet_case *c);
enum trivet_status trivet_prepare_device(struct trivet_case *c);
enum trivet_status trivet_write_device(struct trivet_case *c);
enum trivet_status trivet_handle_device_list(struct trivet_case *c);
enum trivet_status trivet_handle_device_one(struct trivet_case *c);
enum trivet_status trivet_prepare_session(struct trivet_case *c);
enum trivet_status trivet_write_session(struct trivet_case *c);
enum trivet_status trivet_prepare_psp(struct trivet_case *c);
enum trivet_status trivet_write_psp(struct trivet_case *c);
enum trivet_status trivet_handle_psp_get(struct trivet_case *c);
enum trivet_status trivet_prepare_logout(struct trivet_case *c);
enum trivet_status trivet_write_logout(struct trivet_case *c);
enum trivet_status trivet_handle_user(struct trivet_case *c);
enum trivet_status trivet_handle_user_list(struct trivet_case *c);
enum trivet_status trivet_handle_person(struct trivet_case *c);
enum trivet_status trivet_handle_company(struct trivet_case *c);
enum trivet_status trivet_handle_provider(struct trivet_case *c);
enum trivet_status trivet_handle_credential_list(struct trivet_case *c);
enum trivet_status trivet_handle_credential(struct trivet_case *c);
enum trivet_status trivet_handle_permitted_ip_list(struct trivet_case *c);
enum trivet_status trivet_handle_permitted_ip(struct trivet_case *c);
enum trivet_status trivet_prepare_permitted_ip_post(struct trivet_case *c);
enum trivet_status trivet_write_permitted_ip_post(struct trivet_case *c);
enum trivet_status trivet_prepare_permitted_ip_put(struct trivet_case *c);
enum trivet_status trivet_write_permitted_ip_put(struct trivet_case *c);
enum trivet_status trivet_handle_server_error(struct trivet_case *c);
enum trivet_status trivet_prepare_sandbox_user(struct trivet_case *c);
enum trivet_status trivet_write_sandbox_person(struct trivet_case *c);
enum trivet_status trivet_write_sandbox_company(struct trivet_case *c);
enum trivet_status trivet_handle_account_list(struct trivet_case *c);
enum trivet_status trivet_handle_account(struct trivet_case *c);
enum trivet_status trivet_handle_savings_list(struct trivet_case *c);

/* Whether an incident has the caller's session die, which lives. */
bool trivet_case_is_doomed(
    const struct trivet_case *c, const struct trivet_facts *facts);

/* What is known of the API key that the call brings (trivet_case_prepare_key
 * comes first), for core/decide.h; the key's row in *out when it is known. */
TRIVET_MUST_USE enum trivet_status trivet_case_find_key(struct trivet_case *c,
    struct trivet_api_key *out, struct trivet_credential_facts *facts);

#endif
