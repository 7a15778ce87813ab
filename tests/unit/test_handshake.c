/* SPDX-License-Identifier: Apache-2.0 */
/* test_handshake.c - the three steps, and what they answer */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

static int64_t
count(const char *table)
{
    return operate("SELECT COUNT(*) FROM %s", table);
}

static void
assert_hex(const char *text, size_t len)
{
    assert_int_equal(strlen(text), len);
    assert_int_equal(strspn(text, "0123456789abcdef"), len);
}

static void
a_sandbox_user_is_made_with_a_key(void **state)
{
    struct client other;

    (void) state;

    get_api_key(&ann);
    get_api_key(&other);
    assert_int_equal(strlen(ann.api_key), 64);
    assert_memory_equal(ann.api_key, "sandbox_", 8);
    assert_hex(ann.api_key + 8, 56);
    assert_string_not_equal(ann.api_key, other.api_key);
    assert_int_equal(count("users"), 2);
    assert_int_equal(operate("SELECT expires_us FROM api_key"),
        START_US + KEY_LIFETIME_S * TRIVET_US_PER_S);
    assert_int_equal(operate("SELECT auto_logout_s FROM users"), TIMEOUT_S);
}

static void
a_sandbox_company_gets_a_company_session(void **state)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;
    const char *key;

    (void) state;

    make_request(&sent, "POST", "/v1/sandbox-user-company", NULL, NULL, "{}");
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root, "{s:[{s:{s:s}}]}", "Response", "ApiKey",
                         "api_key", &key),
        0);
    copy_token(ann.api_key, key);
    json_decref(root);
    trivet_answer_release(&answer);

    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
    make_session(&sent, &ann, HOME);
    answer = ask_admitted(&sent);
    assert_non_null(strstr(answer.body.data, "{\"UserCompany\":{\"id\":"));
    trivet_answer_release(&answer);
}

static void
an_installation_answers_id_token_and_server_key(void **state)
{
    struct sent sent;
    struct trivet_answer answer;
    char body[MAX_WORLD_BODY];
    json_t *root;
    json_int_t id;
    json_int_t token_id;
    const char *created;
    const char *updated;
    const char *token;
    const char *pem;

    (void) state;

    make_installation_body(&ann, body);
    make_request(&sent, "POST", "/v1/installation", NULL, NULL, body);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root,
                         "{s:[{s:{s:I!}!}, {s:{s:I, s:s, s:s, s:s!}!},"
                         " {s:{s:s!}!}!]!}",
                         "Response", "Id", "id", &id, "Token", "id", &token_id,
                         "created", &created, "updated", &updated, "token",
                         &token, "ServerPublicKey", "server_public_key", &pem),
        0);
    assert_int_not_equal(id, token_id);
    assert_string_equal(created, START_TEXT);
    assert_string_equal(updated, START_TEXT);
    assert_hex(token, 64);
    assert_true(is_signed_with(&sent, &answer, pem));
    assert_int_equal(answer.identity.installation_id, id);
    assert_string_equal(pem + strlen(pem) - 26, "\n-----END PUBLIC KEY-----\n");
    json_decref(root);
    trivet_answer_release(&answer);
}

static void
the_whole_handshake(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    log_in(&bob);
    assert_hex(ann.installation_token, 64);
    assert_hex(ann.session_token, 64);
    assert_string_not_equal(ann.session_token, bob.session_token);
    assert_string_not_equal(ann.installation_token, bob.installation_token);
    assert_string_not_equal(ann.session_token, ann.installation_token);
    assert_string_equal(ann.server_pem, world.server_keys[0].public_pem);

    make_protected(&sent, &bob);
    answer = ask_admitted(&sent);
    assert_int_equal(answer.identity.user_id, bob.user_id);
    assert_int_equal(answer.identity.device_id, bob.device_id);
    assert_int_equal(answer.identity.session_id, bob.session_id);
    assert_int_equal(answer.identity.installation_id, bob.installation_id);
    assert_int_equal(answer.identity.api_key_id,
        operate(
            "SELECT api_key_id FROM device WHERE id = %lld", bob.device_id));
    assert_int_equal(answer.server_key, 0);
    assert_int_not_equal(bob.user_id, ann.user_id);
    trivet_answer_release(&answer);
}

