/* SPDX-License-Identifier: Apache-2.0 */
/* test_clock.c - the machine's clock goes back: what had ended stays ended */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include "store/noun/clock.h"
#include "store/store.h"

#define AUTHORISATION "Insufficient authorisation."
#define CREDENTIALS                                                            \
    "User credentials are incorrect. Incorrect API key or IP address."
#define S TRIVET_US_PER_S

enum { HOUR_S = 3600, DAY_S = 86400 };

static int64_t sandbox_offset_us;

static int64_t
sandbox_offset(void)
{
    return sandbox_offset_us;
}

static void
assert_expired(const struct client *client)
{
    struct sent sent;

    make_protected(&sent, client);
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 401, AUTHORISATION, 0);
}

static void
assert_works(const struct client *client)
{
    assert_works_from(client, HOME);
}

static int64_t
latest(void)
{
    return operate("SELECT latest_us FROM clock");
}

/* As the chore does. */
static void
do_chore(void)
{
    trivet_authority_note_time(world.authority, TRIVET_SEEN_LATELY_US);
}

/* The operator's command; how far the time went back. */
static int64_t
accept(void)
{
    struct trivet_store *store;
    int64_t back_us;

    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_store_clock_accept(store, world.now_us,
                         sandbox_offset_us, &back_us, NULL),
        TRIVET_OK);
    trivet_store_close(store);
    return back_us;
}

/* ---- what ended stays ended --------------------------------------------- */

static void
a_refused_session_stays_refused(void **state)
{
    static const int64_t backs_us[] = {1, S, HOUR_S * S, (TIMEOUT_S - 1) * S,
        TIMEOUT_S * S, (int64_t) 3650 * DAY_S * S};
    int64_t end_us = START_US + TIMEOUT_S * S;

    (void) state;

    log_in(&ann);
    world.now_us = end_us - 1;
    assert_works(&ann);
    log_in(&ann);
    world.now_us = end_us - 1 + TIMEOUT_S * S;
    assert_expired(&ann);

    for (size_t i = 0; i < sizeof backs_us / sizeof backs_us[0]; i++) {
        world.now_us = end_us - 1 + TIMEOUT_S * S - backs_us[i];
        assert_expired(&ann);
        world_restart();
        assert_expired(&ann);
    }
}

static void
a_session_that_nobody_used_meanwhile_stays_ended(void **state)
{
    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S - HOUR_S);
    log_in(&bob);
    world_pass(HOUR_S + HOUR_S / 2);
    assert_works(&bob); /* the only call by then */
    do_chore();

    world.now_us = START_US + (TIMEOUT_S - 60) * S;
    world_restart();
    assert_expired(&ann);
    assert_works(&bob);
}

static void
an_idle_gateway_sees_the_time_too(void **state)
{
    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S + HOUR_S);
    do_chore();
    world.now_us = START_US;
    world_restart();
    assert_expired(&ann);
}

static void
a_call_that_writes_tells_the_store_the_time(void **state)
{
    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S);
    get_api_key(&bob);
    assert_int_equal(latest(), world.now_us);
    world.now_us = START_US;
    world_restart();
    assert_expired(&ann);
}

static void
an_api_key_that_expired_stays_expired(void **state)
{
    struct sent sent;

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    world_pass(KEY_LIFETIME_S);
    make_device(&sent, &ann, NULL, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);

    world.now_us--;
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);
    world_restart();
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);
    world.now_us = START_US;
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);
}

/* Another process on the same store: it learns from the store alone. */
static void
others_on_the_store_judge_alike(void **state)
{
    struct trivet_authority *first = world.authority;
    struct trivet_authority *other;

    (void) state;

    assert_int_equal(
        trivet_authority_new(&world.config, &other, NULL), TRIVET_OK);
    log_in(&ann);
    assert_works(&ann);
    world.authority = other;
    assert_works(&ann);

    world_pass(TIMEOUT_S);
    assert_expired(&ann);
    world.now_us = START_US;
    world.authority = first;
    assert_expired(&ann);

    trivet_authority_free(other);
}

/* What could not be written holds in the process at least, and is written
 * later. */
