/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.h - one request on its way through the authority
 *
 * For the files of authority/ alone. A case belongs to one thread, and lasts as
 * long as one call of trivet_authority_answer, admit or look.
 */
#ifndef TRIVET_AUTHORITY_CASE_H
#define TRIVET_AUTHORITY_CASE_H

#include "authority/instance.h"
#include "base/uuid.h"
#include "core/message/device.h"
#include "core/message/permitted_ip.h"
#include "crypto/token.h"
#include "store/noun/installation.h"
#include "store/noun/session.h"

/* What a call that writes has made ready for its turn. Wiped behind it. */
struct trivet_prepared {
    struct trivet_secret made; /* a new token or API key, and its digest */
    unsigned char made_digest[TRIVET_DIGEST_LEN];

    bool is_key_of_other_environment;
    unsigned char key_digest[TRIVET_DIGEST_LEN]; /* of the key that it brings */

    char public_uuid[TRIVET_UUID_SIZE];    /* for a new user */
    char party_uuids[2][TRIVET_UUID_SIZE]; /* and for two that it names */

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

/* One request on its way through the authority. */
struct trivet_case {
    struct trivet_authority *authority;
    const struct trivet_request *request;
    struct trivet_answer *answer;
    struct trivet_error *err;

    /* The authority's connection; while the case writes in a batch, that of
     * the batch. Set before any handler runs. */
    struct trivet_store *store;
    int64_t now_us; /* what is decided by: clock.c */

    /* What the token stands for; the one that the call's rule asks for. */
    struct trivet_installation installation;
    struct trivet_session session;
    int64_t key_expires_us;      /* of the API key that the call carries */
    bool is_session_to_end;      /* it is to be ended */
    bool is_session_of_incident; /* the same, or it was ended so before */
    bool may_use_cache;          /* the version of the store is known */
    struct trivet_verification *put_off; /* filled instead of done; or NULL */
    bool is_put_off;                     /* it was */
    bool may_go_on; /* nothing speaks against it that was asked for */

    unsigned char request_id[TRIVET_DIGEST_LEN]; /* and whose; request_id.c */
    bool has_request_id;

    struct trivet_prepared *prepared; /* of a call that writes; else NULL */
};

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

/* Answers 200 with body, which it takes over; TRIVET_E_MEMORY when it is
 * empty. */
enum trivet_status trivet_case_answer(
    struct trivet_case *c, struct trivet_buffer body);

/* Whether the path's first id is the caller's user; if not, the refusal. */
bool trivet_case_is_own(const struct trivet_case *c);
enum trivet_status trivet_case_refuse_user(struct trivet_case *c);

/* Whether the profile accepts requests from this address (ipv6=off). */
bool trivet_case_takes_address(
    const struct trivet_case *c, const struct trivet_address *address);

/* trivet_token_digest, without a look-up of the algorithm each time. */
TRIVET_MUST_USE enum trivet_status trivet_case_digest(struct trivet_case *c,
    struct trivet_slice token, unsigned char out[TRIVET_DIGEST_LEN]);
/* Digest of what a payment service provider signs: key_text, trimmed, a
 * newline, token. */
TRIVET_MUST_USE enum trivet_status trivet_case_digest_signed(
    struct trivet_case *c, struct trivet_slice key_text,
    struct trivet_slice token, unsigned char out[TRIVET_DIGEST_LEN]);

/* To measure with; 0 when nothing is measured. */
int64_t trivet_case_ticks_ns(const struct trivet_case *c);

/* The cache of signatures; of NULLs when there is none. */
const struct trivet_memos *trivet_case_memos(const struct trivet_case *c);

#endif
