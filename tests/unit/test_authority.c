/* SPDX-License-Identifier: Apache-2.0 */
/* test_authority.c - a request in, an answer out: the way, and each refusal */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include <time.h>

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

/* ---- the handshake ------------------------------------------------------ */

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
    sent.request.num_signatures = 2;
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

/* ---- signatures, profile by profile ------------------------------------- */

enum signing { RIGHT, ABSENT, EMPTY, OF_ANOTHER, OF_NOTHING, NO_BASE64, TWICE };

static void
sign_in_a_way(struct sent *sent, enum signing signing)
{
    sign_as(sent, signing == OF_ANOTHER ? &bob : &ann);
    if (signing == ABSENT) {
        sent->request.num_signatures = 0;
        sent->request.signature = trivet_slice_make(NULL, 0);
    } else if (signing == EMPTY) {
        set_signature(sent, "");
    } else if (signing == OF_NOTHING) {
        set_signature(sent, "AAAA");
    } else if (signing == NO_BASE64) {
        sent->signature[sent->request.signature.len++] = '\n';
    } else if (signing == TWICE) {
        sent->request.num_signatures = 2;
    }
}

static void
assert_needs_signature(struct sent *sent)
{
    struct trivet_answer answer;

    sign_in_a_way(sent, ABSENT);
    answer = ask(sent);
    assert_denies(&answer);
    assert_int_equal(answer.verdict.reason, TRIVET_REASON_SIGNATURE_MISSING);
    assert_int_equal(answer.status, 466);
    assert_signed(sent, &answer, 0);
    assert_non_null(strstr(answer.body.data,
        "\"error_description\":\"For this operation a request signature is "
        "required. Check the urls for more information.\""));
    assert_non_null(strstr(answer.body.data,
        "\"error_additional_parameter\":[{\"url_together_post\":"
        "\"https:\\/\\/together.bunq.com\\/d\\/15399\"}]"));
    trivet_answer_release(&answer);

    sign_in_a_way(sent, EMPTY);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_MISSING, 466, NULL, 0);
    sign_in_a_way(sent, OF_ANOTHER);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_in_a_way(sent, OF_NOTHING);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_in_a_way(sent, NO_BASE64);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_MALFORMED, 400, SIGNATURE, 0);
    sign_in_a_way(sent, TWICE);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_MALFORMED, 400, SIGNATURE, 0);

    sign_in_a_way(sent, RIGHT);
    assert_admitted(sent);
}

static void
assert_needs_no_signature(struct sent *sent)
{
    for (enum signing signing = RIGHT; signing <= TWICE; signing++) {
        sign_in_a_way(sent, signing);
        assert_admitted(sent);
    }
}

/* The calls that the strict profile wants signed, one after another. A logout
 * with the id of another session is refused as often as one likes: it comes
 * last, in a test of its own. */
static void
make_signed_call(struct sent *sent, int number)
{
    switch (number) {
    case 0:
        make_device(sent, &ann, NULL, HOME);
        return;
    case 1:
        make_request(sent, "GET", "/v1/user", ann.session_token, &ann, "");
        return;
    case 2:
        make_request(sent, "GET", "/v1/user/0", ann.session_token, &ann, "");
        sent->request.path_ids[0] = ann.user_id;
        return;
    case 3:
        make_request(sent, "HEAD", "/v1/user", ann.session_token, &ann, "");
        return;
    default:
        make_protected(sent, &ann);
        return;
    }
}

enum { NUM_SIGNED_CALLS = 5 };

static void
strict_wants_every_call_signed(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (int i = 0; i < NUM_SIGNED_CALLS; i++) {
        make_signed_call(&sent, i);
        if (!sent.request.is_head) {
            assert_needs_signature(&sent);
        }
        sign_in_a_way(&sent, ABSENT);
        assert_refused(&sent, TRIVET_REASON_SIGNATURE_MISSING, 466, NULL, 0);
    }
}

static void
current_judges_no_signature_where_none_is_needed(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (int i = 0; i < NUM_SIGNED_CALLS; i++) {
        make_signed_call(&sent, i);
        set_profile(&sent, "current");
        assert_needs_no_signature(&sent);
    }
}

