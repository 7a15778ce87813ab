/* SPDX-License-Identifier: Apache-2.0 */
/* test_lifetime.c - how long sessions and API keys live, to the microsecond */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/user.h"
#include "store/store.h"
#include "tests/unit/world.h"


#define AUTHORISATION  "Insufficient authorisation."
#define AUTHENTICATION "Insufficient authentication."
#define CREDENTIALS                                                            \
    "User credentials are incorrect. Incorrect API key or IP address."

enum { WINDOW_S = 1800 };

/* The session's life in the database. */
static int64_t
anchor_of(const struct client *client)
{
    return operate(
        "SELECT anchored_us FROM session WHERE id = %lld", client->session_id);
}

static void
set_auto_logout(const struct client *client, int64_t seconds)
{
    struct trivet_store *store;

    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_store_user_set_auto_logout(
                         store, client->user_id, seconds, world.now_us, NULL),
        TRIVET_OK);
    trivet_store_close(store);
}

static void
revoke_key_of(const struct client *client)
{
    (void) operate("UPDATE api_key SET revoked_us = 1 WHERE user_id = %lld",
        client->user_id);
}

static void
assert_works(const struct client *client)
{
    assert_works_from(client, HOME);
}

static void
assert_expired(const struct client *client)
{
    struct sent sent;

    make_protected(&sent, client);
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 401, AUTHORISATION, 0);
}

/* Whether a request now moves the anchor to now. */
static void
assert_extends(const struct client *client, bool extends)
{
    int64_t before = anchor_of(client);
    struct sent sent;
    struct trivet_answer answer;

    make_protected(&sent, client);
    answer = ask_admitted(&sent);
    assert_int_equal(answer.verdict.extends_session, extends);
    assert_int_equal(anchor_of(client), extends ? world.now_us : before);
    trivet_answer_release(&answer);
}

/* ---- the end ------------------------------------------------------------ */

/* As long as the window is, a request at its last moment extends it: so the end
 * is looked at in sessions of its own. */
static void
a_session_works_in_its_last_microsecond(void **state)
{
    (void) state;

    log_in(&ann);
    assert_int_equal(anchor_of(&ann), START_US);
    world.now_us = START_US + TIMEOUT_S * TRIVET_US_PER_S - 1;
    assert_works(&ann);
}

static void
a_session_is_dead_at_its_end(void **state)
{
    (void) state;

    log_in(&ann);
    world.now_us = START_US + TIMEOUT_S * TRIVET_US_PER_S;
    assert_expired(&ann);
    assert_int_equal(anchor_of(&ann), START_US);
    world.now_us++;
    assert_expired(&ann);
    world_pass(1000000000);
    assert_expired(&ann);

    /* and its owner opens another */
    open_session_from(&ann, HOME);
    assert_works(&ann);
}

static void
an_expired_session_says_so_in_dutch(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S);
    make_protected(&sent, &ann);
    sent.request.language = trivet_slice_text("nl_NL");
    answer = ask(&sent);
    assert_int_equal(answer.verdict.reason, TRIVET_REASON_SESSION_EXPIRED);
    assert_non_null(strstr(answer.body.data, AUTHORISATION));
    assert_non_null(strstr(answer.body.data, "Onvoldoende autorisatie."));
    assert_signed(&sent, &answer, 0);
    trivet_answer_release(&answer);
}

/* ---- extension ---------------------------------------------------------- */

static void
a_request_before_the_window_extends_nothing(void **state)
{
    (void) state;

    log_in(&ann);
    assert_extends(&ann, false);
    world.now_us = START_US + (TIMEOUT_S - WINDOW_S - 1) * TRIVET_US_PER_S;
    assert_extends(&ann, false);
    world.now_us = START_US + (TIMEOUT_S - WINDOW_S) * TRIVET_US_PER_S - 1;
    assert_extends(&ann, false);
}

static void
a_request_in_the_window_extends_by_the_whole_time(void **state)
{
    (void) state;

    log_in(&ann);
    world.now_us = START_US + (TIMEOUT_S - WINDOW_S) * TRIVET_US_PER_S;
    assert_extends(&ann, true);
    assert_extends(&ann, false);

    /* not a microsecond more than its time */
    world_pass(TIMEOUT_S);
    world.now_us--;
    assert_extends(&ann, true);
    world_pass(TIMEOUT_S);
    assert_expired(&ann);
}