static void
a_session_answers_id_token_and_user(void **state)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;
    json_int_t id;
    json_int_t token_id;
    json_int_t timeout;
    const char *created;
    const char *updated;
    const char *token;
    const char *status;

    (void) state;

    log_in(&ann);
    make_session(&sent, &ann, HOME);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(
        json_unpack(root,
            "{s:[{s:{s:I!}!}, {s:{s:I, s:s, s:s, s:s!}!},"
            " {s:{s:I, s:s}!}!]!}",
            "Response", "Id", "id", &id, "Token", "id", &token_id, "created",
            &created, "updated", &updated, "token", &token, "UserPerson",
            "session_timeout", &timeout, "status", &status),
        0);
    assert_int_equal(id, token_id);
    assert_string_equal(created, START_TEXT);
    assert_string_equal(updated, START_TEXT);
    assert_hex(token, 64);
    assert_int_equal(timeout, TIMEOUT_S);
    assert_string_equal(status, "ACTIVE");
    assert_int_equal(answer.identity.session_id, id);
    assert_int_equal(answer.identity.device_id, ann.device_id);
    json_decref(root);
    trivet_answer_release(&answer);
}

static void
a_user_sees_itself_and_nobody_else(void **state)
{
    struct sent sent;
    struct trivet_answer answer;
    char wanted[64];

    (void) state;

    log_in(&ann);
    log_in(&bob);
    (void) snprintf(wanted, sizeof wanted,
        "{\"Response\":[{\"UserPerson\":{\"id\":%lld,", ann.user_id);

    make_request(&sent, "GET", "/v1/user", ann.session_token, &ann, "");
    answer = ask_admitted(&sent);
    assert_memory_equal(answer.body.data, wanted, strlen(wanted));
    assert_non_null(strstr(answer.body.data, "\"Pagination\":"));
    trivet_answer_release(&answer);

    make_request(&sent, "GET", "/v1/user/0", ann.session_token, &ann, "");
    sent.request.path_ids[0] = ann.user_id;
    answer = ask_admitted(&sent);
    assert_memory_equal(answer.body.data, wanted, strlen(wanted));
    trivet_answer_release(&answer);

    sent.request.path_ids[0] = bob.user_id;
    (void) snprintf(
        wanted, sizeof wanted, "User for id \"%lld\" not found.", bob.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, wanted, 0);
    sent.request.path_ids[0] = 0;
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404,
        "User for id \"0\" not found.", 0);
    sent.request.path_ids[0] = INT64_MAX;
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404,
        "User for id \"9223372036854775807\" not found.", 0);
}

static void
a_session_is_ended_by_its_owner_alone(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    log_in(&bob);
    make_request(&sent, "DELETE", "/v1/session/0", bob.session_token, &bob, "");
    sent.request.path_ids[0] = ann.session_id;
    assert_refused(&sent, TRIVET_REASON_SESSION_NOT_FOUND, 404, NULL, 0);
    sent.request.path_ids[0] = 4711;
    assert_refused(&sent, TRIVET_REASON_SESSION_NOT_FOUND, 404,
        "Session for id \"4711\" not found.", 0);
    assert_works_from(&ann, HOME);
    assert_works_from(&bob, HOME);
}

/* A HEAD's body is not sent: what the client sees of it is nothing. */
static void
the_answer_to_a_head_is_signed_over_nothing(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    make_request(&sent, "HEAD", "/v1/user", ann.session_token, &ann, "");
    assert_true(sent.request.is_head);
    answer = ask_admitted(&sent);
    assert_true(answer.body.len > 0);
    sent.request.is_head = false;
    assert_false(is_signed_with(&sent, &answer, ann.server_pem));
    trivet_answer_release(&answer);

    make_request(&sent, "HEAD", "/v1/user/4711", ann.session_token, &ann, "");
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_sandbox_user_is_made_with_a_key),
        WORLD_TEST(a_sandbox_company_gets_a_company_session),
        WORLD_TEST(an_installation_answers_id_token_and_server_key),
        WORLD_TEST(the_whole_handshake),
        WORLD_TEST(a_session_answers_id_token_and_user),
        WORLD_TEST(a_user_sees_itself_and_nobody_else),
        WORLD_TEST(a_session_is_ended_by_its_owner_alone),
        WORLD_TEST(the_answer_to_a_head_is_signed_over_nothing),
    };

    return cmocka_run_group_tests_name(
        "handshake", tests, world_begin, world_end);
}
