/* SPDX-License-Identifier: Apache-2.0 */
/* test_requests.c - tokens, bodies, and in which order a request is checked */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#define AUTHENTICATION "Insufficient authentication."
#define CREDENTIALS                                                            \
    "User credentials are incorrect. Incorrect API key or IP address."
#define SIGNATURE "The request signature is invalid."

static const char unknown_token[] =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static int64_t
count(const char *table)
{
    return operate("SELECT COUNT(*) FROM %s", table);
}

static int64_t
count_all(void)
{
    return count("users") + count("installation") + count("installation_token")
           + count("api_key") + count("permitted_ip") + count("device")
           + count("session");
}

/* ---- tokens ------------------------------------------------------------- */

static void
a_token_that_opens_nothing_is_refused_unsigned(void **state)
{
    static const char *const tokens[] = {
        "", " ", "x", unknown_token, "' OR 1=1 --", "0"};
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    sent.request.num_tokens = 0;
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_MISSING, 401, AUTHENTICATION, NOT_SIGNED);

    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        make_protected(&sent, &ann);
        set_token(&sent, tokens[i]);
        assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, AUTHENTICATION,
            NOT_SIGNED);
    }

    make_device(&sent, &ann, NULL, HOME);
    sent.request.num_tokens = 0;
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_MISSING, 401, AUTHENTICATION, NOT_SIGNED);
    set_token(&sent, unknown_token);
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, AUTHENTICATION, NOT_SIGNED);
}

/* The true token, but not byte for byte. */
static void
a_token_is_taken_as_it_was_given(void **state)
{
    struct sent sent;
    char token[MAX_WORLD_TEXT];

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    (void) snprintf(token, sizeof token, "%s ", ann.session_token);
    set_token(&sent, token);
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
    sent.request.token.len = 63;
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
    sent.request.token.len = 64;
    assert_admitted(&sent);
    set_token(&sent, ann.api_key); /* no key is a token */
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);

    memcpy(token, ann.session_token, sizeof ann.session_token);
    token[strcspn(token, "abcdef")] ^= 0x20; /* an upper-case digit */
    set_token(&sent, token);
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
}

static void
two_token_headers_are_refused_whatever_they_say(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    sent.request.num_tokens = 2;
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_DUPLICATE, 401, AUTHENTICATION, NOT_SIGNED);
    make_session(&sent, &ann, HOME);
    sent.request.num_tokens = 3;
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_DUPLICATE, 401, AUTHENTICATION, NOT_SIGNED);
}

static void
a_token_of_the_wrong_kind_is_refused_both_ways(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    set_token(&sent, ann.installation_token);
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_WRONG_KIND, 403, AUTHENTICATION, 0);
    make_request(&sent, "GET", "/v1/user", ann.installation_token, &ann, "");
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_WRONG_KIND, 403, AUTHENTICATION, 0);

    make_device(&sent, &ann, NULL, HOME);
    set_token(&sent, ann.session_token);
    assert_refused(&sent, TRIVET_REASON_SESSION_ALREADY, 400,
        "Authentication token already has a user session.", 0);
    make_session(&sent, &ann, HOME);
    set_token(&sent, ann.session_token);
    assert_refused(&sent, TRIVET_REASON_SESSION_ALREADY, 400,
        "Authentication token already has a user session.", 0);
    assert_int_equal(count("session"), 1);
    assert_int_equal(count("device"), 1);
}

static void
calls_without_a_token_look_at_none(void **state)
{
    struct sent sent;
    char body[MAX_WORLD_BODY];

    (void) state;

    make_installation_body(&ann, body);
    make_request(&sent, "POST", "/v1/installation", unknown_token, &bob, body);
    assert_admitted(&sent);
    sent.request.num_tokens = 2;
    sent.request.signature_header = TRIVET_SIGNATURE_HEADER_SEVERAL;
    assert_admitted(&sent);
    make_request(
        &sent, "POST", "/v1/sandbox-user-person", unknown_token, &bob, "");
    set_signature(&sent, "no base64");
    assert_admitted(&sent);
}

/* ---- the order of the questions ----------------------------------------- */

static void
a_session_is_asked_token_address_signature_body(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_request(
        &sent, "GET", "/v1/user/4711", unknown_token, NULL, "not signed");
    set_address(&sent, ABROAD);
    set_signature(&sent, "no base64");
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
    set_token(&sent, ann.session_token);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, AUTHENTICATION, 0);
    set_address(&sent, HOME);
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_MALFORMED, 400, SIGNATURE, 0);
    sign_as(&sent, &bob);
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_as(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
    sent.request.path_ids[0] = ann.user_id;
    assert_admitted(&sent);
}

static void
a_device_is_asked_token_signature_body_address_key(void **state)
{
    struct sent sent;

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    make_request(
        &sent, "POST", "/v1/device-server", unknown_token, &bob, "no JSON");
    set_address(&sent, ABROAD);
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
    set_token(&sent, ann.installation_token);
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_as(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_JSON_INVALID, 400, "Invalid JSON.", 0);
    set_body(&sent, "{\"description\":\"x\",\"secret\":\"unknown\"}");
    sign_as(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_INSTALLATION_IP, 400, CREDENTIALS, 0);
    set_address(&sent, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_UNKNOWN, 400, CREDENTIALS, 0);
}

/* ---- bodies ------------------------------------------------------------- */