static void
the_last_microsecond_extends(void **state)
{
    (void) state;

    log_in(&ann);
    world.now_us = START_US + TIMEOUT_S * TRIVET_US_PER_S - 1;
    assert_extends(&ann, true);
    world_pass(TIMEOUT_S - WINDOW_S - 1);
    assert_extends(&ann, false);
}

static void
own_calls_extend_as_well(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S - 60);
    make_request(&sent, "GET", "/v1/user", ann.session_token, &ann, "");
    assert_admitted(&sent);
    assert_int_equal(anchor_of(&ann), world.now_us);
}

static void
an_extension_is_that_of_one_session(void **state)
{
    struct client first;

    (void) state;

    log_in(&ann);
    first = ann;
    world_pass(60);
    open_session_from(&ann, HOME);
    world.now_us = START_US + (TIMEOUT_S - 100) * TRIVET_US_PER_S;
    assert_extends(&ann, true);
    assert_int_equal(anchor_of(&first), START_US);
    world_pass(100);
    assert_expired(&first);
    assert_works(&ann);
}

static void
what_is_refused_extends_nothing(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    log_in(&bob);
    world_pass(TIMEOUT_S - 60);

    make_protected(&sent, &ann);
    sign_as(&sent, &bob);
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, NULL, 0);
    make_protected(&sent, &ann);
    sent.request.signature_header = TRIVET_SIGNATURE_HEADER_NONE;
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_MISSING, 466, NULL, 0);
    make_protected(&sent, &ann);
    set_address(&sent, ABROAD);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, NULL, 0);
    make_request(
        &sent, "POST", "/v1/device-server", ann.session_token, &ann, "{}");
    assert_refused(&sent, TRIVET_REASON_SESSION_ALREADY, 400, NULL, 0);

    assert_int_equal(anchor_of(&ann), START_US);
    world_pass(60);
    assert_expired(&ann);
}

/* A timeout shorter than the window: every request extends, but not for a
 * step of a sixtieth. */
static void
a_short_timeout_slides(void **state)
{
    (void) state;

    world.config.session_timeout_s = 600;
    log_in(&ann);
    for (int i = 0; i < 20; i++) {
        world_pass(599);
        assert_extends(&ann, true);
    }
    world.now_us = anchor_of(&ann) + 600 * TRIVET_US_PER_S - 1;
    assert_extends(&ann, true);
    world_pass(600);
    assert_expired(&ann);
}

static void
a_small_step_is_not_written(void **state)
{
    (void) state;

    world.config.session_timeout_s = 600;
    log_in(&ann);
    world_pass(10);
    assert_extends(&ann, false);
    world.now_us++;
    assert_extends(&ann, true);
    world.now_us++;
    assert_extends(&ann, false);
}

static void
a_session_of_one_second_lives_one_second(void **state)
{
    (void) state;

    world.config.session_timeout_s = 1;
    log_in(&ann);
    world.now_us += TRIVET_US_PER_S - 1;
    assert_extends(&ann, true);
    world.now_us += TRIVET_US_PER_S;
    assert_expired(&ann);
}

static void
a_clock_that_goes_back_moves_nothing_back(void **state)
{
    (void) state;

    world.config.session_timeout_s = 600;
    log_in(&ann);
    world_pass(-3600);
    assert_extends(&ann, false);
    assert_int_equal(anchor_of(&ann), START_US);
    world_pass(3600 + 600);
    assert_expired(&ann);
}

static void
the_current_profile_extends_unsigned_requests(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S - 60);
    make_protected(&sent, &ann);
    set_profile(&sent, "current");
    sent.request.signature_header = TRIVET_SIGNATURE_HEADER_NONE;
    assert_admitted(&sent);
    assert_int_equal(anchor_of(&ann), world.now_us);
}

/* ---- a changed auto-logout time ----------------------------------------- */

