/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cached_admission.c - who is admitted without a look at the store, by
 * what a gateway's workers remember
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include "base/ticks.h"

enum { CACHE_SIZE = 1 << 18, MAX_AGE_MS = 60000 };

static struct trivet_known_keys known_keys;

static struct trivet_list_reading
reading_now(void)
{
    return (struct trivet_list_reading){.begun_ms = trivet_ticks_ms()};
}

static void
publish(const struct trivet_list_reading *reading)
{
    trivet_session_cache_publish(world.config.session_cache,
        trivet_session_cache_tag(world.config.store_url), reading);
}

static int
set_up(void **state)
{
    void *memory = aligned_alloc(64, CACHE_SIZE);

    (void) world_set_up(state);
    assert_non_null(memory);
    memset(memory, 0, CACHE_SIZE);
    memset(&known_keys, 0, sizeof known_keys);
    world.config.session_cache = trivet_session_cache_init(memory, CACHE_SIZE);
    world.config.max_age_ms = MAX_AGE_MS;
    world.config.known_keys = &known_keys;
    world_restart();
    return 0;
}

static int
tear_down(void **state)
{
    free(world.config.session_cache);
    return world_tear_down(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* On the event loop: without the store. */
static bool
is_admitted_here(const struct sent *sent)
{
    struct trivet_answer early;
    struct trivet_answer answer;
    bool was_admitted =
        trivet_authority_admit(world.passing, &sent->request, &early);

    if (was_admitted) {
        trivet_authority_answer(world.authority, &sent->request, &answer);
        assert_int_equal(answer.verdict.admission, TRIVET_ALLOW);
        assert_memory_equal(
            &early.identity, &answer.identity, sizeof early.identity);
        assert_int_equal(early.server_key, answer.server_key);
        trivet_answer_release(&answer);
    }

    return was_admitted;
}

static enum trivet_reason
answer_of(const struct sent *sent)
{
    struct trivet_answer answer;
    enum trivet_reason reason;

    trivet_authority_answer(world.authority, &sent->request, &answer);
    reason = answer.verdict.reason;
    trivet_answer_release(&answer);
    return reason;
}

/* Ann's session is remembered, and the list was just read. */
static void
make_known(struct sent *sent)
{
    struct trivet_list_reading reading = reading_now();

    get_api_key(&ann);
    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
    open_session_from(&ann, HOME);
    make_protected(sent, &ann);
    assert_int_equal(answer_of(sent), TRIVET_REASON_NONE);
    publish(&reading);
}

static void
who_was_admitted_is_admitted_again(void **state)
{
    struct sent sent;

    (void) state;

    make_known(&sent);
    assert_true(is_admitted_here(&sent));

    /* Whatever becomes of the store. */
    assert_int_equal(operate("SELECT COUNT(*) FROM session"), 1);
    (void) operate("UPDATE session SET ended_us = 1");
    {
        struct trivet_answer early;

        assert_true(
            trivet_authority_admit(world.passing, &sent.request, &early));
    }
}

static void
nobody_is_admitted_before_the_list_was_read(void **state)
{
    struct sent sent;
    struct trivet_list_reading reading = reading_now();

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
    open_session_from(&ann, HOME);
    make_protected(&sent, &ann);
    assert_int_equal(answer_of(&sent), TRIVET_REASON_NONE);
    assert_false(is_admitted_here(&sent));

    /* too long ago; and as long as is allowed, nearly */
    reading.begun_ms -= MAX_AGE_MS;
    publish(&reading);
    assert_false(is_admitted_here(&sent));
    reading.begun_ms += MAX_AGE_MS / 2;
    publish(&reading);
    assert_true(is_admitted_here(&sent));
}

static void
what_was_dropped_is_asked_for(void **state)
{
    struct sent sent;

    (void) state;

    make_known(&sent);
    trivet_session_cache_drop(world.config.session_cache, TRIVET_CHANGE_SESSION,
        (int64_t) ann.session_id);
    assert_false(is_admitted_here(&sent));
    assert_int_equal(answer_of(&sent), TRIVET_REASON_NONE);
    assert_true(is_admitted_here(&sent));
}

static void
what_this_gateway_changes_is_dropped_at_once(void **state)
{
    struct sent sent;
    struct sent logout;
    struct trivet_answer early;

    (void) state;

    make_known(&sent);
    make_request(
        &logout, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
    assert_int_equal(answer_of(&logout), TRIVET_REASON_NONE);
    assert_false(trivet_authority_admit(world.passing, &sent.request, &early));
    assert_int_equal(answer_of(&sent), TRIVET_REASON_SESSION_ENDED);
}

static void
others_go_to_the_store(void **state)
{
    struct sent sent;

    (void) state;

    make_known(&sent);

    set_address(&sent, ABROAD);
    assert_false(is_admitted_here(&sent));
    set_address(&sent, HOME);
    assert_true(is_admitted_here(&sent));

    set_signature(&sent, "AAAA");
    assert_false(is_admitted_here(&sent));
    make_request(
        &sent, "POST", "/v1/payment", ann.installation_token, &ann, "");
    assert_false(is_admitted_here(&sent));
    make_request(&sent, "POST", "/v1/payment", "unknown", &ann, "");
    assert_false(is_admitted_here(&sent));
    make_request(&sent, "GET", "/v1/user", ann.session_token, &ann, "");
    assert_false(is_admitted_here(&sent)); /* it answers itself */
}

static void
near_its_end_and_behind_it_a_session_is_asked_for(void **state)
{
    struct sent sent;

    (void) state;

    make_known(&sent);
    world_pass(TIMEOUT_S - 3600);
    assert_true(is_admitted_here(&sent));
    world_pass(3000); /* it is extended */
    assert_false(is_admitted_here(&sent));
    assert_int_equal(answer_of(&sent), TRIVET_REASON_NONE);
    world_pass(TIMEOUT_S / 2); /* by what was read behind the extension */
    assert_int_equal(answer_of(&sent), TRIVET_REASON_NONE);
    assert_true(is_admitted_here(&sent));
    world_pass(TIMEOUT_S);
    assert_false(is_admitted_here(&sent));
    assert_int_equal(answer_of(&sent), TRIVET_REASON_SESSION_EXPIRED);
}

static void
time_is_the_databases_within_bounds(void **state)
{
    struct sent sent;
    struct trivet_list_reading reading;

    (void) state;

    make_known(&sent);
    world.config.follows_store_clock = true;

    for (int64_t sign = -1; sign <= 1; sign += 2) {
        reading = reading_now();
        reading.begun_ms += sign + 1;
        reading.distance_us = sign * TRIVET_MAX_CLOCK_DISTANCE_US;
        publish(&reading);
        assert_true(trivet_authority_admit(world.passing, &sent.request,
            &(struct trivet_answer){.status = 0}));

        reading.begun_ms++;
        reading.distance_us += sign * 1000;
        publish(&reading);
        assert_false(trivet_authority_admit(world.passing, &sent.request,
            &(struct trivet_answer){.status = 0}));

        /* It may be the way there that took so long. */
        reading.begun_ms++;
        reading.doubt_us = 1000;
        publish(&reading);
        assert_true(trivet_authority_admit(world.passing, &sent.request,
            &(struct trivet_answer){.status = 0}));
        world_pass(60);
    }

    /* By the database's clock it has ended, by the machine's not yet. */
    world.now_us = START_US + TIMEOUT_S * TRIVET_US_PER_S - 1000000;
    reading.begun_ms++;
    reading.distance_us = 1000001;
    publish(&reading);
    assert_false(trivet_authority_admit(
        world.passing, &sent.request, &(struct trivet_answer){.status = 0}));
}

static void
the_latest_time_of_the_store_counts(void **state)
{
    struct sent sent;
    struct trivet_list_reading reading;

    (void) state;

    make_known(&sent);
    reading = reading_now();
    reading.begun_ms++;
    reading.latest_us = START_US + TIMEOUT_S * TRIVET_US_PER_S;
    publish(&reading);
    assert_false(is_admitted_here(&sent));

    reading.begun_ms++; /* an operator: that time was wrong */
    reading.epoch = 1;
    reading.latest_us = START_US;
    publish(&reading);
    assert_true(trivet_authority_admit(
        world.passing, &sent.request, &(struct trivet_answer){.status = 0}));
}

static void
nobody_is_admitted_before_server_keys_are_known(void **state)
{
    struct sent sent;

    (void) state;

    make_known(&sent);
    atomic_store(&known_keys.is_known, false);
    assert_false(is_admitted_here(&sent));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_was_admitted_is_admitted_again),
        TEST(nobody_is_admitted_before_the_list_was_read),
        TEST(what_was_dropped_is_asked_for),
        TEST(what_this_gateway_changes_is_dropped_at_once),
        TEST(others_go_to_the_store),
        TEST(near_its_end_and_behind_it_a_session_is_asked_for),
        TEST(time_is_the_databases_within_bounds),
        TEST(the_latest_time_of_the_store_counts),
        TEST(nobody_is_admitted_before_server_keys_are_known),
    };

    return cmocka_run_group_tests(tests, world_begin, world_end);
}
