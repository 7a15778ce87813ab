/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - one signed and verified exchange */
#include "client/worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/clock.h"
#include "client/throttle.h"
#include "core/timestamp.h"
#include "core/uuid.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/signature.h"

#define HEADER_TOKEN     "X-Bunq-Client-Authentication"
#define HEADER_SIGNATURE "X-Bunq-Client-Signature"
#define SERVER_SIGNATURE "X-Bunq-Server-Signature"

enum {
    MAX_HEADERS = 64,
    MAX_METHOD = 16,                      /* bytes */
    MAX_FULL_URL = TRIVET_MAX_URL + 4096, /* bytes */
    STATUS_THROTTLED = 429
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
    struct trivet_signer *signer; /* NULL: there is no key yet */
    struct trivet_verifier_cache *verifier;
    struct trivet_public_key server_key; /* der_len 0: not known yet  */
};

/* ---- making one -------------------------------------------------------- */

static enum trivet_status
make_signer(const struct trivet_record *record, struct trivet_worker *worker,
    struct trivet_error *err)
{
    struct trivet_private_key *key;
    enum trivet_status status;

    if (record->private_key[0] == '\0') {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_private_key_parse(
        trivet_slice_text(record->private_key), &key, err));
    status = trivet_signer_new(key, &worker->signer, err);
    trivet_private_key_free(key);

    return status;
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
    worker->verifier = trivet_verifier_cache_new(1);
    if (worker->transport == NULL || worker->verifier == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "worker.new", "out of memory");
    }

    if (record->server_key[0] != '\0') {
        TRIVET_TRY(trivet_public_key_parse(
            trivet_slice_text(record->server_key), &worker->server_key, err));
    }

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
    trivet_verifier_cache_free(worker->verifier);
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

enum trivet_status
trivet_worker_sign(struct trivet_worker *worker, struct trivet_slice bytes,
    char out[TRIVET_SIGNATURE_SIZE], struct trivet_error *err)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    if (worker->signer == NULL) {
        return trivet_error_set(err, TRIVET_E_NO_SESSION, "worker.sign",
            "there is no key to sign with yet: log in first");
    }
    if (trivet_sha256(bytes, digest) != TRIVET_OK
        || trivet_signer_sign(worker->signer, digest, out) != TRIVET_OK)
    {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "worker.sign", "cannot sign");
    }

    out[TRIVET_SIGNATURE_TEXT_LEN] = '\0';
    return TRIVET_OK;
}

static enum trivet_status
distrust(struct trivet_error *err, const char *what)
{
    return trivet_error_set(
        err, TRIVET_E_UNTRUSTED, "worker.verify", "%s", what);
}

enum trivet_status
trivet_worker_verify(struct trivet_worker *worker, struct trivet_slice bytes,
    struct trivet_slice signature, struct trivet_error *err)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    size_t len = 0;
    bool fits = false;

    if (worker->server_key.der_len == 0) {
        return trivet_error_set(err, TRIVET_E_NO_SESSION, "worker.verify",
            "the server's key is not known yet: log in first");
    }
    if (trivet_base64_decode(signature, raw, sizeof raw, &len) != TRIVET_OK) {
        return distrust(err, "the server's signature is not base64");
    }
    if (len != TRIVET_SIGNATURE_LEN) {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "worker.verify",
            "the server's signature has %zu bytes, not 256", len);
    }
    if (trivet_sha256(bytes, digest) != TRIVET_OK
        || trivet_verify(worker->verifier,
               trivet_slice_make(
                   worker->server_key.der, worker->server_key.der_len),
               digest, trivet_slice_make(raw, len), &fits)
               != TRIVET_OK)
    {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "worker.verify", "cannot verify");
    }
    if (!fits) {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "worker.verify",
            "the server's signature does not fit the body of %zu bytes: it "
            "was changed on the way, or signed with another key than this "
            "installation's",
            bytes.len);
    }

    return TRIVET_OK;
}