static void
a_shorter_time_holds_at_once_for_all_sessions(void **state)
{
    struct client first;

    (void) state;

    log_in(&bob);
    log_in(&ann);
    first = ann;
    world_pass(10);
    open_session_from(&ann, HOME);

    world.now_us = START_US + 4000 * TRIVET_US_PER_S;
    assert_works(&first);
    set_auto_logout(&ann, 4001);
    world.now_us = START_US + 4001 * TRIVET_US_PER_S;
    assert_expired(&first);
    world.now_us = START_US + 4011 * TRIVET_US_PER_S;
    assert_expired(&ann);

    /* somebody else's stay as they were */
    assert_works(&bob);
}

static void
a_longer_time_holds_at_once_for_all_sessions(void **state)
{
    struct client first;

    (void) state;

    world.config.session_timeout_s = 4000;
    log_in(&bob);
    log_in(&ann);
    first = ann;
    open_session_from(&ann, HOME);
    set_auto_logout(&ann, 8000);

    world_pass(4000);
    assert_works(&first);
    assert_works(&ann);
    assert_expired(&bob);
    world_pass(4000 - WINDOW_S - 1);
    assert_extends(&ann, false);
    world_pass(WINDOW_S + 1);
    assert_expired(&first);
    assert_expired(&ann);
}

static void
a_new_session_tells_the_changed_time(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    set_auto_logout(&ann, 1234);
    make_session(&sent, &ann, HOME);
    answer = ask_admitted(&sent);
    assert_non_null(strstr(answer.body.data, "\"session_timeout\":1234,"));
    trivet_answer_release(&answer);
    make_request(&sent, "GET", "/v1/user", ann.session_token, &ann, "");
    answer = ask_admitted(&sent);
    assert_non_null(strstr(answer.body.data, "\"session_timeout\":1234,"));
    trivet_answer_release(&answer);
}

/* ---- API keys ----------------------------------------------------------- */

static void
a_key_may_be_bound_in_its_last_microsecond(void **state)
{
    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    world_pass(KEY_LIFETIME_S);
    world.now_us--;
    register_from(&ann, NULL, HOME);
    open_session_from(&ann, HOME);
}

static void
a_key_that_was_not_bound_in_time_is_dead(void **state)
{
    struct sent sent;

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    world_pass(KEY_LIFETIME_S);
    make_device(&sent, &ann, NULL, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);
    make_session(&sent, &ann, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);
    assert_int_equal(operate("SELECT COUNT(*) FROM device"), 0);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM api_key WHERE bound_us > 0"), 0);
}

static void
the_key_lifetime_is_the_configured_one(void **state)
{
    struct sent sent;

    (void) state;

    world.config.key_lifetime_s = 14400;
    get_api_key(&ann);
    install_from(&ann, HOME);
    get_api_key(&bob);
    install_from(&bob, HOME);
    world_pass(14400);
    world.now_us--;
    register_from(&bob, NULL, HOME);
    world.now_us++;
    make_device(&sent, &ann, NULL, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_EXPIRED, 400, CREDENTIALS, 0);
}

static void
a_bound_key_lives_on(void **state)
{
    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
    world_pass(10 * 365 * 24 * 3600);
    open_session_from(&ann, HOME);
    assert_works(&ann);

    /* with another device, and another installation */
    register_from(&ann, NULL, HOME);
    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
    open_session_from(&ann, HOME);
    assert_works(&ann);
}

/* ---- what ends a session early ------------------------------------------ */

static void
a_revoked_key_ends_its_sessions(void **state)
{
    struct client first;
    struct sent sent;

    (void) state;

    log_in(&bob);
    log_in(&ann);
    first = ann;
    open_session_from(&ann, HOME);
    revoke_key_of(&ann);

    make_protected(&sent, &first);
    assert_refused(
        &sent, TRIVET_REASON_SESSION_KEY_REVOKED, 401, AUTHENTICATION, 0);
    make_protected(&sent, &ann);
    assert_refused(
        &sent, TRIVET_REASON_SESSION_KEY_REVOKED, 401, AUTHENTICATION, 0);
    make_session(&sent, &ann, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_REVOKED, 400, CREDENTIALS, 0);
    make_device(&sent, &ann, NULL, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_REVOKED, 400, CREDENTIALS, 0);
    assert_works(&bob);
}