static void
a_store_that_cannot_be_written_changes_no_verdict(void **state)
{
    struct trivet_store *store;

    (void) state;
    sqlite_alone();

    log_in(&ann);
    world_pass(TIMEOUT_S);

    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    assert_expired(&ann);
    world.now_us = START_US;
    assert_expired(&ann);
    trivet_store_rollback(store);
    trivet_store_close(store);

    assert_int_not_equal(latest(), START_US + TIMEOUT_S * S);
    do_chore();
    assert_int_equal(latest(), START_US + TIMEOUT_S * S);
}

/* ---- and the other direction -------------------------------------------- */

static void
what_lives_goes_on_living(void **state)
{
    int64_t end_us = START_US + TIMEOUT_S * S;

    (void) state;

    log_in(&ann);
    world_pass(HOUR_S);
    do_chore();
    world.now_us = START_US - DAY_S * S;
    assert_works(&ann);
    world_restart();
    assert_works(&ann);

    /* Opened while the clock is behind: it begins at the latest time. */
    log_in(&bob);
    assert_int_equal(operate("SELECT anchored_us FROM session WHERE id = %lld",
                         bob.session_id),
        START_US + HOUR_S * S);
    assert_int_equal(
        operate("SELECT MAX(at_us) FROM audit"), START_US + HOUR_S * S);

    world.now_us = end_us - 1;
    assert_works(&bob);
    world.now_us = end_us + HOUR_S * S;
    assert_expired(&ann);
}

static void
the_store_is_written_rarely(void **state)
{
    int64_t noted_us;

    (void) state;

    log_in(&ann);
    world_pass(60);
    do_chore();
    noted_us = world.now_us;
    assert_int_equal(latest(), noted_us);

    world_pass(9);
    assert_works(&ann);
    do_chore();
    assert_int_equal(latest(), noted_us);
    world_pass(1);
    assert_works(&ann);
    assert_int_equal(latest(), noted_us);
    do_chore();
    assert_int_equal(latest(), world.now_us);
}

/* Once the store knows that it has ended, refusing it again writes nothing. */
static void
refusing_again_writes_nothing(void **state)
{
    int64_t noted_us;

    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S);
    assert_expired(&ann);
    noted_us = latest();
    assert_int_equal(noted_us, world.now_us);
    world_pass(5);
    assert_expired(&ann);
    assert_int_equal(latest(), noted_us);
}

/* ---- a clock that was wrongly ahead ------------------------------------- */

static void
an_operator_accepts_the_earlier_time(void **state)
{
    int64_t wrong_us = START_US + (int64_t) 3650 * DAY_S * S;

    (void) state;

    log_in(&ann);
    world.now_us = wrong_us;
    assert_expired(&ann);
    log_in(&bob);
    assert_works(&bob);

    world.now_us = START_US + 60 * S;
    assert_expired(&ann);
    assert_int_equal(accept(), wrong_us - world.now_us);
    assert_works(&ann);
    assert_works(&bob);
    world_restart();
    assert_works(&ann);

    /* Bob's session does not live for ten years more. */
    world.now_us = START_US + (60 + TIMEOUT_S) * S;
    assert_expired(&bob);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE event = 'clock-accepted'"
                " AND actor = 'operator' AND detail = '%lld s back'",
            (long long) ((wrong_us - START_US) / S - 60)),
        1);
}

static void
keys_of_a_wrong_time_expire_soon_enough(void **state)
{
    struct sent sent;

    (void) state;

    world.now_us = START_US + (int64_t) 3650 * DAY_S * S;
    get_api_key(&ann);
    world.now_us = START_US;
    (void) accept();
    install_from(&ann, HOME);
    make_device(&sent, &ann, NULL, HOME);
    world_pass(KEY_LIFETIME_S);
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);
}

static void
there_may_be_nothing_to_accept(void **state)
{
    (void) state;

    log_in(&ann);
    assert_int_equal(accept(), 0);
    world_pass(60);
    assert_int_equal(accept(), 0);
    assert_int_equal(operate("SELECT epoch FROM clock"), 0);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE event = 'clock-accepted'"),
        0);
}