const char *
trivet_wire_header(
    const struct trivet_header *headers, size_t num, const char *name)
{
    for (size_t i = 0; i < num; i++) {
        if (trivet_slice_equal_nocase(
                trivet_slice_text(headers[i].name), trivet_slice_text(name)))
        {
            return headers[i].value;
        }
    }

    return NULL;
}

/* A signature that is there must fit; on a 2xx to a signed order it must be
 * there. An error may come unsigned: 429, 491 and 5xx always do. */
static enum trivet_status
verify_answer(struct trivet_worker *worker, const struct trivet_order *order,
    const struct trivet_wire_answer *answer, bool *out_is_verified,
    struct trivet_error *err)
{
    const char *signature = trivet_wire_header(
        answer->headers, answer->num_headers, SERVER_SIGNATURE);
    bool is_needed =
        order->is_signed && answer->status >= 200 && answer->status <= 299;

    *out_is_verified = false;
    if (worker->server_key.der_len == 0) {
        /* The first answer brings the key, and is to an unsigned order. */
        return is_needed ? distrust(err, "the server's key is not known")
                         : TRIVET_OK;
    }
    if (signature == NULL || signature[0] == '\0') {
        return !is_needed
                   ? TRIVET_OK
                   : trivet_error_set(err, TRIVET_E_UNTRUSTED, "worker.verify",
                       "the answer (%u, %zu bytes) carries no " SERVER_SIGNATURE
                       ": it did not come from the server, or something on "
                       "the way took it off",
                       answer->status, answer->body_len);
    }

    TRIVET_TRY(trivet_worker_verify(worker,
        trivet_slice_make(answer->body, answer->body_len),
        trivet_slice_text(signature), err));

    *out_is_verified = true;
    return TRIVET_OK;
}

/* ---- the request ------------------------------------------------------- */

/* The rest of path behind the base URL: "user", "/user", "/v1/user" alike. */
static const char *
strip_path(const char *path)
{
    while (*path == '/') {
        path++;
    }

    return strncmp(path, "v1/", 3) == 0 ? path + 3 : path;
}

/* A name is a token, a value has no line end: nothing is smuggled in. */
static bool
is_header_safe(const struct trivet_header *header)
{
    static const char token_marks[] = "!#$%&'*+-.^_`|~";

    if (header->name[0] == '\0') {
        return false;
    }

    for (const char *p = header->name; *p != '\0'; p++) {
        bool is_letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
                         || (*p >= '0' && *p <= '9');

        if (!is_letter && strchr(token_marks, *p) == NULL) {
            return false;
        }
    }

    for (const char *p = header->value; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20 && *p != '\t') {
            return false;
        }
    }

    return true;
}

/* method = 1*16UPALPHA. Not HEAD: its answer has no body to verify. */
static bool
is_method_usable(const char *method)
{
    size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return len > 0 && len <= MAX_METHOD && method[len] == '\0'
           && strcmp(method, "HEAD") != 0;
}

/* The headers of a request while they are put together. */
struct header_list {
    struct trivet_header headers[MAX_HEADERS];
    size_t num;
};

/* One of trivet's own, unless the caller has set it. */
static void
add_own(struct header_list *list, const struct trivet_order *order,
    const char *name, const char *value)
{
    if (trivet_wire_header(order->headers, order->num_headers, name) == NULL) {
        list->headers[list->num++] = (struct trivet_header){name, value};
    }
}

static bool
is_among(const char *name, const char *const *names, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        if (trivet_slice_equal_nocase(
                trivet_slice_text(name), trivet_slice_text(names[i])))
        {
            return true;
        }
    }

    return false;
}

/* What a caller must not set: the last two say how long the body is. */
static const char *const own_headers[] = {
    HEADER_TOKEN, HEADER_SIGNATURE, "Content-Length", "Transfer-Encoding"};

/* What is not told. */
static const char *const secret_headers[] = {HEADER_TOKEN, "Authorization",
    "Proxy-Authorization", "Cookie", "Set-Cookie"};

#define NUM_OWN    (sizeof own_headers / sizeof own_headers[0])
#define NUM_SECRET (sizeof secret_headers / sizeof secret_headers[0])

