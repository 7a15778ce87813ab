/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - one signed and verified exchange */
#include "client/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "client/clock.h"
#include "client/encrypted.h"
#include "client/evidence.h"
#include "client/target.h"
#include "client/tell.h"
#include "client/throttle.h"
#include "core/field_names.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/signature.h"


enum {
    STATUS_THROTTLED = 429,
    /* Servers close idle connections, and a request sent meanwhile is lost. One
     * that cannot be repeated uses only a connection that was used a moment
     * ago. */
    MAX_IDLE_S = 118,
    MAX_IDLE_UNSAFE_S = 15
};

struct trivet_worker {
    const struct trivet_settings *settings;
    struct trivet_worker *next;
    uint64_t generation;

    char base_url[TRIVET_MAX_URL];
    char proxy[TRIVET_MAX_URL];
    char ca_file[TRIVET_MAX_PATH];
    struct trivet_pin_set pins;

    struct trivet_transport *transport;
    struct trivet_private_key *key;     /* NULL: there is none yet */
    struct trivet_signer *signer;       /* the same */
    struct trivet_decrypter *decrypter; /* the same */
    struct trivet_digest *digest;
    struct trivet_proof *proof;
    enum trivet_scheme scheme; /* what the server speaks, as far as known */

    /* Of no bytes, as most requests have it: it is always the same. "": not
     * made yet. */
    char empty_signature[TRIVET_SIGNATURE_SIZE];
};

/* ---- making one -------------------------------------------------------- */

static enum trivet_status
make_signer(const struct trivet_record *record, struct trivet_worker *worker,
    struct trivet_error *err)
{
    if (record->private_key[0] == '\0') {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_private_key_parse(
        trivet_slice_text(record->private_key), &worker->key, err));
    TRIVET_TRY(trivet_signer_new(worker->key, &worker->signer, err));

    return trivet_decrypter_new(worker->key, &worker->decrypter, err);
}

static enum trivet_status
fill(struct trivet_worker *worker, const struct trivet_record *record,
    struct trivet_error *err)
{
    const struct trivet_transport_config config = {worker->ca_file,
        worker->proxy, &worker->pins, worker->settings->connect_timeout_s,
        worker->settings->timeout_s};

    memcpy(worker->base_url, record->base_url, sizeof worker->base_url);
    memcpy(worker->proxy, record->proxy, sizeof worker->proxy);
    memcpy(worker->ca_file, record->ca_file, sizeof worker->ca_file);
    worker->pins = record->pins;

    worker->transport = trivet_transport_new(&config);
    worker->digest = trivet_digest_new();
    worker->scheme = record->scheme;
    if (worker->transport == NULL || worker->digest == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "worker.new", "out of memory");
    }

    TRIVET_TRY(trivet_proof_new(record->server_key, &worker->proof, err));

    return make_signer(record, worker, err);
}

enum trivet_status
trivet_worker_new(const struct trivet_settings *settings,
    const struct trivet_record *record, uint64_t generation,
    struct trivet_worker **out, struct trivet_error *err)
{
    struct trivet_worker *worker = calloc(1, sizeof *worker);
    enum trivet_status status;

    if (worker == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "worker.new", "out of memory");
    }

    worker->settings = settings;
    worker->generation = generation;
    status = fill(worker, record, err);
    if (status != TRIVET_OK) {
        trivet_worker_free(worker);
        return status;
    }

    *out = worker;
    return TRIVET_OK;
}

void
trivet_worker_free(struct trivet_worker *worker)
{
    if (worker == NULL) {
        return;
    }

    trivet_transport_free(worker->transport);
    trivet_signer_free(worker->signer);
    trivet_decrypter_free(worker->decrypter);
    trivet_private_key_free(worker->key);
    trivet_digest_free(worker->digest);
    trivet_proof_free(worker->proof);
    free(worker);
}

uint64_t
trivet_worker_generation(const struct trivet_worker *worker)
{
    return worker->generation;
}

struct trivet_worker **
trivet_worker_next(struct trivet_worker *worker)
{
    return &worker->next;
}

/* ---- signatures -------------------------------------------------------- */

static enum trivet_status
sign_now(struct trivet_worker *worker, struct trivet_slice head,
    struct trivet_slice body, char out[TRIVET_SIGNATURE_SIZE],
    struct trivet_error *err)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    if (worker->signer == NULL) {
        return trivet_error_set(err, TRIVET_E_NO_SESSION, "worker.sign",
            "there is no key to sign with yet: log in first");
    }
    trivet_digest_start(worker->digest);
    trivet_digest_add(worker->digest, head);
    trivet_digest_add(worker->digest, body);
    if (trivet_digest_finish(worker->digest, digest) != TRIVET_OK
        || trivet_signer_sign(worker->signer, digest, out) != TRIVET_OK)
    {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "worker.sign", "cannot sign");
    }

    out[TRIVET_SIGNATURE_TEXT_LEN] = '\0';
    return TRIVET_OK;
}

