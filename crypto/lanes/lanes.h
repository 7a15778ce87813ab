/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lanes.h - several signatures at once
 *
 * Eight signatures of crypto_mb take as long as four of OpenSSL. The library
 * is optional, and is not trusted: it has to give OpenSSL's signatures before
 * it is used at all, and each signature is verified before it is given out,
 * because a wrong one tells the key.
 *
 * Blocks: no, but for a millisecond of computing. Threads: one.
 */
#ifndef TRIVET_CRYPTO_LANES_LANES_H
#define TRIVET_CRYPTO_LANES_LANES_H

#include "crypto/lanes/material.h"
#include "crypto/signature.h"

enum {
    TRIVET_LANES_MIN_SIGN = 5,   /* with fewer, one by one is as fast */
    TRIVET_LANES_MIN_VERIFY = 3, /* the same                          */
    TRIVET_LANES_MAX_WRONG = 3   /* signatures; then it is turned off */
};

struct trivet_lanes;

/* Whether the library is there and fits the processor; it is not kept. Errors
 * as trivet_lane_library_open. */
TRIVET_MUST_USE enum trivet_status trivet_lanes_probe(struct trivet_error *err);

/*
 * Opens the library, and compares it in each number of lanes with what OpenSSL
 * signs with key. Takes 20 ms.
 *
 * TRIVET_E_CRYPTO  a signature differed, or a verification.
 * Others           as trivet_lane_library_open, trivet_lane_key_new.
 */
TRIVET_MUST_USE enum trivet_status trivet_lanes_new(
    const struct trivet_private_key *key, struct trivet_lanes **out,
    struct trivet_error *err);
void trivet_lanes_free(struct trivet_lanes *lanes);

/* False of NULL, and after too many wrong signatures. */
bool trivet_lanes_are_on(const struct trivet_lanes *lanes);

/* A signature that is wanted. */
struct trivet_to_sign {
    const struct trivet_lane_key *lane_key; /* NULL: OpenSSL signs it */
    struct trivet_signer *signer;           /* of the same key        */
    unsigned char digest[TRIVET_DIGEST_LEN];

    /* what comes of it */
    enum trivet_status status;            /* OK, or TRIVET_E_CRYPTO       */
    char text[TRIVET_SIGNATURE_TEXT_LEN]; /* base64                       */
    unsigned num_lanes;                   /* at once; 0: OpenSSL signed it */
    bool was_wrong; /* the lane's, so that OpenSSL signed it              */
};

/* Signs all of wanted: TRIVET_NUM_LANES at most. lanes may be NULL. */
void trivet_lanes_sign(struct trivet_lanes *lanes,
    struct trivet_to_sign *const wanted[], size_t num);

/* A signature that is to be verified. */
struct trivet_to_verify {
    struct trivet_slice der; /* the public key */
    struct trivet_slice signature;
    unsigned char digest[TRIVET_DIGEST_LEN];

    /* what comes of it, as of trivet_verify */
    enum trivet_status status;
    bool is_valid;
    unsigned num_lanes; /* at once; 0: OpenSSL verified it */
};

/* Verifies all of wanted: TRIVET_NUM_LANES at most. What lanes do not find
 * valid, OpenSSL decides; with cache NULL that is left open:
 * TRIVET_E_UNAVAILABLE. lanes may be NULL. */
void trivet_lanes_verify(struct trivet_lanes *lanes,
    struct trivet_verifier_cache *cache,
    struct trivet_to_verify *const wanted[], size_t num);

#endif