static enum trivet_status
add_given(struct header_list *list, const struct trivet_order *order,
    struct trivet_error *err)
{
    if (order->num_headers > MAX_HEADERS / 2) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "call", "more than 32 headers");
    }

    for (size_t i = 0; i < order->num_headers; i++) {
        const struct trivet_header *header = &order->headers[i];

        if (is_among(header->name, own_headers, NUM_OWN)) {
            return trivet_error_set(err, TRIVET_E_USAGE, "call",
                "%s is set by trivet alone", header->name);
        }
        if (!is_header_safe(header)) {
            return trivet_error_set(err, TRIVET_E_USAGE, "call",
                "a header's name or value holds what it must not");
        }

        list->headers[list->num++] = *header;
    }

    return TRIVET_OK;
}

static void
tell_request(const struct trivet_worker *worker,
    const struct trivet_wire_request *request)
{
    const struct trivet_settings *settings = worker->settings;

    if (settings->on_event == NULL) {
        return;
    }

    trivet_tell(
        settings, TRIVET_EVENT_SENT, 0, "%s %s", request->method, request->url);
    for (size_t i = 0; i < request->num_headers; i++) {
        const struct trivet_header *header = &request->headers[i];
        bool is_secret = is_among(header->name, secret_headers, NUM_SECRET);

        trivet_tell(settings, TRIVET_EVENT_SENT, 0, "%s: %s", header->name,
            is_secret ? "[left out]" : header->value);
    }
    trivet_tell(
        settings, TRIVET_EVENT_SENT, 0, "(%zu bytes)", request->body.len);
}

static void
tell_answer(const struct trivet_worker *worker,
    const struct trivet_wire_answer *answer, bool is_verified)
{
    const struct trivet_settings *settings = worker->settings;

    if (settings->on_event == NULL) {
        return;
    }

    trivet_tell(settings, TRIVET_EVENT_RECEIVED, 0, "%u", answer->status);
    for (size_t i = 0; i < answer->num_headers; i++) {
        bool is_secret =
            is_among(answer->headers[i].name, secret_headers, NUM_SECRET);

        trivet_tell(settings, TRIVET_EVENT_RECEIVED, 0, "%s: %s",
            answer->headers[i].name,
            is_secret ? "[left out]" : answer->headers[i].value);
    }
    trivet_tell(settings, TRIVET_EVENT_RECEIVED, 0, "(%zu bytes, %s)",
        answer->body_len, is_verified ? "its signature fits" : "not verified");
}

/* In report mode curl lets every key pass: told here. */
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

/* Everything but what is signed. */
static enum trivet_status
build_headers(const struct trivet_order *order, const char *request_id,
    struct header_list *list, struct trivet_error *err)
{
    TRIVET_TRY(add_given(list, order, err));

    add_own(list, order, "Cache-Control", "no-cache");
    add_own(list, order, "User-Agent", "trivet/" TRIVET_VERSION);
    add_own(list, order, "X-Bunq-Language", "en_US");
    add_own(list, order, "X-Bunq-Region", "nl_NL");
    add_own(list, order, "X-Bunq-Geolocation", "0 0 0 0 000");
    add_own(list, order, "X-Bunq-Client-Request-Id", request_id);
    if (order->body.len > 0) {
        add_own(list, order, "Content-Type", "application/json");
    }
    if (order->token != NULL) {
        add_own(list, order, HEADER_TOKEN, (const char *) order->token->bytes);
    }

    return TRIVET_OK;
}

static enum trivet_status
build_url(const struct trivet_worker *worker, const char *path, char *out,
    size_t cap, struct trivet_error *err)
{
    int len = snprintf(out, cap, "%s/%s", worker->base_url, strip_path(path));

    if (len < 0 || (size_t) len >= cap || strpbrk(path, " \r\n\t#") != NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "call",
            "the path is too long or holds blanks or a #");
    }

    return TRIVET_OK;
}

