/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - what one thread needs for a signed and verified exchange
 *
 * A worker is made of a record and keeps copies of what it needs of it. It
 * holds a connection, a signer and a verifier, and is used again and again.
 * Blocks: yes. Threads: one per worker.
 */
#ifndef TRIVET_CLIENT_WORKER_H
#define TRIVET_CLIENT_WORKER_H

#include "client/proof.h"
#include "client/request.h"
#include "client/settings.h"
#include "client/transport.h"

struct trivet_worker;

/* `generation` is stored for the caller. A record without a private key gives a
 * worker that cannot sign, one without a server key one that cannot verify. */
TRIVET_MUST_USE enum trivet_status trivet_worker_new(
    const struct trivet_settings *settings, const struct trivet_record *record,
    uint64_t generation, struct trivet_worker **out, struct trivet_error *err);
void trivet_worker_free(struct trivet_worker *worker);

uint64_t trivet_worker_generation(const struct trivet_worker *worker);

/* The link to the next worker in a list that their owner keeps. */
struct trivet_worker **trivet_worker_next(struct trivet_worker *worker);

/*
 * Waits for the rate limit, signs, sends, receives, verifies. After a 429 it
 * waits and tries once more. When the signature was refused, and that answer is
 * signed in the other form than the request, it is sent in that form.
 *
 * TRIVET_OK             any answer, a 429 too; a 2xx to a signed order is
 *                       verified, and so is every signature that came along.
 * TRIVET_E_UNTRUSTED    a signature is missing or wrong; a certificate; a pin.
 * TRIVET_E_THROTTLED    waiting would take longer than the settings allow.
 * TRIVET_E_OUTCOME_UNKNOWN  it was sent and no answer came, and it is neither
 *                       safe (GET, HEAD) nor harmless to repeat. Before it was
 *                       sent, or when it is: TRIVET_E_UNAVAILABLE and others.
 *
 * Only what is safe is sent again after a lost connection, once, and only when
 * it was lost with a connection kept from before.
 */
TRIVET_MUST_USE enum trivet_status trivet_worker_exchange(
    struct trivet_worker *worker, const struct trivet_order *order,
    struct trivet_wire_answer *out, bool *out_is_verified,
    struct trivet_error *err);

/* Of the last exchange, which failed: whether a byte may have left. */
bool trivet_worker_has_sent(const struct trivet_worker *worker);

TRIVET_MUST_USE enum trivet_status trivet_worker_sign(
    struct trivet_worker *worker, struct trivet_slice bytes,
    char out[TRIVET_SIGNATURE_SIZE], struct trivet_error *err);

/* The form of signatures that the server speaks: the record's, or what its last
 * signed answer has shown. */
enum trivet_scheme trivet_worker_scheme(const struct trivet_worker *worker);

/* TRIVET_E_UNTRUSTED when signature (base64) is not the server's: err says in
 * which way. */
TRIVET_MUST_USE enum trivet_status trivet_worker_verify(
    struct trivet_worker *worker, struct trivet_slice bytes,
    struct trivet_slice signature, struct trivet_error *err);

#endif