static enum trivet_status
sign(struct trivet_worker *worker, struct trivet_slice head,
    struct trivet_slice body, char out[TRIVET_SIGNATURE_SIZE],
    struct trivet_error *err)
{
    char *empty = worker->empty_signature;

    if (head.len > 0 || body.len > 0) {
        return sign_now(worker, head, body, out, err);
    }
    if (empty[0] == '\0') {
        TRIVET_TRY(sign_now(worker, head, body, out, err));
        memcpy(empty, out, sizeof worker->empty_signature);
    }

    memcpy(out, empty, sizeof worker->empty_signature);
    return TRIVET_OK;
}

enum trivet_status
trivet_worker_sign(struct trivet_worker *worker, struct trivet_slice bytes,
    char out[TRIVET_SIGNATURE_SIZE], struct trivet_error *err)
{
    return sign(worker, trivet_slice_make("", 0), bytes, out, err);
}

enum trivet_status
trivet_worker_verify(struct trivet_worker *worker, struct trivet_slice bytes,
    struct trivet_slice signature, struct trivet_error *err)
{
    return trivet_proof_check(worker->proof, bytes, signature, err);
}

enum trivet_scheme
trivet_worker_scheme(const struct trivet_worker *worker)
{
    return worker->scheme;
}

/* In the form that the server speaks. */
static enum trivet_status
sign_request(struct trivet_worker *worker, const struct trivet_order *order,
    struct trivet_request *request, struct trivet_error *err)
{
    struct trivet_slice head = trivet_slice_make("", 0);
    enum trivet_status status;

    if (worker->scheme == TRIVET_SCHEME_BODY) {
        status = sign(worker, head, order->body, request->signature, err);
    } else {
        head = trivet_request_head(order->method, request->url,
            request->headers, request->num_headers);
        if (head.data == NULL) {
            return trivet_error_set(err, TRIVET_E_LIMIT, "worker.sign",
                "out of memory, or too many headers to sign");
        }
        status = sign(worker, head, order->body, request->signature, err);
        free((void *) (uintptr_t) head.data);
    }
    if (status == TRIVET_OK) {
        trivet_request_add_signature(request);
    }

    return status;
}

/* A signature that is present must be valid; a 2xx to a signed order must have
 * one. An error may be unsigned: 429, 491 and 5xx always are. */
static enum trivet_status
verify_answer(struct trivet_worker *worker, const struct trivet_order *order,
    const struct trivet_wire_answer *answer, bool *out_is_verified,
    struct trivet_error *err)
{
    const char *signature = trivet_wire_header(
        answer->headers, answer->num_headers, TRIVET_FIELD_SERVER_SIGNATURE);
    bool is_needed =
        order->is_signed && answer->status >= 200 && answer->status <= 299;

    *out_is_verified = false;
    if (!trivet_proof_has_key(worker->proof)) {
        /* The first answer contains the key, and its request is unsigned. */
        if (is_needed) {
            return trivet_error_set(err, TRIVET_E_UNTRUSTED, "worker.verify",
                "the server's key is not known");
        }
        return TRIVET_OK;
    }
    if (signature == NULL || signature[0] == '\0') {
        if (is_needed) {
            return trivet_error_set(err, TRIVET_E_UNTRUSTED, "worker.verify",
                "the answer (%u, %zu bytes) has "
                "no " TRIVET_FIELD_SERVER_SIGNATURE
                ": it did not come from the server, or something on the way "
                "removed it",
                answer->status, answer->body.len);
        }
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_proof_check_answer(
        worker->proof, answer, signature, &worker->scheme, err));

    *out_is_verified = true;
    return TRIVET_OK;
}

/* ---- one exchange ------------------------------------------------------ */

/* In report mode curl accepts every key: an unknown one is reported here. */
static void
report_pin(const struct trivet_worker *worker,
    const struct trivet_wire_answer *answer, int64_t now_us)
{
    struct trivet_pin seen = {{0}, 0};
    char text[TRIVET_PIN_TEXT_SIZE];

    if (!answer->is_key_seen
        || trivet_pin_set_has(&worker->pins, answer->key_digest, now_us))
    {
        return;
    }

    memcpy(seen.digest, answer->key_digest, sizeof seen.digest);
    trivet_pin_format(&seen, text);
    trivet_tell(worker->settings, TRIVET_EVENT_PIN, 0,
        "the server's key %s is not pinned", text);
}

bool
trivet_worker_has_sent(const struct trivet_worker *worker)
{
    return trivet_transport_has_sent(worker->transport);
}

/* Whether a request that was sent may have changed something that is not to be
 * changed twice. */
