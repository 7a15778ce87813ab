/* SPDX-License-Identifier: Apache-2.0 */
/* test_server_keys.c - each installation keeps its server key */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#define AUTHENTICATION "Insufficient authentication."

static int64_t
count(const char *table)
{
    return operate("SELECT COUNT(*) FROM %s", table);
}

static void
installations_keep_the_server_key_they_were_given(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);

    /* the new key comes first, the old one goes on serving */
    world.configured[0] = world.server_keys[1];
    world.configured[1] = world.server_keys[0];
    world.config.num_server_keys = 2;
    world_restart();
    log_in(&bob);
    assert_string_equal(bob.server_pem, world.server_keys[1].public_pem);

    make_request(&sent, "GET", "/v1/user", ann.session_token, &ann, "");
    answer = ask_admitted(&sent);
    assert_int_equal(answer.server_key, 1);
    assert_true(is_signed_with(&sent, &answer, ann.server_pem));
    trivet_answer_release(&answer);
    make_request(&sent, "GET", "/v1/user", bob.session_token, &bob, "");
    answer = ask_admitted(&sent);
    assert_int_equal(answer.server_key, 0);
    assert_true(is_signed_with(&sent, &answer, bob.server_pem));
    trivet_answer_release(&answer);

    /* of refusals too, and for what the API behind will answer */
    make_session(&sent, &ann, ABROAD);
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_IP, 400, NULL, 1);
    make_protected(&sent, &ann);
    answer = ask_admitted(&sent);
    assert_int_equal(answer.server_key, 1);
    trivet_answer_release(&answer);
}

static void
without_its_server_key_an_installation_is_not_served(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    world.configured[0] = world.server_keys[1];
    world_restart();
    log_in(&bob);

    make_protected(&sent, &ann);
    assert_refused(
        &sent, TRIVET_REASON_SERVER_KEY_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    make_session(&sent, &ann, HOME);
    assert_refused(
        &sent, TRIVET_REASON_SERVER_KEY_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(count("session"), 2);
    assert_works_from(&bob, HOME);

    world.configured[0] = world.server_keys[0];
    world_restart();
    assert_works_from(&ann, HOME);
}

static bool is_rotated;

static bool
tell_rotated(void)
{
    return is_rotated;
}

/* Which of the configured keys answers, and signs. */
static int
key_of_answer(const struct client *client)
{
    struct sent sent;
    struct trivet_answer answer;
    int place;

    make_request(&sent, "GET", "/v1/user", client->session_token, client, "");
    answer = ask_admitted(&sent);
    place = answer.server_key;
    assert_true(
        is_signed_with(&sent, &answer, world.configured[place].public_pem));
    trivet_answer_release(&answer);

    return place;
}

static void
while_the_incident_is_on_another_key_answers_all(void **state)
{
    struct sent sent;

    (void) state;

    world.configured[1] = world.server_keys[1];
    world.config.is_server_key_rotated = tell_rotated;
    is_rotated = false;
    world_restart();
    log_in(&ann);
    assert_int_equal(key_of_answer(&ann), 0);
    assert_int_equal(count("server_key"), 1);

    is_rotated = true;
    assert_int_equal(key_of_answer(&ann), 1);
    log_in(&bob);
    assert_string_equal(bob.server_pem, world.server_keys[1].public_pem);
    assert_int_equal(key_of_answer(&bob), 1);

    /* what was given meanwhile stays, in any process */
    is_rotated = false;
    assert_int_equal(key_of_answer(&ann), 0);
    assert_int_equal(key_of_answer(&bob), 1);
    world_restart();
    assert_int_equal(key_of_answer(&bob), 1);

    /* without the key its installations are not served */
    world.config.is_server_key_rotated = NULL;
    world_restart();
    make_session(&sent, &bob, HOME);
    assert_refused(
        &sent, TRIVET_REASON_SERVER_KEY_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(key_of_answer(&ann), 0);
}

static void
installations_of_a_retired_server_key_are_refused(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    world.configured[0] = world.server_keys[1];
    world.configured[1] = world.server_keys[0];
    world.config.num_server_keys = 2;
    world_restart();
    log_in(&bob);
    (void) operate("UPDATE server_key SET retired_us = 1 WHERE id ="
                   " (SELECT server_key_id FROM installation WHERE id = %lld)",
        (long long) ann.installation_id);

    /* at once, and also when the key is not configured any more */
    for (int i = 0; i < 2; i++) {
        make_protected(&sent, &ann);
        assert_refused(&sent, TRIVET_REASON_SERVER_KEY_RETIRED, 401,
            AUTHENTICATION, NOT_SIGNED);
        make_session(&sent, &ann, HOME);
        assert_refused(&sent, TRIVET_REASON_SERVER_KEY_RETIRED, 401,
            AUTHENTICATION, NOT_SIGNED);
        make_device(&sent, &ann, NULL, HOME);
        assert_refused(&sent, TRIVET_REASON_SERVER_KEY_RETIRED, 401,
            AUTHENTICATION, NOT_SIGNED);
        assert_works_from(&bob, HOME);
        world.config.num_server_keys = 1;
        world_restart();
    }

    /* who begins anew is given another key */
    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
    open_session_from(&ann, HOME);
    assert_works_from(&ann, HOME);
}

static void
a_retired_server_key_is_given_to_nobody(void **state)
{
    struct sent sent;
    char body[MAX_WORLD_BODY];

    (void) state;

    install_from(&ann, HOME);
    (void) operate("UPDATE server_key SET retired_us = 1");
    make_installation_body(&bob, body);
    make_request(&sent, "POST", "/v1/installation", NULL, NULL, body);
    assert_refused(
        &sent, TRIVET_REASON_SERVER_KEY_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(count("installation"), 1);
}

static void
a_server_key_out_of_reach_refuses_its_installations_alone(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    world.configured[0] = world.server_keys[1];
    world.configured[1] = world.server_keys[0];
    world.configured[1].key = NULL;
    world.config.num_server_keys = 2;
    world_restart();
    log_in(&bob);

    make_protected(&sent, &ann);
    assert_refused(
        &sent, TRIVET_REASON_SERVER_KEY_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_works_from(&bob, HOME);
    world.configured[1].key = world.server_keys[0].key;
    world_restart();
    assert_works_from(&ann, HOME);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(installations_keep_the_server_key_they_were_given),
        WORLD_TEST(without_its_server_key_an_installation_is_not_served),
        WORLD_TEST(while_the_incident_is_on_another_key_answers_all),
        WORLD_TEST(installations_of_a_retired_server_key_are_refused),
        WORLD_TEST(a_retired_server_key_is_given_to_nobody),
        WORLD_TEST(a_server_key_out_of_reach_refuses_its_installations_alone),
    };

    return cmocka_run_group_tests_name(
        "server keys", tests, world_begin, world_end);
}
