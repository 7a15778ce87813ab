/* SPDX-License-Identifier: Apache-2.0 */
/* announcement.c - the TLS keys that a gateway announces */
#include "client/announcement.h"

#include <string.h>

#include "base/timestamp.h"
#include "client/clock.h"
#include "client/context_file.h"
#include "client/state.h"
#include "client/worker.h"
#include "core/message/pins.h"
#include "crypto/statement.h"

static const int64_t ask_every_us = 86400 * TRIVET_US_PER_S;
/* How far the gateway's clock may be ahead. */
static const int64_t max_ahead_us = 3600 * TRIVET_US_PER_S;

enum { STATUS_OK = 200 };

/* ---- is the announcement valid? ---------------------------------------- */

static enum trivet_status
refuse(struct trivet_error *err, const char *why)
{
    return trivet_error_set(err, TRIVET_E_UNTRUSTED, "pins.follow",
        "the gateway's announcement of pins is refused: %s", why);
}

static enum trivet_status
check_signature(const struct trivet_record *record,
    const struct trivet_pins_answer *answer, struct trivet_error *err)
{
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    struct trivet_public_key key;
    size_t len = 0;

    TRIVET_TRY(trivet_public_key_parse(
        trivet_slice_text(record->server_key), &key, err));

    if (trivet_base64_decode(
            trivet_slice_text(answer->signature), raw, sizeof raw, &len)
            != TRIVET_OK
        || !trivet_statement_is_signed(&key,
            trivet_slice_text(answer->statement), trivet_slice_make(raw, len)))
    {
        return refuse(err, "it is not signed by this installation's server "
                           "key");
    }

    return TRIVET_OK;
}

static enum trivet_status
check_times(const struct trivet_record *record,
    const struct trivet_announcement *announcement, int64_t now_us,
    struct trivet_error *err)
{
    if (announcement->expires_us <= now_us) {
        return refuse(err, "it has expired, or this machine's clock is ahead");
    }
    if (announcement->issued_us > now_us + max_ahead_us) {
        return refuse(err, "it is of a time to come: the clocks differ");
    }
    if (announcement->issued_us < record->pins_issued_us) {
        return refuse(err, "it is older than one that was accepted before");
    }

    return TRIVET_OK;
}

/* A set without the key that is shown, or without another one that is valid,
 * would soon refuse every connection. */
static enum trivet_status
check_pins(const struct trivet_pin_set *set,
    const struct trivet_wire_answer *answer, int64_t now_us,
    struct trivet_error *err)
{
    if (trivet_pin_set_count_valid(set, now_us) < TRIVET_MIN_ANNOUNCED) {
        return refuse(err, "it has no backup pin");
    }
    if (set->mode == TRIVET_PINS_ENFORCE
        && (!answer->is_key_seen
            || !trivet_pin_set_has(set, answer->key_digest, now_us)))
    {
        return refuse(err, "the key that the gateway shows is not in it");
    }

    return TRIVET_OK;
}

/* ---- asking ------------------------------------------------------------ */

/* What is written to the record. */
struct following {
    struct trivet_pin_set set; /* of no pins: nothing is announced */
    int64_t issued_us;
    int64_t now_us;
    enum trivet_pins_outcome *outcome;
};

static enum trivet_status
read_answer(const struct trivet_record *record,
    const struct trivet_wire_answer *wire, struct following *out,
    struct trivet_error *err)
{
    struct trivet_announcement announcement;
    struct trivet_pins_answer answer;

    TRIVET_TRY(trivet_pins_answer_read(
        trivet_buffer_slice(&wire->body), &answer, err));
    TRIVET_TRY(check_signature(record, &answer, err));
    TRIVET_TRY(trivet_pins_statement_read(
        trivet_slice_text(answer.statement), &announcement, err));
    TRIVET_TRY(check_times(record, &announcement, out->now_us, err));

    out->issued_us = announcement.issued_us;
    TRIVET_TRY(trivet_pin_set_make(announcement.pins, announcement.num_pins,
        record->pins.mode, &out->set, err));

    return check_pins(&out->set, wire, out->now_us, err);
}

/* On a connection of its own: which key is shown is seen at its beginning. */
static enum trivet_status
ask(struct trivet_context *context, const struct trivet_record *record,
    struct following *out, struct trivet_error *err)
{
    const struct trivet_order order = {
        .method = "GET",
        .path = "trivet/pins",
        .body = trivet_slice_make(NULL, 0),
        .token = &record->installation_token,
        .is_signed = true,
    };
    struct trivet_wire_answer answer;
    struct trivet_worker *worker;
    bool is_verified;
    enum trivet_status status;

    TRIVET_TRY(trivet_worker_new(context->settings, record, 0, &worker, err));
    status = trivet_worker_exchange(worker, &order, &answer, &is_verified, err);
    trivet_worker_free(worker);
    if (status != TRIVET_OK) {
        return status;
    }

    if (answer.status == STATUS_OK) {
        status = read_answer(record, &answer, out, err);
    }
    trivet_wire_answer_release(&answer);

    return status;
}

/* ---- taking over ------------------------------------------------------- */

static bool
is_same_set(const struct trivet_pin_set *a, const struct trivet_pin_set *b)
{
    return a->num_pins == b->num_pins
           && memcmp(a->pins, b->pins, a->num_pins * sizeof a->pins[0]) == 0;
}

