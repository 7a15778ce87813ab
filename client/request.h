/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - a request before it is sent: its URL, its header, its id
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_REQUEST_H
#define TRIVET_CLIENT_REQUEST_H

#include "base/secret.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "crypto/encryption.h"
#include "trivet/client.h"

enum {
    TRIVET_MAX_REQUEST_HEADERS = 64,
    TRIVET_MAX_FULL_URL = TRIVET_MAX_URL + 4096 /* bytes, with the NUL */
};

/* An exchange that is wanted; see struct trivet_call. */
struct trivet_order {
    const char *method;
    const char *path;         /* as trivet_target_below reads it */
    struct trivet_slice body; /* data NULL: none    */
    const struct trivet_header *headers;
    size_t num_headers;
    const struct trivet_secret *token; /* NULL: none                      */
    bool is_signed;                    /* and a 2xx has to be signed too  */
    bool is_encrypted;                 /* the body, also an empty one     */
    /* Sending it twice does no harm, as with a step of the login: a lost answer
     * is then TRIVET_E_UNAVAILABLE. It is not repeated because of this. */
    bool is_harmless;
    struct trivet_evidence *evidence; /* evidence.h; NULL: none is wanted */
};

/* Points into itself and into the order: not to be copied. */
struct trivet_request {
    char url[TRIVET_MAX_FULL_URL];
    char id[TRIVET_UUID_SIZE];
    char signature[TRIVET_SIGNATURE_SIZE];
    struct {
        char key[TRIVET_ENCRYPTED_KEY_TEXT + 1];
        char iv[TRIVET_IV_TEXT + 1];
        char hmac[TRIVET_HMAC_TEXT + 1];
    } encryption; /* with a NUL each */
    struct trivet_header headers[TRIVET_MAX_REQUEST_HEADERS];
    size_t num_headers;
};

/*
 * Everything but the signature, with a new request id.
 *
 * TRIVET_E_USAGE  method, path or a header cannot be sent: err says why.
 * TRIVET_E_LIMIT  more than 32 headers were given.
 */
TRIVET_MUST_USE enum trivet_status trivet_request_build(
    const struct trivet_order *order, const char *base_url,
    struct trivet_request *out, struct trivet_error *err);

/* Adds the header of request->signature. */
void trivet_request_add_signature(struct trivet_request *request);

/* Whether the method changes nothing (GET, HEAD), so that it may be repeated.
 */
bool trivet_method_is_safe(const char *method);

/* The first value of a header, in any case, or NULL. */
const char *trivet_wire_header(
    const struct trivet_header *headers, size_t num, const char *name);

#endif
