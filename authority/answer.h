/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - what a caller is answered: ONE place where an answer is begun, and
 * ONE where a request is refused
 */
#ifndef TRIVET_AUTHORITY_ANSWER_H
#define TRIVET_AUTHORITY_ANSWER_H

#include "authority/request.h"
#include "base/buffer.h"
#include "core/message/identity.h"
#include "crypto/signature.h"

/* How long the cryptography took. Of what was not done: false and 0. */
struct trivet_measures {
    bool has_verified;
    bool is_verify_cache_hit; /* or it was verified        */
    bool had_to_parse_key;    /* the client's key was not in the cache */
    bool has_signed;
    bool is_sign_cache_hit; /* or it was signed */
    bool has_queued;        /* it waited for its signature: queued_ns */
    unsigned sign_lanes;    /* signed together with; 0: by OpenSSL   */
    unsigned verify_lanes;  /* the same                              */
    int64_t queued_ns;
    int64_t verifying_ns;
    int64_t signing_ns;
};

/* What a wrong signature was over, as far as that was found out, for who
 * operates the sandbox. */
struct trivet_was_signed {
    bool has_digests; /* SHA-256 of what was signed, and should have been */
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char wanted_digest[TRIVET_DIGEST_LEN];
    bool has_bytes;
    bool is_cut; /* there were more of them */
    struct trivet_buffer bytes;
};

struct trivet_answer {
    struct trivet_verdict verdict;
    /* Refused, or a protocol call: what to answer with. Admitted to the API
     * behind: no body. Owned: trivet_answer_release. */
    unsigned status;
    struct trivet_buffer body;

    struct trivet_identity identity; /* zeroes where not known */
    int server_key; /* index of the installation's key; -1: not known        */
    /* What the answer is to be encrypted with; der_len 0: it is plain. */
    struct trivet_public_key client_key;
    bool is_id_counted;   /* the request's id is used up now            */
    bool is_call_counted; /* under a limit of 2026                      */
    bool is_to_be_signed; /* the body is, when it is sent               */
    bool has_signature;   /* it was already: the scheme signs it alone  */
    char signature[TRIVET_SIGNATURE_TEXT_LEN];

    const char *mistake; /* word of an explanation in the body; NULL: none */
    struct trivet_was_signed was_signed;
    struct trivet_measures measures;
    struct trivet_error error; /* of the machine, when the reason is 5xx */
};

/* An answer before any decision: zeroes, which refuse, and no server key. */
void trivet_answer_init(struct trivet_answer *answer);

/*
 * Makes it a refusal: verdict, status and body, whatever it was before. What is
 * known of the caller (identity, server_key), measures and error stay; it has
 * no signature. subject (NULL: none) fills the public text's "%s".
 *
 * When memory runs out it is a refusal without a body (body.data is NULL).
 */
void trivet_answer_refuse(struct trivet_answer *answer,
    const struct trivet_request *request, enum trivet_reason reason,
    const char *subject);

/* Adds a sentence to a refusal's body: what the caller did wrong. mistake is
 * the mistake's word, static. Without memory, the refusal stays as it is. */
void trivet_answer_explain(struct trivet_answer *answer,
    const struct trivet_request *request, const char *mistake,
    const char *text);

/* The body of a refusal alone, for an error page that nginx makes. NULL data:
 * out of memory. Owned: trivet_buffer_free. */
struct trivet_buffer trivet_answer_error(const struct trivet_request *request,
    enum trivet_reason reason, const char *subject);

void trivet_answer_release(struct trivet_answer *answer);

#endif