/* Another process may have been faster, with a later announcement; or somebody
 * has removed the pins meanwhile. */
static void
take_over(struct trivet_record *record, const void *arg)
{
    const struct following *following = arg;

    record->pins_asked_us = following->now_us;
    if (following->set.num_pins == 0 || record->pins.num_pins == 0
        || following->issued_us < record->pins_issued_us)
    {
        return;
    }

    *following->outcome = TRIVET_PINS_UNCHANGED;
    record->pins_issued_us = following->issued_us;
    if (!is_same_set(&record->pins, &following->set)) {
        enum trivet_pin_mode mode = record->pins.mode;

        *following->outcome = TRIVET_PINS_CHANGED;
        record->pins = following->set;
        record->pins.mode = mode;
    }
}

/* Also when nothing can be written: not asked again by this process today. */
static void
note_asked(struct trivet_context *context, int64_t now_us)
{
    struct trivet_state *state = trivet_context_state(context);

    if (state == NULL) {
        return;
    }

    (void) pthread_mutex_lock(&state->mutex);
    state->record.pins_asked_us = now_us;
    (void) pthread_mutex_unlock(&state->mutex);
}

/* out is NOT_ANNOUNCED already. */
static enum trivet_status
follow_record(struct trivet_context *context,
    const struct trivet_record *record, enum trivet_pins_outcome *out,
    struct trivet_error *err)
{
    struct following following = {
        .now_us = trivet_clock_now_us(), .outcome = out};
    enum trivet_status status;

    if (record->environment != TRIVET_ENVIRONMENT_URL) {
        return TRIVET_OK;
    }
    if (record->installation_token.len == 0 || record->server_key[0] == '\0') {
        return trivet_error_set(err, TRIVET_E_NO_SESSION, "pins.follow",
            "there is no installation yet: log in first (trivet login)");
    }

    status = ask(context, record, &following, err);
    note_asked(context, following.now_us);
    if (status != TRIVET_OK) {
        struct following nothing = {.now_us = following.now_us, .outcome = out};

        (void) !trivet_context_change(context, take_over, &nothing, NULL);
        return status;
    }

    return trivet_context_change(context, take_over, &following, err);
}

enum trivet_status
trivet_context_follow_pins(struct trivet_context *context,
    enum trivet_pins_outcome *out, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    enum trivet_status status;

    *out = TRIVET_PINS_NOT_ANNOUNCED;
    if (record == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "pins.follow", "out of memory");
    }

    status = trivet_context_load(context, record, err);
    if (status == TRIVET_OK && trivet_settings_keep_pins(context->settings)) {
        status = trivet_error_set(err, TRIVET_E_USAGE, "pins.follow",
            "pins are given in the options, and those are kept");
    }
    if (status == TRIVET_OK && record->pins.num_pins == 0) {
        status = trivet_error_set(err, TRIVET_E_USAGE, "pins.follow",
            "the context has no pins (trivet pins learn)");
    }
    if (status == TRIVET_OK) {
        status = follow_record(context, record, out, err);
    }

    trivet_record_free(record);
    return status;
}

/* ---- by itself --------------------------------------------------------- */

static bool
is_due(struct trivet_context *context, bool always)
{
    struct trivet_state *state = trivet_context_state(context);
    const struct trivet_record *record;
    int64_t age_us;
    bool is_due;

    if (state == NULL || trivet_settings_keep_pins(context->settings)) {
        return false;
    }

    record = &state->record;
    (void) pthread_mutex_lock(&state->mutex);
    age_us = trivet_clock_now_us() - record->pins_asked_us;
    is_due = record->environment == TRIVET_ENVIRONMENT_URL
             && record->pins.num_pins > 0 && record->server_key[0] != '\0'
             && (always || age_us < 0 || age_us >= ask_every_us);
    (void) pthread_mutex_unlock(&state->mutex);

    return is_due;
}

void
trivet_announcement_follow(struct trivet_context *context, bool always)
{
    struct trivet_error err = {.status = TRIVET_OK, .where = "pins.follow"};
    enum trivet_pins_outcome outcome;
    enum trivet_status status;

    if (!is_due(context, always)) {
        return;
    }

    status = trivet_context_follow_pins(context, &outcome, &err);
    if (status == TRIVET_E_UNTRUSTED || status == TRIVET_E_MALFORMED) {
        trivet_tell(context->settings, TRIVET_EVENT_WARNING, 0,
            "the pins stay as they are: %s", err.detail);
    }
}

bool
trivet_announcement_reread(struct trivet_context *context)
{
    struct trivet_state *state = trivet_context_state(context);
    struct trivet_pin_set before;
    bool is_other;

    if (state == NULL) {
        return false;
    }

    (void) pthread_mutex_lock(&state->mutex);
    before = state->record.pins;
    (void) pthread_mutex_unlock(&state->mutex);

    if (trivet_context_reload(context, NULL) != TRIVET_OK) {
        return false;
    }

    (void) pthread_mutex_lock(&state->mutex);
    is_other = !is_same_set(&before, &state->record.pins);
    (void) pthread_mutex_unlock(&state->mutex);

    return is_other;
}
