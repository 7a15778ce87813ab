/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encrypted_body.h - whether and how a request's body is encrypted
 *
 * Only who received the request can read its body, and only the authority knows
 * which server key the caller's installation was given.
 */
#ifndef TRIVET_AUTHORITY_ENCRYPTED_BODY_H
#define TRIVET_AUTHORITY_ENCRYPTED_BODY_H

#include <stddef.h>

#include "core/encryption_rule.h"
#include "crypto/encryption.h"

struct trivet_encrypted_body {
    enum trivet_encryption_rule rule;
    size_t num_fields; /* of encryption, in the header; 0: the body is plain */

    /*
     * Decrypts the body, on the thread of the authority, after the signature
     * was verified. Of a protocol call, request->body is plain from then on.
     *
     * TRIVET_E_MALFORMED  it is wrong, in whatever way.
     */
    enum trivet_status (*decrypt)(
        void *data, struct trivet_decrypter *decrypter);
    void *data;
};

/* Whether the body has to be decrypted, or refused because it is plain. */
static inline bool
trivet_encrypted_body_matters(const struct trivet_encrypted_body *body)
{
    return body->num_fields > 0 || body->rule == TRIVET_ENCRYPTION_REQUIRED;
}

#endif