/* A time that was taken before the acceptance must not come back with it. */
static void
what_was_seen_before_the_acceptance_is_forgotten(void **state)
{
    struct trivet_store *store;
    int64_t wrong_us = START_US + DAY_S * S;

    (void) state;

    log_in(&ann);
    world.now_us = wrong_us;
    assert_works(&ann);
    do_chore();
    world.now_us = START_US;
    (void) accept();

    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_clock_note(store, 0, wrong_us, NULL), TRIVET_OK);
    trivet_store_close(store);

    assert_int_equal(latest(), START_US);
    assert_works(&ann);
    do_chore();
    assert_int_equal(latest(), START_US);
}

/* ---- the sandbox's own clock -------------------------------------------- */

static void
the_sandbox_clock_may_be_put_back(void **state)
{
    (void) state;

    sandbox_offset_us = 0;
    world.config.offset_us = sandbox_offset;
    world_restart();
    log_in(&ann);
    sandbox_offset_us = 8 * DAY_S * S;
    assert_expired(&ann);
    do_chore();
    assert_in_range(latest(), 0, START_US);
    sandbox_offset_us = 0;
    assert_works(&ann);

    /* but the machine's may not, there either */
    sandbox_offset_us = (TIMEOUT_S - HOUR_S) * S;
    world_pass(HOUR_S);
    assert_expired(&ann);
    world_pass(-HOUR_S);
    assert_expired(&ann);
    world_restart();
    assert_expired(&ann);
    sandbox_offset_us = 0;
}

/* ---- behind, in numbers ------------------------------------------------- */

static void
how_far_behind_is_told(void **state)
{
    struct trivet_seen seen;
    int64_t num;

    (void) state;

    assert_int_equal(trivet_seen_init(&seen), TRIVET_OK);
    world.config.seen = &seen;
    world_restart();
    log_in(&ann);
    assert_int_equal(trivet_seen_behind_us(&seen, world.now_us), 0);
    assert_int_equal(trivet_seen_behind_us(&seen, world.now_us + 1), 0);
    world_pass(HOUR_S);
    do_chore();
    world_pass(-60);
    assert_int_equal(trivet_seen_behind_us(&seen, world.now_us), 60 * S);

    /* Counting sessions finds out, without any other request. */
    world_pass(-HOUR_S);
    world.config.seen = NULL;
    world_restart();
    world.config.seen = &seen;
    world_restart();
    assert_int_equal(
        trivet_authority_count_sessions(world.authority, &num, NULL),
        TRIVET_OK);
    assert_int_equal(num, 1);
    assert_int_equal(
        trivet_seen_behind_us(&seen, world.now_us), (HOUR_S + 60) * S);
    (void) accept();
    assert_int_equal(
        trivet_authority_count_sessions(world.authority, &num, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_seen_behind_us(&seen, world.now_us), 0);

    world.config.seen = NULL;
    world_restart();
    trivet_seen_destroy(&seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_refused_session_stays_refused),
        WORLD_TEST(a_session_that_nobody_used_meanwhile_stays_ended),
        WORLD_TEST(an_idle_gateway_sees_the_time_too),
        WORLD_TEST(a_call_that_writes_tells_the_store_the_time),
        WORLD_TEST(an_api_key_that_expired_stays_expired),
        WORLD_TEST(others_on_the_store_judge_alike),
        WORLD_TEST(a_store_that_cannot_be_written_changes_no_verdict),
        WORLD_TEST(what_lives_goes_on_living),
        WORLD_TEST(the_store_is_written_rarely),
        WORLD_TEST(refusing_again_writes_nothing),
        WORLD_TEST(an_operator_accepts_the_earlier_time),
        WORLD_TEST(keys_of_a_wrong_time_expire_soon_enough),
        WORLD_TEST(there_may_be_nothing_to_accept),
        WORLD_TEST(what_was_seen_before_the_acceptance_is_forgotten),
        WORLD_TEST(the_sandbox_clock_may_be_put_back),
        WORLD_TEST(how_far_behind_is_told),
    };

    return cmocka_run_group_tests(tests, world_begin, world_end);
}
