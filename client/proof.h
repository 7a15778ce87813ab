/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.h - whether the signature of an answer is the server's
 *
 * A server signs the body, or, as bunq did until 2020 and a gateway in profile
 * classic does, status, header fields and body (core/canonical.h). Both forms
 * are accepted; the valid one is the form that the server speaks.
 * Blocks: no. Threads: one per proof.
 */
#ifndef TRIVET_CLIENT_PROOF_H
#define TRIVET_CLIENT_PROOF_H

#include "client/wire_answer.h"
#include "core/canonical.h"
#include "crypto/key.h"

struct trivet_proof;

/* server_key: PEM, "" when it is not known yet. Owned: free it. */
TRIVET_MUST_USE enum trivet_status trivet_proof_new(const char *server_key,
    struct trivet_proof **out, struct trivet_error *err);
void trivet_proof_free(struct trivet_proof *proof);

bool trivet_proof_has_key(const struct trivet_proof *proof);

/* The server's key (DER), empty when it is not known. Lives as long as proof.
 */
struct trivet_slice trivet_proof_key(const struct trivet_proof *proof);

/* Whether signature (base64) is the server's over the bytes.
 * TRIVET_E_UNTRUSTED when it is not; err says in which way. */
TRIVET_MUST_USE enum trivet_status trivet_proof_check(
    struct trivet_proof *proof, struct trivet_slice bytes,
    struct trivet_slice signature, struct trivet_error *err);

/* Whether the answer's signature is the server's. *scheme is tried first;
 * afterwards it is the form in which the signature is valid. */
TRIVET_MUST_USE enum trivet_status trivet_proof_check_answer(
    struct trivet_proof *proof, const struct trivet_wire_answer *answer,
    const char *signature, enum trivet_scheme *scheme,
    struct trivet_error *err);

/* What is signed before the body. Owned: free its data; NULL when memory ran
 * out or it is too much. Of a request, and of an answer. */
struct trivet_slice trivet_request_head(const char *method, const char *url,
    const struct trivet_header *headers, size_t num_headers);
struct trivet_slice trivet_answer_head(const struct trivet_wire_answer *answer);

#endif
