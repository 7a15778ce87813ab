/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - every maximum of the protocol's own calls, with its unit
 *
 * Bodies of proxied requests and answers have limits of their own, which the
 * operator sets (client_max_body_size, trivet_answer_limit).
 */
#ifndef TRIVET_CORE_LIMITS_H
#define TRIVET_CORE_LIMITS_H

#include "base/duration.h"
#include "base/secret.h"

enum {
    TRIVET_MAX_CALL_BODY = 64 * 1024,  /* bytes of a protocol call's body   */
    TRIVET_MAX_PUBLIC_KEY_TEXT = 4096, /* bytes of a PEM public key         */
    TRIVET_MAX_PUBLIC_KEY_DER = 1024,  /* bytes of a DER public key         */
    TRIVET_MAX_PSP_CERTIFICATE = 8192, /* bytes of a PSP's certificate, PEM */
    TRIVET_MAX_PSP_CHAIN = 32768,      /* bytes of its chain, PEM           */
    TRIVET_MAX_DESCRIPTION = 1024,     /* bytes of a device description     */
    TRIVET_MAX_API_KEY = TRIVET_MAX_SECRET, /* bytes of an API key          */
    TRIVET_MAX_PERMITTED_IPS = 256, /* addresses bound to one API key    */
    /* Some clients register a device each time they start: years of that. */
    TRIVET_MAX_KEY_DEVICES = 10000,          /* devices with one API key    */
    TRIVET_MAX_INSTALLATION_DEVICES = 10000, /* devices of one installation */

    TRIVET_MAX_SIGNATURE = 512,   /* bytes of an RSA signature (4096)  */
    TRIVET_MAX_ADDRESS_TEXT = 46, /* bytes of an address with its NUL  */
    TRIVET_MAX_NAME = 256,        /* bytes of a user's name, a label   */
    TRIVET_MAX_LOCATION = 1024,   /* bytes of a server key's path, URI */
    TRIVET_MAX_PATH_IDS = 3,      /* {id} parts in a call's path       */
    TRIVET_MAX_CALL_PATH = 128,   /* bytes of a call's path, with NUL  */
    TRIVET_DEFAULT_PAGE = 10,     /* items of a list that are given    */
    TRIVET_MAX_PAGE = 200,        /* the same, when the caller asks    */

    /* Of explaining a refused signature: the body, other installations' keys
     * (a verification each, beside some six with the caller's own), and the
     * work of core/mistake.h, which is some 5 ms. */
    TRIVET_MAX_EXPLAINED_BODY = 64 * 1024,
    TRIVET_MAX_EXPLAIN_KEYS = 32,
    TRIVET_MAX_EXPLAIN_WORK = 2 * 1024 * 1024,

    TRIVET_MAX_PRUNE_EVERY_S = 86400, /* between two runs of pruning        */

    TRIVET_MIN_SESSION_TIMEOUT_S = 1,
    /* Java SDKs multiply the timeout by 1000 in 32 bits: above this every
     * session looks expired to them. */
    TRIVET_MAX_SESSION_TIMEOUT_S = 2147483,
    TRIVET_DEFAULT_SESSION_TIMEOUT_S = 604800,
    /* Of an API key without a device. */
    TRIVET_DEFAULT_KEY_LIFETIME_S = 14400,
    TRIVET_SANDBOX_KEY_LIFETIME_S = 3600,
    TRIVET_MAX_KEY_LIFETIME_S = TRIVET_MAX_DURATION_S,

    /* Payment service providers: ninety hours, as was seen; the first session
     * of a credential an hour. */
    TRIVET_PSP_SESSION_TIMEOUT_S = 324000,
    TRIVET_PSP_FIRST_SESSION_S = 3600,
    TRIVET_PSP_KEY_LIFETIME_S = 3600
};

#endif