static void
a_revoked_key_is_told_before_an_expired_one(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&bob);
    get_api_key(&ann);
    install_from(&ann, HOME);
    (void) operate("UPDATE api_key SET revoked_us = 1 WHERE bound_us IS NULL");
    world_pass(KEY_LIFETIME_S);
    make_device(&sent, &ann, NULL, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_REVOKED, 400, CREDENTIALS, 0);
}

static void
a_session_that_logged_out_is_dead_alone(void **state)
{
    struct client first;
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    first = ann;
    open_session_from(&ann, HOME);

    make_request(
        &sent, "DELETE", "/v1/session/0", first.session_token, &ann, "");
    answer = ask_admitted(&sent);
    assert_string_equal(answer.body.data, "{\"Response\":[]}");
    trivet_answer_release(&answer);

    assert_refused(&sent, TRIVET_REASON_SESSION_ENDED, 401, AUTHENTICATION, 0);
    make_protected(&sent, &first);
    assert_refused(&sent, TRIVET_REASON_SESSION_ENDED, 401, AUTHENTICATION, 0);
    assert_works(&ann);

    /* by its own id; and in its last moments it is not extended any more */
    world_pass(TIMEOUT_S - 60);
    make_request(&sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
    sent.request.path_ids[0] = ann.session_id;
    assert_admitted(&sent);
    make_protected(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_SESSION_ENDED, 401, AUTHENTICATION, 0);

    /* the installation lives on */
    open_session_from(&ann, HOME);
    assert_works(&ann);
}

/* Each question is asked only when those before it are answered. */
static void
a_dead_session_is_told_by_the_first_cause(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S);
    make_protected(&sent, &ann);
    set_address(&sent, ABROAD);
    set_signature(&sent, "no base64");
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 401, NULL, 0);
    revoke_key_of(&ann);
    assert_refused(&sent, TRIVET_REASON_SESSION_KEY_REVOKED, 401, NULL, 0);
    (void) operate("UPDATE session SET ended_us = 1");
    assert_refused(&sent, TRIVET_REASON_SESSION_ENDED, 401, NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_session_works_in_its_last_microsecond),
        WORLD_TEST(a_session_is_dead_at_its_end),
        WORLD_TEST(an_expired_session_says_so_in_dutch),
        WORLD_TEST(a_request_before_the_window_extends_nothing),
        WORLD_TEST(a_request_in_the_window_extends_by_the_whole_time),
        WORLD_TEST(the_last_microsecond_extends),
        WORLD_TEST(own_calls_extend_as_well),
        WORLD_TEST(an_extension_is_that_of_one_session),
        WORLD_TEST(what_is_refused_extends_nothing),
        WORLD_TEST(a_short_timeout_slides),
        WORLD_TEST(a_small_step_is_not_written),
        WORLD_TEST(a_session_of_one_second_lives_one_second),
        WORLD_TEST(a_clock_that_goes_back_moves_nothing_back),
        WORLD_TEST(the_current_profile_extends_unsigned_requests),
        WORLD_TEST(a_shorter_time_holds_at_once_for_all_sessions),
        WORLD_TEST(a_longer_time_holds_at_once_for_all_sessions),
        WORLD_TEST(a_new_session_tells_the_changed_time),
        WORLD_TEST(a_key_may_be_bound_in_its_last_microsecond),
        WORLD_TEST(a_key_that_was_not_bound_in_time_is_dead),
        WORLD_TEST(the_key_lifetime_is_the_configured_one),
        WORLD_TEST(a_bound_key_lives_on),
        WORLD_TEST(a_revoked_key_ends_its_sessions),
        WORLD_TEST(a_revoked_key_is_told_before_an_expired_one),
        WORLD_TEST(a_session_that_logged_out_is_dead_alone),
        WORLD_TEST(a_dead_session_is_told_by_the_first_cause),
    };

    return cmocka_run_group_tests_name(
        "lifetime", tests, world_begin, world_end);
}