struct bad_body {
    const char *body;
    enum trivet_reason reason;
    const char *text;
};

static void
assert_bodies_are_refused(const char *path, const char *token,
    const struct bad_body *bodies, size_t num_bodies)
{
    int64_t before = count_all();
    struct sent sent;

    for (size_t i = 0; i < num_bodies; i++) {
        make_request(&sent, "POST", path, token, token == NULL ? NULL : &ann,
            bodies[i].body);
        assert_refused(&sent, bodies[i].reason, 400, bodies[i].text,
            token == NULL ? NOT_SIGNED : 0);
    }
    assert_int_equal(count_all(), before);
}

#define BODIES(bodies) bodies, sizeof(bodies) / sizeof((bodies)[0])

static void
a_bad_installation_is_refused_unsigned(void **state)
{
    static const struct bad_body bodies[] = {
        {"", TRIVET_REASON_FIELD_MISSING,
            "Missing required field \"client_public_key\"."},
        {"{}", TRIVET_REASON_FIELD_MISSING,
            "Missing required field \"client_public_key\"."},
        {"{\"client_public_key\":null}", TRIVET_REASON_FIELD_MISSING,
            "Missing required field \"client_public_key\"."},
        {"{\"client_public_key\":7}", TRIVET_REASON_FIELD_INVALID,
            "Invalid value for field \"client_public_key\"."},
        {"[]", TRIVET_REASON_JSON_INVALID, "Invalid JSON."},
        {"{", TRIVET_REASON_JSON_INVALID, "Invalid JSON."},
        {"{\"client_public_key\":\"x\"}", TRIVET_REASON_PUBLIC_KEY_INVALID,
            "Client public key is invalid."},
    };

    (void) state;

    assert_bodies_are_refused("/v1/installation", NULL, BODIES(bodies));
    assert_int_equal(count("installation"), 0);
}

static void
bad_devices_and_sessions_are_refused_signed(void **state)
{
    static const struct bad_body devices[] = {
        {"", TRIVET_REASON_FIELD_MISSING,
            "Missing required field \"description\"."},
        {"{\"secret\":\"x\"}", TRIVET_REASON_FIELD_MISSING,
            "Missing required field \"description\"."},
        {"{\"description\":\"x\"}", TRIVET_REASON_FIELD_MISSING,
            "Missing required field \"secret\"."},
        {"{\"description\":\"x\",\"secret\":[]}", TRIVET_REASON_FIELD_INVALID,
            "Invalid value for field \"secret\"."},
        {"{\"description\":\"x\",\"secret\":\"x\",\"permitted_ips\":[\"x\"]}",
            TRIVET_REASON_PERMITTED_IP_INVALID,
            "Invalid value for field \"permitted_ips\"."},
        {"{\"description\":\"x\",\"secret\":\"x\"}", TRIVET_REASON_KEY_UNKNOWN,
            CREDENTIALS},
        {"null", TRIVET_REASON_JSON_INVALID, "Invalid JSON."},
    };
    static const struct bad_body sessions[] = {
        {"", TRIVET_REASON_FIELD_MISSING, "Missing required field \"secret\"."},
        {"{\"secret\":\"\"}", TRIVET_REASON_FIELD_MISSING,
            "Missing required field \"secret\"."},
        {"{\"secret\":true}", TRIVET_REASON_FIELD_INVALID,
            "Invalid value for field \"secret\"."},
        {"{\"secret\":\"x\"}", TRIVET_REASON_KEY_UNKNOWN, CREDENTIALS},
        {"{\"secret\":\"' OR 1=1 --\"}", TRIVET_REASON_KEY_UNKNOWN,
            CREDENTIALS},
        {"\xff", TRIVET_REASON_JSON_INVALID, "Invalid JSON."},
    };

    (void) state;

    log_in(&ann);
    assert_bodies_are_refused(
        "/v1/device-server", ann.installation_token, BODIES(devices));
    assert_bodies_are_refused(
        "/v1/session-server", ann.installation_token, BODIES(sessions));
}

static void
a_sandbox_user_takes_no_body_that_is_no_object(void **state)
{
    static const struct bad_body bodies[] = {
        {"x", TRIVET_REASON_JSON_INVALID, "Invalid JSON."},
        {"[]", TRIVET_REASON_JSON_INVALID, "Invalid JSON."},
    };

    (void) state;

    assert_bodies_are_refused("/v1/sandbox-user-person", NULL, BODIES(bodies));
    assert_bodies_are_refused("/v1/sandbox-user-company", NULL, BODIES(bodies));
    assert_int_equal(count("users"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_token_that_opens_nothing_is_refused_unsigned),
        WORLD_TEST(a_token_is_taken_as_it_was_given),
        WORLD_TEST(two_token_headers_are_refused_whatever_they_say),
        WORLD_TEST(a_token_of_the_wrong_kind_is_refused_both_ways),
        WORLD_TEST(calls_without_a_token_look_at_none),
        WORLD_TEST(a_session_is_asked_token_address_signature_body),
        WORLD_TEST(a_device_is_asked_token_signature_body_address_key),
        WORLD_TEST(a_bad_installation_is_refused_unsigned),
        WORLD_TEST(bad_devices_and_sessions_are_refused_signed),
        WORLD_TEST(a_sandbox_user_takes_no_body_that_is_no_object),
    };

    return cmocka_run_group_tests_name(
        "requests", tests, world_begin, world_end);
}