static bool
is_delicate(const struct trivet_order *order)
{
    return !order->is_harmless && !trivet_method_is_safe(order->method);
}

/* What err says of a request that got no answer. */
static enum trivet_status
explain_loss(const struct trivet_worker *worker,
    const struct trivet_order *order, const struct trivet_error *cause,
    struct trivet_error *err)
{
    if (!is_delicate(order) || !trivet_worker_has_sent(worker)) {
        return trivet_error_set(
            err, cause->status, cause->where, "%s", cause->detail);
    }

    return trivet_error_set(err, TRIVET_E_OUTCOME_UNKNOWN, "call",
        "%s %.60s was sent, and it is not known whether the server acted: find "
        "out before you send it again (%s)",
        order->method, order->path, cause->detail);
}

/* What err says of an answer that cannot be trusted. */
static enum trivet_status
explain_distrust(const struct trivet_order *order,
    const struct trivet_error *cause, struct trivet_error *err)
{
    const char *warning =
        is_delicate(order) ? "; the server may have acted" : "";

    return trivet_error_set(
        err, cause->status, cause->where, "%s%s", cause->detail, warning);
}

/* The signature is over what was received: it comes first. */
static enum trivet_status
open_answer(struct trivet_worker *worker, const struct trivet_order *order,
    struct trivet_wire_answer *answer, bool *out_is_verified,
    struct trivet_error *err)
{
    enum trivet_status status =
        verify_answer(worker, order, answer, out_is_verified, err);

    trivet_evidence_add_answer(order->evidence, answer, *out_is_verified,
        worker->scheme, trivet_proof_key(worker->proof));
    if (status != TRIVET_OK) {
        return status;
    }

    return trivet_wire_answer_decrypt(answer, worker->decrypter, err);
}

/* Sends, verifies the answer, and decrypts it if it is encrypted. */
static enum trivet_status
send_request(struct trivet_worker *worker, const struct trivet_order *order,
    const struct trivet_wire_request *request, struct trivet_wire_answer *out,
    bool *out_is_verified, struct trivet_error *err)
{
    struct trivet_error ours = {.status = TRIVET_E_INTERNAL, .where = "call"};
    struct trivet_wire_answer answer;
    int64_t now_us = trivet_clock_now_us();

    trivet_tell_request(worker->settings, request);
    trivet_evidence_begin(
        order->evidence, request, worker->scheme, worker->key, now_us);
    if (trivet_transport_exchange(
            worker->transport, request, now_us, &answer, &ours)
        != TRIVET_OK)
    {
        if (order->evidence != NULL) {
            order->evidence->was_sent = trivet_worker_has_sent(worker);
        }
        return explain_loss(worker, order, &ours, err);
    }
    answer.sent_us = now_us;
    report_pin(worker, &answer, now_us);

    if (open_answer(worker, order, &answer, out_is_verified, &ours)
        != TRIVET_OK) {
        trivet_tell_answer(worker->settings, &answer, false);
        trivet_wire_answer_release(&answer);
        return explain_distrust(order, &ours, err);
    }

    trivet_tell_answer(worker->settings, &answer, *out_is_verified);
    *out = answer;
    return TRIVET_OK;
}

/* Signs and sends once. */
static enum trivet_status
send_built(struct trivet_worker *worker, const struct trivet_order *order,
    struct trivet_request *request, int max_idle_s,
    struct trivet_wire_answer *out, bool *out_is_verified,
    struct trivet_error *err)
{
    if (order->is_signed) {
        TRIVET_TRY(sign_request(worker, order, request, err));
    }

    return send_request(worker, order,
        &(struct trivet_wire_request){order->method, request->url,
            request->headers, request->num_headers, order->body, max_idle_s},
        out, out_is_verified, err);
}

/* Builds, encrypts when that is asked for, signs and sends once. */
static enum trivet_status
send_once(struct trivet_worker *worker, const struct trivet_order *order,
    int max_idle_s, struct trivet_wire_answer *out, bool *out_is_verified,
    struct trivet_error *err)
{
    struct trivet_request request;
    struct trivet_order encrypted = *order;
    struct trivet_buffer body;
    enum trivet_status status;

    TRIVET_TRY(trivet_request_build(order, worker->base_url, &request, err));
    if (!order->is_encrypted) {
        return send_built(
            worker, order, &request, max_idle_s, out, out_is_verified, err);
    }

    TRIVET_TRY(trivet_request_encrypt(
        order, trivet_proof_key(worker->proof), &request, &body, err));
    encrypted.body = trivet_buffer_slice(&body);
    status = send_built(
        worker, &encrypted, &request, max_idle_s, out, out_is_verified, err);
    trivet_buffer_free(&body);

    return status;
}

