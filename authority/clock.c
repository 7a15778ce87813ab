/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - the time that a case is decided by, and telling the store of it
 *
 * The store's clock is read before the machine's: a time that was taken before
 * an operator accepted an earlier one is then of an epoch that is over.
 */
#include "authority/clock.h"
#include "store/store.h"

/* A refusal waits so long for others that write, and is answered anyway. */
enum { PATIENCE_MS = 100 };

/* A transaction that is there anyway keeps the time when it is so old. */
#define KEEP_EVERY_US INT64_C(1000000)

struct trivet_distance
trivet_distance_measure(
    int64_t before_us, int64_t database_us, int64_t after_us)
{
    int64_t half_us = (after_us - before_us) / 2;

    return (struct trivet_distance){
        .us = database_us - before_us - half_us,
        .doubt_us = half_us < 0 ? -half_us : half_us,
    };
}

enum trivet_status
trivet_authority_check_distance(
    int64_t distance_us, int64_t doubt_us, struct trivet_error *err)
{
    const int64_t off_us = distance_us < 0 ? -distance_us : distance_us;
    const char *where = distance_us < 0 ? "ahead of" : "behind";

    if (off_us - doubt_us <= TRIVET_MAX_CLOCK_DISTANCE_US) {
        return TRIVET_OK;
    }

    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "authority.clock",
        "this machine's clock is %lld ms %s the database's: nothing is "
        "admitted until it is within %lld ms",
        (long long) (off_us / 1000), where,
        (long long) (TRIVET_MAX_CLOCK_DISTANCE_US / 1000));
}

static enum trivet_status
read_stored(struct trivet_authority *authority, struct trivet_error *err)
{
    const struct trivet_authority_config *config = authority->config;
    int64_t before_us = trivet_authority_true_us(config);
    struct trivet_distance distance = {.us = 0};

    TRIVET_TRY(
        trivet_store_clock_get(authority->store, &authority->stored, err));

    if (config->follows_store_clock) {
        distance = trivet_distance_measure(before_us,
            authority->stored.database_us, trivet_authority_true_us(config));
        TRIVET_TRY(trivet_authority_check_distance(
            distance.us, distance.doubt_us, err));
    }

    authority->distance_us = distance.us;
    trivet_seen_learn(authority->seen, &authority->stored);
    return TRIVET_OK;
}

/* The sandbox's clock goes where its owner wants: only the machine's counts as
 * seen. */
static int64_t
take_later(struct trivet_authority *authority)
{
    const struct trivet_authority_config *config = authority->config;

    authority->clock_us = trivet_seen_decide(authority->seen,
        &authority->stored, config->now_us() + authority->distance_us);
    authority->offset_us = config->offset_us == NULL ? 0 : config->offset_us();

    return authority->clock_us + authority->offset_us;
}

int64_t
trivet_authority_true_us(const struct trivet_authority_config *config)
{
    return config->true_us == NULL ? config->now_us() : config->true_us();
}

enum trivet_status
trivet_authority_take_time(struct trivet_authority *authority,
    int64_t *out_now_us, struct trivet_error *err)
{
    TRIVET_TRY(read_stored(authority, err));

    *out_now_us = take_later(authority);
    return TRIVET_OK;
}

enum trivet_status
trivet_authority_take_time_of(struct trivet_authority *authority,
    int64_t version, int64_t *out_now_us, struct trivet_error *err)
{
    if (!authority->has_stored || authority->stored_version != version) {
        TRIVET_TRY(read_stored(authority, err));
        authority->has_stored = true;
        authority->stored_version = version;
    }

    *out_now_us = take_later(authority);
    return TRIVET_OK;
}

enum trivet_status
trivet_authority_take_time_by(struct trivet_authority *authority,
    const struct trivet_list_reading *reading, int64_t *out_now_us,
    struct trivet_error *err)
{
    const struct trivet_store_clock stored = {
        .epoch = reading->epoch, .latest_us = reading->latest_us};

    authority->distance_us = 0;
    if (authority->config->follows_store_clock) {
        TRIVET_TRY(trivet_authority_check_distance(
            reading->distance_us, reading->doubt_us, err));
        authority->distance_us = reading->distance_us;
    }

    /* Once: pool threads may have learned of a later one since. */
    if (stored.epoch != authority->stored.epoch
        || stored.latest_us != authority->stored.latest_us)
    {
        authority->stored = stored;
        trivet_seen_learn(authority->seen, &stored);
    }

    *out_now_us = take_later(authority);
    return TRIVET_OK;
}

enum trivet_status
trivet_case_keep_time(struct trivet_case *c)
{
    struct trivet_authority *authority = c->authority;

    if (!trivet_seen_is_due(authority->seen, KEEP_EVERY_US)) {
        return TRIVET_OK;
    }

    return trivet_store_clock_note(
        c->store, authority->stored.epoch, authority->clock_us, c->err);
}

/* In a transaction of its own. What fails is tried again later. */
void
trivet_authority_write_time(struct trivet_authority *authority)
{
    int64_t at_us = authority->clock_us;
    int64_t epoch = authority->stored.epoch;
    enum trivet_status status;

    trivet_store_set_patience(authority->store, PATIENCE_MS);
    status = trivet_store_clock_note(authority->store, epoch, at_us, NULL);
    trivet_store_set_patience(authority->store, 0);

    if (status == TRIVET_OK) {
        trivet_seen_noted(authority->seen, epoch, at_us);
    }
}

/* When what the case was refused for ended; INT64_MAX: for another reason. */
static int64_t
ended_at_us(const struct trivet_case *c)
{
    enum trivet_reason reason = c->answer->verdict.reason;

    if (reason == TRIVET_REASON_SESSION_EXPIRED) {
        return trivet_expiry_end_us(&c->session.expiry);
    }
    if (reason == TRIVET_REASON_KEY_EXPIRED) {
        return c->key_expires_us;
    }

    /* A certificate that is not valid yet: no harm. */
    return reason == TRIVET_REASON_PSP_VALIDITY ? c->now_us : INT64_MAX;
}

void
trivet_case_note_end(struct trivet_case *c)
{
    struct trivet_authority *authority = c->authority;
    int64_t at_us = ended_at_us(c);

    if (at_us != INT64_MAX
        && authority->stored.latest_us < at_us - authority->offset_us)
    {
        trivet_authority_write_time(authority);
    }
}