/* Sends, and judges what comes back. */
static enum trivet_status
send_request(struct trivet_worker *worker, const struct trivet_order *order,
    const struct trivet_wire_request *request, struct trivet_wire_answer *out,
    bool *out_is_verified, struct trivet_error *err)
{
    struct trivet_wire_answer answer;
    int64_t now_us = trivet_clock_now_us();
    enum trivet_status status;

    tell_request(worker, request);
    TRIVET_TRY(trivet_transport_exchange(
        worker->transport, request, now_us, &answer, err));
    answer.sent_us = now_us;
    report_pin(worker, &answer, now_us);

    status = verify_answer(worker, order, &answer, out_is_verified, err);
    tell_answer(worker, &answer, *out_is_verified);
    if (status != TRIVET_OK) {
        trivet_wire_answer_release(&answer);
        return status;
    }

    *out = answer;
    return TRIVET_OK;
}

/* Signs and sends once. */
static enum trivet_status
send_once(struct trivet_worker *worker, const struct trivet_order *order,
    struct trivet_wire_answer *out, bool *out_is_verified,
    struct trivet_error *err)
{
    char signature[TRIVET_SIGNATURE_SIZE];
    char url[MAX_FULL_URL];
    char request_id[TRIVET_UUID_SIZE];
    unsigned char random[16];
    struct header_list list = {.num = 0};
    struct trivet_wire_request request = {
        order->method, url, list.headers, 0, order->body};

    if (!is_method_usable(order->method)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "call",
            "the method has to be capital letters, and not HEAD");
    }

    TRIVET_TRY(build_url(worker, order->path, url, sizeof url, err));
    TRIVET_TRY(trivet_random(random, sizeof random));
    trivet_uuid_format(random, request_id);
    TRIVET_TRY(build_headers(order, request_id, &list, err));
    if (order->is_signed) {
        TRIVET_TRY(trivet_worker_sign(worker, order->body, signature, err));
        add_own(&list, order, HEADER_SIGNATURE, signature);
    }
    request.num_headers = list.num;

    return send_request(worker, order, &request, out, out_is_verified, err);
}

/* ---- the rate limit ---------------------------------------------------- */

/* Waits until the call may go. */
static enum trivet_status
wait_for_turn(struct trivet_worker *worker, const struct trivet_order *order,
    const struct trivet_rate_call *call, struct trivet_error *err)
{
    const struct trivet_settings *settings = worker->settings;
    int64_t now_us = trivet_clock_now_us();
    int64_t at_us = trivet_throttle_file_reserve(settings->throttle_file, call,
        now_us, settings->max_wait_s * TRIVET_US_PER_S);
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

    return settings->throttle_file[0] != '\0' && call->endpoint != 0
           && (is_session || (settings->flags & TRIVET_OPEN_UNTHROTTLED) == 0);
}

enum trivet_status
trivet_worker_exchange(struct trivet_worker *worker,
    const struct trivet_order *order, struct trivet_wire_answer *out,
    bool *out_is_verified, struct trivet_error *err)
{
    const struct trivet_rate_call call =
        trivet_rate_classify(trivet_slice_text(order->method),
            trivet_slice_text(strip_path(order->path)));
    const char *throttle_file = worker->settings->throttle_file;

    if (!is_throttled(worker->settings, &call)) {
        return send_once(worker, order, out, out_is_verified, err);
    }

    for (int num_tries = 1;; num_tries++) {
        int64_t now_us;
        int block_s;

        TRIVET_TRY(wait_for_turn(worker, order, &call, err));
        TRIVET_TRY(send_once(worker, order, out, out_is_verified, err));
        if (out->status != STATUS_THROTTLED) {
            return TRIVET_OK;
        }

        /* Refused, so nothing was done: it may be sent again. */
        now_us = trivet_clock_now_us();
        block_s = trivet_throttle_read_seconds(out->body, call.per_s);
        trivet_throttle_file_block(throttle_file, &call, now_us, block_s);
        if (num_tries == 2 || block_s > worker->settings->max_wait_s) {
            return TRIVET_OK;
        }
        trivet_wire_answer_release(out);
    }
}