/* The same, but what is safe to repeat is sent again when it was lost with a
 * kept connection that the server had closed: with another request id, since
 * the server may have seen the first. */
static enum trivet_status
send_safely(struct trivet_worker *worker, const struct trivet_order *order,
    struct trivet_wire_answer *out, bool *out_is_verified,
    struct trivet_error *err)
{
    bool is_safe = trivet_method_is_safe(order->method);
    int max_idle_s = is_safe ? MAX_IDLE_S : MAX_IDLE_UNSAFE_S;
    enum trivet_status status =
        send_once(worker, order, max_idle_s, out, out_is_verified, err);

    if (status == TRIVET_OK || !is_safe
        || !trivet_transport_has_lost_kept(worker->transport))
    {
        return status;
    }

    return send_once(worker, order, 0, out, out_is_verified, err);
}

/* Whether the server refused the request because of its signature: then it has
 * certainly not acted on it. */
static bool
is_signature_refused(
    const struct trivet_order *order, const struct trivet_wire_answer *answer)
{
    static const char text[] = "request signature is invalid";

    return order->is_signed && answer->status == 400
           && strstr(answer->body.data, text) != NULL;
}

/* The same, but when the server refuses the form of the signature, and its
 * refusal is signed in the other form, the request is sent in that form. */
static enum trivet_status
send_in_its_form(struct trivet_worker *worker, const struct trivet_order *order,
    struct trivet_wire_answer *out, bool *out_is_verified,
    struct trivet_error *err)
{
    enum trivet_scheme scheme = worker->scheme;

    TRIVET_TRY(send_safely(worker, order, out, out_is_verified, err));
    if (worker->scheme == scheme || !is_signature_refused(order, out)) {
        return TRIVET_OK;
    }

    trivet_wire_answer_release(out);
    return send_safely(worker, order, out, out_is_verified, err);
}

/* ---- the rate limit ---------------------------------------------------- */

/* Waits until the rate limit allows the call. */
static enum trivet_status
wait_for_turn(struct trivet_worker *worker, const struct trivet_order *order,
    const struct trivet_rate_call *call, struct trivet_error *err)
{
    const struct trivet_settings *settings = worker->settings;
    int64_t now_us = trivet_clock_now_us();
    int64_t at_us = trivet_throttle_wait_for(settings->throttle, call, now_us,
        settings->max_wait_s * TRIVET_US_PER_S);
    double seconds = (double) (at_us - now_us) / 1e6;

    if (at_us - now_us > settings->max_wait_s * TRIVET_US_PER_S) {
        return trivet_error_set(err, TRIVET_E_THROTTLED, "call.throttle",
            "%s %s may be called again in %.1f s (%d per %d s)", order->method,
            order->path, seconds, call->max_calls, call->per_s);
    }
    if (at_us > now_us) {
        trivet_tell(settings, TRIVET_EVENT_WAIT, seconds,
            "waiting %.1f s for %s %s (%d per %d s)", seconds, order->method,
            order->path, call->max_calls, call->per_s);
        trivet_clock_wait_until(at_us);
    }

    return TRIVET_OK;
}

/* Whether the call is counted. One for a session always is. */
static bool
is_throttled(
    const struct trivet_settings *settings, const struct trivet_rate_call *call)
{
    bool is_session = call->kind == TRIVET_RATE_SESSION;

    return settings->throttle != NULL && call->endpoint != 0
           && (is_session || (settings->flags & TRIVET_OPEN_UNTHROTTLED) == 0);
}

enum trivet_status
trivet_worker_exchange(struct trivet_worker *worker,
    const struct trivet_order *order, struct trivet_wire_answer *out,
    bool *out_is_verified, struct trivet_error *err)
{
    struct trivet_rate_call call;
    const char *below;

    TRIVET_TRY(trivet_target_below(worker->base_url, order->path, &below, err));
    call = trivet_rate_classify(
        trivet_slice_text(order->method), trivet_slice_text(below));

    if (!is_throttled(worker->settings, &call)) {
        return send_in_its_form(worker, order, out, out_is_verified, err);
    }

    for (int num_tries = 1;; num_tries++) {
        int64_t now_us;
        int block_s;

        TRIVET_TRY(wait_for_turn(worker, order, &call, err));
        TRIVET_TRY(send_in_its_form(worker, order, out, out_is_verified, err));
        if (out->status != STATUS_THROTTLED) {
            return TRIVET_OK;
        }

        /* Refused, so nothing was done: it may be sent again. */
        now_us = trivet_clock_now_us();
        block_s = trivet_throttle_read_seconds(out->body.data, call.per_s);
        trivet_throttle_hold(
            worker->settings->throttle, &call, now_us, block_s);
        if (num_tries == 2 || block_s > worker->settings->max_wait_s) {
            return TRIVET_OK;
        }
        trivet_wire_answer_release(out);
    }
}