static void
a_session_is_never_opened_unsigned(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_session(&sent, &ann, HOME);
    assert_needs_signature(&sent);
    assert_int_equal(count("session"), 2);
    set_profile(&sent, "current");
    assert_needs_signature(&sent);
    assert_int_equal(count("session"), 3);
}

static void
what_the_operator_wants_signed_is_judged_in_every_profile(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    set_profile(&sent, "current");
    sent.request.rule.signature = TRIVET_SIGNED_ALWAYS;
    assert_needs_signature(&sent);
}

static void
a_logout_is_signed_in_the_strict_profile_only(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_request(&sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
    assert_needs_signature(&sent);

    for (enum signing signing = RIGHT; signing <= TWICE; signing++) {
        open_session_from(&ann, HOME);
        make_request(
            &sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
        set_profile(&sent, "current");
        sign_in_a_way(&sent, signing);
        assert_admitted(&sent);
    }
}

/* Each client signs with its own key, and answers for its own token. */
static void
another_installations_signature_fits_nothing(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    log_in(&bob);
    make_protected(&sent, &ann);
    set_token(&sent, bob.session_token);
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_as(&sent, &bob);
    assert_admitted(&sent);

    /* the same key, registered by another installation, signs for that one */
    make_session(&sent, &ann, HOME);
    set_token(&sent, bob.installation_token);
    sign_as(&sent, &bob);
    assert_refused(
        &sent, TRIVET_REASON_KEY_NOT_REGISTERED, 400, CREDENTIALS, 0);
}

/* ---- one bit ------------------------------------------------------------ */

/* Flips each bit of what the request points to in turn: none may pass. */
static void
assert_no_bit_may_flip(
    const struct sent *sent, unsigned char *bytes, size_t len)
{
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct trivet_answer answer;

        bytes[bit / 8] = (unsigned char) (bytes[bit / 8] ^ 1U << bit % 8);
        answer = ask(sent);
        if (answer.verdict.admission != TRIVET_DENY) {
            fail_msg("bit %zu may flip", bit);
        }
        assert_denies(&answer);
        trivet_answer_release(&answer);
        bytes[bit / 8] = (unsigned char) (bytes[bit / 8] ^ 1U << bit % 8);
    }
    assert_admitted(sent);
}

static void
no_bit_of_an_admitted_request_may_flip(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    assert_admitted(&sent);
    assert_no_bit_may_flip(&sent, sent.request.body_digest, TRIVET_DIGEST_LEN);
    assert_no_bit_may_flip(
        &sent, (unsigned char *) sent.signature, TRIVET_SIGNATURE_TEXT_LEN);
    assert_no_bit_may_flip(
        &sent, (unsigned char *) sent.token, TRIVET_TOKEN_LEN);
    assert_no_bit_may_flip(
        &sent, sent.request.address.bytes, TRIVET_ADDRESS_LEN);
}

/* ---- the server's keys -------------------------------------------------- */

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

/* ---- a store that fails ------------------------------------------------- */

static void
assert_store_is_down(const struct client *client)
{
    struct sent sent;
    struct trivet_answer answer;

    make_protected(&sent, client);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    answer = ask(&sent);
    assert_int_not_equal(answer.error.status, TRIVET_OK);
    assert_true(answer.error.detail[0] != '\0');
    trivet_answer_release(&answer);
    make_request(&sent, "GET", "/v1/user", client->session_token, client, "");
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    make_session(&sent, client, HOME);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    make_request(&sent, "POST", "/v1/sandbox-user-person", NULL, NULL, "");
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
}

/* Within that much time an exchanged store is noticed. */
enum { LOOK_US = 10000 };

static void
a_store_that_is_gone_refuses_until_it_is_back(void **state)
{
    char away[MAX_SCRATCH_PATH];

    (void) state;

    log_in(&ann);
    assert_works_from(&ann, HOME);
    scratch_name(&world.scratch, "away", away);
    assert_int_equal(rename(world.scratch.path, away), 0);
    world.now_us += LOOK_US;
    assert_store_is_down(&ann);
    assert_int_not_equal(access(world.scratch.path, F_OK), 0);
    assert_int_equal(rename(away, world.scratch.path), 0);
    assert_works_from(&ann, HOME);
    open_session_from(&ann, HOME);
}

/* What was acknowledged while the store was there is there when it is back:
 * also what SQLite still keeps in the file beside it. */
static void
a_store_exchanged_for_garbage_refuses_until_it_is_back(void **state)
{
    static const size_t lens[] = {0, 1, 15, 100, 512, 4096, 40960};
    unsigned char garbage[40960];
    char away[MAX_SCRATCH_PATH];

    (void) state;

    memset(garbage, 'x', sizeof garbage);
    scratch_name(&world.scratch, "away", away);
    log_in(&ann);

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        assert_int_equal(rename(world.scratch.path, away), 0);
        scratch_write(world.scratch.path, garbage, lens[i]);
        world.now_us += LOOK_US;
        assert_store_is_down(&ann);
        assert_int_equal(rename(away, world.scratch.path), 0);
        assert_works_from(&ann, HOME);
        open_session_from(&ann, HOME);
        assert_works_from(&ann, HOME);
    }
}

