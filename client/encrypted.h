/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encrypted.h - bodies that only the other side can read, as the client sends
 * and receives them
 *
 * A request is encrypted to the server's key of the installation, before it is
 * signed; an answer is decrypted with the client's key, after its signature was
 * verified (crypto/encryption.h).
 * Blocks: no. Threads: one per decrypter.
 */
#ifndef TRIVET_CLIENT_ENCRYPTED_H
#define TRIVET_CLIENT_ENCRYPTED_H

#include "client/request.h"
#include "client/wire_answer.h"
#include "crypto/encryption.h"

/*
 * Encrypts the order's body (of an order without one: the empty body) to
 * server_key (DER), and adds the three fields to request, which holds their
 * values. out_body is owned by the caller.
 *
 * TRIVET_E_USAGE  the order has a field of encryption of its own.
 */
TRIVET_MUST_USE enum trivet_status trivet_request_encrypt(
    const struct trivet_order *order, struct trivet_slice server_key,
    struct trivet_request *request, struct trivet_buffer *out_body,
    struct trivet_error *err);

/*
 * Puts the plain body in the place of an encrypted one, and sets
 * answer->was_encrypted. An answer without fields of encryption stays as it is.
 * decrypter: NULL when there is no key yet; then every answer does.
 *
 * TRIVET_E_UNTRUSTED  it cannot be decrypted.
 */
TRIVET_MUST_USE enum trivet_status trivet_wire_answer_decrypt(
    struct trivet_wire_answer *answer, struct trivet_decrypter *decrypter,
    struct trivet_error *err);

/* Whether the fields of a request or an answer say that its body is encrypted.
 */
bool trivet_has_encryption(
    const struct trivet_header *headers, size_t num_headers);

#endif