/* Changes of its own do not give the store another version. */
static void
one_that_answers_too_admits_nobody_who_logged_out(void **state)
{
    struct sent sent;
    struct sent logout;
    struct trivet_answer answer;
    char path[64];

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    (void) snprintf(
        path, sizeof path, "/v1/session/%lld", (long long) ann.session_id);
    make_request(&logout, "DELETE", path, ann.session_token, &ann, "");

    for (int i = 0; i < 2; i++) {
        assert_true(
            trivet_authority_admit(world.authority, &sent.request, &answer));
    }

    trivet_authority_answer(world.authority, &logout.request, &answer);
    assert_int_equal(answer.status, 200);
    trivet_answer_release(&answer);
    assert_false(
        trivet_authority_admit(world.authority, &sent.request, &answer));
}

static int64_t
milliseconds(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As by an operator who writes a copy to its place: only those may wait for it
 * whom a thread of their own serves. */
static void
a_store_that_cannot_be_opened_yet_does_not_stop_who_passes(void **state)
{
    struct sent sent;
    struct trivet_answer answer;
    char away[MAX_SCRATCH_PATH];
    char copy[MAX_SCRATCH_PATH];
    sqlite3 *other;
    int64_t begin_ms;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    assert_true(trivet_authority_admit(world.passing, &sent.request, &answer));

    scratch_name(&world.scratch, "away", away);
    scratch_name(&world.scratch, "copy", copy);
    assert_int_equal(sqlite3_open(copy, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other,
            "CREATE TABLE a (b); BEGIN EXCLUSIVE; INSERT INTO a VALUES (1)",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(rename(world.scratch.path, away), 0);
    assert_int_equal(rename(copy, world.scratch.path), 0);

    world.now_us += LOOK_US;
    begin_ms = milliseconds();
    for (int i = 0; i < 10; i++) {
        assert_false(
            trivet_authority_admit(world.passing, &sent.request, &answer));
    }
    assert_in_range(milliseconds() - begin_ms, 0, 1000);

    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(rename(away, world.scratch.path), 0);
    assert_true(trivet_authority_admit(world.passing, &sent.request, &answer));
    assert_works_from(&ann, HOME);
}

static void
an_authority_may_come_before_its_store(void **state)
{
    (void) state;

    log_in(&ann);
    world_restart();
    assert_int_equal(unlink(world.scratch.path), 0);
    assert_store_is_down(&ann);
    make_store();
    log_in(&ann);
    assert_works_from(&ann, HOME);
}

/* An empty store in its place: nobody is known any more. */
static void
another_store_in_its_place_knows_nobody(void **state)
{
    char away[MAX_SCRATCH_PATH];
    struct sent sent;

    (void) state;

    log_in(&ann);
    assert_int_equal(operate("PRAGMA wal_checkpoint"), 0);
    scratch_name(&world.scratch, "away", away);
    assert_int_equal(rename(world.scratch.path, away), 0);
    scratch_name(&world.scratch, "trivet.db-wal", away);
    (void) unlink(away);
    scratch_name(&world.scratch, "trivet.db-shm", away);
    (void) unlink(away);
    make_store();

    make_protected(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
    log_in(&ann);
    assert_works_from(&ann, HOME);
}

static void
fail_writes_of(const char *table)
{
    (void) operate("CREATE TRIGGER broken BEFORE INSERT ON %s BEGIN"
                   " SELECT RAISE(ABORT, 'no room'); END",
        table);
}

/* What was half written is taken back: the key is not bound by a device that
 * is not there. */
static void
a_write_that_fails_leaves_nothing(void **state)
{
    struct sent sent;
    char body[MAX_WORLD_BODY];

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    fail_writes_of("device");
    make_device(&sent, &ann, "[\"" ABROAD "\",\"*\"]", HOME);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(count("permitted_ip"), 0);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM api_key WHERE bound_us IS NOT NULL"
                " OR allow_all_ips <> 0"),
        0);
    (void) operate("DROP TRIGGER broken");
    assert_admitted(&sent);

    fail_writes_of("installation_token");
    make_installation_body(&bob, body);
    make_request(&sent, "POST", "/v1/installation", NULL, NULL, body);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(count("installation"), 1);
    (void) operate("DROP TRIGGER broken");

    fail_writes_of("api_key");
    make_request(&sent, "POST", "/v1/sandbox-user-person", NULL, NULL, "");
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(count("users"), 1);
}

/* A session that cannot be extended is not admitted as if it had been. */
static void
an_extension_that_fails_refuses(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    (void) operate("CREATE TRIGGER broken BEFORE UPDATE ON session BEGIN"
                   " SELECT RAISE(ABORT, 'no room'); END");
    assert_works_from(&ann, HOME);
    world_pass(TIMEOUT_S - 60);
    make_protected(&sent, &ann);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
}

static void
a_client_key_that_is_none_is_an_inner_error(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    (void) operate("UPDATE installation SET public_der = x'3000'");
    make_protected(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_INTERNAL, 500, NULL, NOT_SIGNED);
    (void) operate("UPDATE installation SET public_der = zeroblob(2000)");
    assert_refused(&sent, TRIVET_REASON_INTERNAL, 500, NULL, NOT_SIGNED);
    (void) operate("UPDATE installation SET public_der = x''");
    assert_refused(&sent, TRIVET_REASON_INTERNAL, 500, NULL, NOT_SIGNED);
}

/* ---- secrets ------------------------------------------------------------ */

static size_t
read_file(const char *name, unsigned char *out, size_t cap)
{
    char path[MAX_SCRATCH_PATH];
    FILE *file;
    size_t len;

    scratch_name(&world.scratch, name, path);
    file = fopen(path, "rb");
    assert_non_null(file);
    len = fread(out, 1, cap, file);
    assert_in_range(len, 1, cap - 1);
    (void) fclose(file);

    return len;
}

static bool
holds(const unsigned char *bytes, size_t len, const void *part, size_t part_len)
{
    for (size_t i = 0; i + part_len <= len; i++) {
        if (memcmp(bytes + i, part, part_len) == 0) {
            return true;
        }
    }

    return false;
}

/* Neither the text, nor half of it, nor the bytes that the digits stand for. */
static void
assert_hidden(const unsigned char *bytes, size_t len, const char *secret)
{
    unsigned char raw[12];

    for (size_t i = 0; i < sizeof raw; i++) {
        unsigned value;

        assert_int_equal(sscanf(secret + 8 + 2 * i, "%2x", &value), 1);
        raw[i] = (unsigned char) value;
    }
    assert_false(holds(bytes, len, secret + 8, 24));
    assert_false(holds(bytes, len, secret + 32, 24));
    assert_false(holds(bytes, len, raw, sizeof raw));
}

static void
nothing_secret_is_in_the_stores_files(void **state)
{
    static const char *const names[] = {"trivet.db", "trivet.db-wal"};
    static unsigned char bytes[1 << 20];
    unsigned char digest[TRIVET_DIGEST_LEN];
    bool is_kept = false;

    (void) state;

    log_in(&ann);
    assert_int_equal(operate("PRAGMA wal_checkpoint"), 0);
    open_session_from(&ann, HOME);
    assert_int_equal(
        EVP_Digest(ann.session_token, 64, digest, NULL, EVP_sha256(), NULL), 1);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = read_file(names[i], bytes, sizeof bytes);

        assert_hidden(bytes, len, ann.api_key);
        assert_hidden(bytes, len, ann.installation_token);
        assert_hidden(bytes, len, ann.session_token);
        is_kept = is_kept || holds(bytes, len, digest, sizeof digest);
    }
    /* the search finds what is there */
    assert_true(is_kept);
}

/* Refusals tell the caller no more than the table's text. */
static void
a_refusal_repeats_no_secret(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    (void) operate("UPDATE api_key SET revoked_us = 1");
    make_session(&sent, &ann, HOME);
    answer = ask(&sent);
    assert_int_equal(answer.verdict.reason, TRIVET_REASON_KEY_REVOKED);
    assert_null(strstr(answer.body.data, ann.api_key));
    assert_null(strstr(answer.body.data, ann.installation_token));
    assert_string_equal(answer.error.detail, "");
    trivet_answer_release(&answer);
}

/* Twice, so that the event loop has the session at hand; then somebody else
 * changes what was found. ask() compares both ways each time. */
static void
a_session_at_hand_is_looked_up_again_after_any_change(void **state)
{
    static const struct {
        const char *change;
        const char *undo;
    } rows[] = {
        {"UPDATE session SET ended_us = 1",
            "UPDATE session SET ended_us = NULL"},
        {"UPDATE session SET anchored_us = 1",
            "UPDATE session SET anchored_us = 9000000000000000"},
        {"UPDATE session SET timeout_s = 0, anchored_us = 1",
            "UPDATE session SET timeout_s = NULL,"
            " anchored_us = 9000000000000000"},
        {"UPDATE api_key SET revoked_us = 1",
            "UPDATE api_key SET revoked_us = NULL"},
        {"UPDATE permitted_ip SET is_active = 0",
            "UPDATE permitted_ip SET is_active = 1"},
        {"UPDATE server_key SET retired_us = 1",
            "UPDATE server_key SET retired_us = NULL"},
        {"UPDATE installation SET public_der = x'00'", NULL},
    };
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_answer answer;

        assert_admitted(&sent);
        assert_admitted(&sent);
        (void) operate("%s", rows[i].change);
        answer = ask(&sent);
        assert_denies(&answer);
        trivet_answer_release(&answer);
        if (rows[i].undo != NULL) {
            (void) operate("%s", rows[i].undo);
        }
    }
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
        WORLD_TEST(strict_wants_every_call_signed),
        WORLD_TEST(current_judges_no_signature_where_none_is_needed),
        WORLD_TEST(a_session_is_never_opened_unsigned),
        WORLD_TEST(what_the_operator_wants_signed_is_judged_in_every_profile),
        WORLD_TEST(a_logout_is_signed_in_the_strict_profile_only),
        WORLD_TEST(another_installations_signature_fits_nothing),
        WORLD_TEST(no_bit_of_an_admitted_request_may_flip),
        WORLD_TEST(installations_keep_the_server_key_they_were_given),
        WORLD_TEST(without_its_server_key_an_installation_is_not_served),
        WORLD_TEST(installations_of_a_retired_server_key_are_refused),
        WORLD_TEST(a_retired_server_key_is_given_to_nobody),
        WORLD_TEST(a_server_key_out_of_reach_refuses_its_installations_alone),
        WORLD_TEST(a_session_at_hand_is_looked_up_again_after_any_change),
        WORLD_TEST(a_store_that_is_gone_refuses_until_it_is_back),
        WORLD_TEST(a_store_exchanged_for_garbage_refuses_until_it_is_back),
        WORLD_TEST(a_store_that_cannot_be_opened_yet_does_not_stop_who_passes),
        WORLD_TEST(one_that_answers_too_admits_nobody_who_logged_out),
        WORLD_TEST(an_authority_may_come_before_its_store),
        WORLD_TEST(another_store_in_its_place_knows_nobody),
        WORLD_TEST(a_write_that_fails_leaves_nothing),
        WORLD_TEST(an_extension_that_fails_refuses),
        WORLD_TEST(a_client_key_that_is_none_is_an_inner_error),
        WORLD_TEST(nothing_secret_is_in_the_stores_files),
        WORLD_TEST(a_refusal_repeats_no_secret),
    };

    return cmocka_run_group_tests_name(
        "authority", tests, world_begin, world_end);
}
