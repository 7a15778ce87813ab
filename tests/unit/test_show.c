/* SPDX-License-Identifier: Apache-2.0 */
/* test_show.c - what a caller may see: its own, page by page */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#define AUTHENTICATION "Insufficient authentication."

TRIVET_PRINTF(2, 3)
static void
get(struct sent *sent, const char *format, ...)
{
    char target[MAX_WORLD_TEXT];
    va_list arguments;

    va_start(arguments, format);
    (void) vsnprintf(target, sizeof target, format, arguments);
    va_end(arguments);
    make_request(sent, "GET", target, ann.session_token, &ann, "");
    assert_non_null(sent->request.call);
}

static void assert_body(const struct sent *sent, const char *format, ...)
    TRIVET_PRINTF(2, 3);

static void
assert_body(const struct sent *sent, const char *format, ...)
{
    char expected[MAX_WORLD_BODY];
    struct trivet_answer answer = ask_admitted(sent);
    va_list arguments;

    va_start(arguments, format);
    (void) vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    assert_string_equal(answer.body.data, expected);
    trivet_answer_release(&answer);
}

#define NO_PAGES                                                               \
    ",\"Pagination\":{\"future_url\":null,\"newer_url\":null,"                 \
    "\"older_url\":null}}"

/* The ids on a page, newest first, as "9,8,7"; and one of its URLs. */
static const char *
ids_of(const struct sent *sent, const char *type, const char *url,
    char out_url[MAX_WORLD_TEXT])
{
    static char text[MAX_WORLD_TEXT];
    struct trivet_answer answer = ask_admitted(sent);
    json_t *root = parse_answer(&answer);
    const json_t *pages = json_object_get(root, "Pagination");
    const char *found = json_string_value(json_object_get(pages, url));
    size_t len = 0;
    size_t i;
    const json_t *element;

    assert_int_equal(json_object_size(pages), 3);
    text[0] = '\0';
    json_array_foreach(json_object_get(root, "Response"), i, element)
    {
        json_int_t id;

        assert_int_equal(json_unpack((json_t *) (uintptr_t) element,
                             "{s:{s:I}!}", type, "id", &id),
            0);
        len += (size_t) snprintf(text + len, sizeof text - len, "%s%lld",
            i == 0 ? "" : ",", (long long) id);
    }
    (void) snprintf(out_url, MAX_WORLD_TEXT, "%s", found == NULL ? "" : found);
    json_decref(root);
    trivet_answer_release(&answer);

    return text;
}

/* ---- installations ------------------------------------------------------ */

static void
an_installation_sees_itself_by_number_or_as_mine(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&bob);
    log_in(&ann);
    get(&sent, "/v1/installation");
    assert_body(&sent, "{\"Response\":[{\"Id\":{\"id\":%lld}}]" NO_PAGES,
        ann.installation_id);
    get(&sent, "/v1/installation/%lld", ann.installation_id);
    assert_body(
        &sent, "{\"Response\":[{\"Id\":{\"id\":%lld}}]}", ann.installation_id);
    get(&sent, "/v1/installation/_");
    assert_body(
        &sent, "{\"Response\":[{\"Id\":{\"id\":%lld}}]}", ann.installation_id);

    get(&sent, "/v1/installation/%lld", bob.installation_id);
    assert_refused(&sent, TRIVET_REASON_INSTALLATION_NOT_FOUND, 404, NULL, 0);
    get(&sent, "/v1/installation/0");
    assert_refused(&sent, TRIVET_REASON_INSTALLATION_NOT_FOUND, 404,
        "Installation for id \"0\" not found.", 0);
    get(&sent, "/v1/installation/%lld/server-public-key", bob.installation_id);
    assert_refused(&sent, TRIVET_REASON_INSTALLATION_NOT_FOUND, 404, NULL, 0);
}

static void
assert_server_key(const char *target, const char *pem)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;
    const char *shown;

    get(&sent, "%s", target);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(
        json_unpack(root, "{s:[{s:{s:s!}!}!], s:{s:n, s:n, s:n!}!}", "Response",
            "ServerPublicKey", "server_public_key", &shown, "Pagination",
            "future_url", "newer_url", "older_url"),
        0);
    assert_string_equal(shown, pem);
    json_decref(root);
    trivet_answer_release(&answer);
}

/* Not the first of the server's keys, when that is a newer one. */
static void
an_installation_sees_the_server_key_that_it_was_given(void **state)
{
    char path[MAX_WORLD_TEXT];

    (void) state;

    log_in(&ann);
    (void) snprintf(path, sizeof path,
        "/v1/installation/%lld/server-public-key", ann.installation_id);
    assert_server_key(path, ann.server_pem);

    world.configured[0] = world.server_keys[1];
    world.configured[1] = world.server_keys[0];
    world.config.num_server_keys = 2;
    world_restart();
    assert_server_key("/v1/installation/_/server-public-key", ann.server_pem);
    assert_server_key(path, world.server_keys[0].public_pem);
}

static void
installations_are_shown_to_sessions_alone(void **state)
{
    static const char *const targets[] = {"/v1/installation",
        "/v1/installation/_", "/v1/installation/_/server-public-key",
        "/v1/device", "/v1/device/1", "/v1/user-person/1",
        "/v1/user/1/credential-password-ip", "/v1/user/1/monetary-account"};
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        get(&sent, "%s", targets[i]);
        set_token(&sent, ann.installation_token);
        assert_refused(
            &sent, TRIVET_REASON_TOKEN_WRONG_KIND, 403, AUTHENTICATION, 0);
        sent.request.num_tokens = 0;
        assert_refused(&sent, TRIVET_REASON_TOKEN_MISSING, 401, AUTHENTICATION,
            NOT_SIGNED);
        get(&sent, "%s", targets[i]);
        sent.request.signature_header = TRIVET_SIGNATURE_HEADER_NONE;
        assert_refused(&sent, TRIVET_REASON_SIGNATURE_MISSING, 466, NULL, 0);
        get(&sent, "%s", targets[i]);
        set_address(&sent, ABROAD);
        assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, AUTHENTICATION, 0);
    }
}

/* ---- devices ------------------------------------------------------------ */

static void
a_device_is_shown_with_its_address(void **state)
{
    static const char *const paths[] = {"/v1/device", "/v1/device-server"};
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (size_t i = 0; i < 2; i++) {
        get(&sent, "%s/%lld", paths[i], ann.device_id);
        assert_body(&sent,
            "{\"Response\":[{\"DeviceServer\":{\"id\":%lld,"
            "\"created\":\"" START_TEXT "\",\"updated\":\"" START_TEXT
            "\",\"ip\":\"" HOME "\",\"description\":\"a device\","
            "\"status\":\"ACTIVE\"}}]}",
            ann.device_id);
    }

    (void) operate("UPDATE device SET description = 'B', created_us = 0");
    get(&sent, "/v1/device");
    assert_body(&sent,
        "{\"Response\":[{\"DeviceServer\":{\"id\":%lld,"
        "\"created\":\"1970-01-01 00:00:00.000000\","
        "\"updated\":\"1970-01-01 00:00:00.000000\",\"ip\":\"" HOME
        "\",\"description\":\"B\",\"status\":\"ACTIVE\"}}],\"Pagination\":"
        "{\"future_url\":\"\\/v1\\/device?newer_id=%lld\",\"newer_url\":null,"
        "\"older_url\":null}}",
        ann.device_id, ann.device_id);
}

static void
a_device_is_shown_to_its_user_alone(void **state)
{
    struct sent sent;
    char url[MAX_WORLD_TEXT];
    char expected[MAX_WORLD_TEXT];

    (void) state;

    log_in(&bob);
    log_in(&ann);
    (void) snprintf(expected, sizeof expected, "%lld", ann.device_id);
    get(&sent, "/v1/device");
    assert_string_equal(
        ids_of(&sent, "DeviceServer", "future_url", url), expected);
    get(&sent, "/v1/device-server");
    assert_string_equal(
        ids_of(&sent, "DeviceServer", "future_url", url), expected);

    get(&sent, "/v1/device/%lld", bob.device_id);
    (void) snprintf(expected, sizeof expected,
        "Device for id \"%lld\" not found.", bob.device_id);
    assert_refused(&sent, TRIVET_REASON_DEVICE_NOT_FOUND, 404, expected, 0);
    get(&sent, "/v1/device-server/%lld", bob.device_id);
    assert_refused(&sent, TRIVET_REASON_DEVICE_NOT_FOUND, 404, expected, 0);
    get(&sent, "/v1/device/9223372036854775807");
    assert_refused(&sent, TRIVET_REASON_DEVICE_NOT_FOUND, 404, NULL, 0);
}

/* Before a session is opened: what was registered with this installation. */
static void
an_installation_s_token_lists_its_devices_from_home(void **state)
{
    struct sent sent;
    char url[MAX_WORLD_TEXT];
    char expected[MAX_WORLD_TEXT];

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    make_request(
        &sent, "GET", "/v1/device-server", ann.installation_token, &ann, "");
    assert_string_equal(ids_of(&sent, "DeviceServer", "future_url", url), "");
    assert_string_equal(url, "");

    log_in(&bob);
    register_from(&ann, NULL, HOME);
    (void) snprintf(expected, sizeof expected, "%lld", ann.device_id);
    assert_string_equal(
        ids_of(&sent, "DeviceServer", "future_url", url), expected);

    /* from elsewhere it is no token; nor does it show another's device */
    set_address(&sent, ABROAD);
    assert_refused(
        &sent, TRIVET_REASON_INSTALLATION_TOKEN_IP, 403, AUTHENTICATION, 0);
    (void) snprintf(url, sizeof url, "/v1/device-server/%lld", bob.device_id);
    make_request(&sent, "GET", url, ann.installation_token, &ann, "");
    assert_refused(&sent, TRIVET_REASON_DEVICE_NOT_FOUND, 404, NULL, 0);

    (void) snprintf(url, sizeof url, "/v1/device-server/%lld", ann.device_id);
    make_request(&sent, "GET", url, ann.installation_token, &ann, "");
    assert_admitted(&sent);
    sent.request.signature_header = TRIVET_SIGNATURE_HEADER_NONE;
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_MISSING, 466, NULL, 0);
}

/* A session's token on that call lives and dies as on any other. */
static void
a_session_s_token_on_device_server_must_be_alive(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S - 1);
    get(&sent, "/v1/device-server");
    answer = ask_admitted(&sent);
    assert_true(answer.verdict.extends_session);
    assert_int_equal(answer.identity.user_id, ann.user_id);
    trivet_answer_release(&answer);
    world_pass(TIMEOUT_S - 1);
    assert_admitted(&sent);
    world_pass(TIMEOUT_S);
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 401,
        "Insufficient authorisation.", 0);
}

static void
a_device_of_a_revoked_key_is_blocked(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    (void) operate("UPDATE api_key SET revoked_us = 1");
    make_request(
        &sent, "GET", "/v1/device-server", ann.installation_token, &ann, "");
    answer = ask_admitted(&sent);
    assert_non_null(strstr(answer.body.data, "\"status\":\"BLOCKED\""));
    trivet_answer_release(&answer);
}

/* ---- pages -------------------------------------------------------------- */

/* Twelve devices of Ann, one of Bob between each two. */
static void
make_devices(json_int_t ids[12])
{
    log_in(&ann);
    log_in(&bob);
    ids[0] = ann.device_id;
    for (int i = 1; i < 12; i++) {
        register_from(&bob, NULL, HOME);
        register_from(&ann, NULL, HOME);
        ids[i] = ann.device_id;
    }
}

/* Asks for the target; the ids from first down to last, of what was made. */
static void
assert_page(const char *target, const json_int_t *ids, int first, int last,
    const char *name, char url[MAX_WORLD_TEXT])
{
    char expected[MAX_WORLD_TEXT] = "";
    size_t len = 0;
    struct sent sent;

    for (int i = first; i >= last; i--) {
        len += (size_t) snprintf(expected + len, sizeof expected - len,
            "%s%lld", i == first ? "" : ",", (long long) ids[i]);
    }
    get(&sent, "%s", target);
    assert_string_equal(ids_of(&sent, "DeviceServer", name, url), expected);
}

static void
a_list_is_walked_from_new_to_old_and_back(void **state)
{
    json_int_t ids[12];
    char url[MAX_WORLD_TEXT];

    (void) state;

    make_devices(ids);
    assert_page("/v1/device", ids, 11, 2, "older_url", url);
    assert_page(url, ids, 1, 0, "older_url", url);
    assert_string_equal(url, "");

    assert_page("/v1/device?count=5", ids, 11, 7, "older_url", url);
    assert_page(url, ids, 6, 2, "older_url", url);
    assert_page(url, ids, 1, 0, "newer_url", url);
    assert_page(url, ids, 6, 2, "newer_url", url);
    assert_page(url, ids, 11, 7, "newer_url", url);
    assert_string_equal(url, "");
    assert_page("/v1/device?count=200", ids, 11, 0, "older_url", url);
    assert_string_equal(url, "");
}

/* Whoever follows newer_id misses nothing: the next ones, not the newest. */
static void
the_future_brings_what_was_not_there(void **state)
{
    json_int_t ids[13];
    char url[MAX_WORLD_TEXT];
    char target[MAX_WORLD_TEXT];

    (void) state;

    make_devices(ids);
    assert_page("/v1/device?count=2", ids, 11, 10, "future_url", url);
    (void) snprintf(target, sizeof target, "%s", url);
    assert_page(target, ids, -1, 0, "future_url", url);
    assert_string_equal(url, target);
    register_from(&ann, NULL, HOME);
    ids[12] = ann.device_id;
    assert_page(target, ids, 12, 12, "older_url", url);

    (void) snprintf(target, sizeof target, "/v1/device?newer_id=0&count=3");
    assert_page(target, ids, 2, 0, "newer_url", url);
    assert_page(url, ids, 5, 3, "newer_url", url);
    (void) snprintf(target, sizeof target,
        "/v1/device?newer_id=%lld&older_id=%lld", ids[3], ids[6]);
    assert_page(target, ids, 5, 4, "older_url", url);
}

static void
a_bad_query_is_refused_by_every_list(void **state)
{
    static const char *const paths[] = {"/v1/user", "/v1/installation",
        "/v1/installation/_/server-public-key", "/v1/device",
        "/v1/device-server"};
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        get(&sent, "%s?count=201", paths[i]);
        assert_refused(&sent, TRIVET_REASON_FIELD_INVALID, 400,
            "Invalid value for field \"count\".", 0);
        get(&sent, "%s?count=200&newer_id=x", paths[i]);
        assert_refused(&sent, TRIVET_REASON_FIELD_INVALID, 400,
            "Invalid value for field \"newer_id\".", 0);
        get(&sent, "%s?count=200&a=b", paths[i]);
        assert_admitted(&sent);
    }
    /* one thing is no list */
    get(&sent, "/v1/user/%lld?count=x", ann.user_id);
    assert_admitted(&sent);
}

static void
a_list_of_one_has_nothing_beside_it(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    get(&sent, "/v1/installation?newer_id=%lld", ann.installation_id);
    assert_body(&sent, "{\"Response\":[]" NO_PAGES);
    get(&sent, "/v1/user?older_id=%lld", ann.user_id);
    assert_body(&sent, "{\"Response\":[]" NO_PAGES);
}

/* ---- users and their account -------------------------------------------- */

static void
a_typed_user_is_shown_as_what_it_is(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&bob);
    log_in(&ann);
    get(&sent, "/v1/user-person/%lld", ann.user_id);
    answer = ask_admitted(&sent);
    assert_non_null(strstr(answer.body.data, "[{\"UserPerson\":{\"id\":"));
    assert_null(strstr(answer.body.data, "Pagination"));
    trivet_answer_release(&answer);
    get(&sent, "/v1/user-company/%lld", ann.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
    get(&sent, "/v1/user-person/%lld", bob.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);

    (void) operate(
        "UPDATE users SET kind = 1 WHERE id = %lld", (long long) ann.user_id);
    get(&sent, "/v1/user-company/%lld", ann.user_id);
    answer = ask_admitted(&sent);
    assert_non_null(strstr(answer.body.data, "[{\"UserCompany\":{\"id\":"));
    trivet_answer_release(&answer);
    get(&sent, "/v1/user-person/%lld", ann.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
    get(&sent, "/v1/user-payment-service-provider/%lld", ann.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);

    (void) operate(
        "UPDATE users SET kind = 2 WHERE id = %lld", (long long) ann.user_id);
    answer = ask_admitted(&sent);
    assert_non_null(
        strstr(answer.body.data, "[{\"UserPaymentServiceProvider\":{\"id\":"));
    trivet_answer_release(&answer);
    get(&sent, "/v1/user-company/%lld", ann.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
    get(&sent, "/v1/user-payment-service-provider/%lld", bob.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
}

static void
a_user_has_one_account_and_no_savings(void **state)
{
    static const char *const forms[] = {
        "monetary-account", "monetary-account-bank"};
    struct sent sent;
    char url[MAX_WORLD_TEXT];
    char id[MAX_WORLD_TEXT];

    (void) state;

    log_in(&bob);
    log_in(&ann);
    for (size_t i = 0; i < 2; i++) {
        get(&sent, "/v1/user/%lld/%s", ann.user_id, forms[i]);
        (void) snprintf(id, sizeof id, "%s",
            ids_of(&sent, "MonetaryAccountBank", "future_url", url));
        assert_string_equal(url, "");
        get(&sent, "/v1/user/%lld/%s/%s", ann.user_id, forms[i], id);
        assert_admitted(&sent);

        get(&sent, "/v1/user/%lld/%s/%s", bob.user_id, forms[i], id);
        assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
        get(&sent, "/v1/user/%lld/%s", bob.user_id, forms[i]);
        assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
        get(&sent, "/v1/user/%lld/%s/1", ann.user_id, forms[i]);
        assert_refused(&sent, TRIVET_REASON_ACCOUNT_NOT_FOUND, 404,
            "Monetary account for id \"1\" not found.", 0);
    }

    get(&sent, "/v1/user/%lld/monetary-account-savings", ann.user_id);
    assert_body(&sent, "{\"Response\":[]" NO_PAGES);
    get(&sent, "/v1/user/%lld/monetary-account-savings", bob.user_id);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
}

/* ---- the call that fails ------------------------------------------------ */

static void
server_error_is_an_error_whatever_is_sent(void **state)
{
    static const char *const bodies[] = {"", "{}", "no JSON", "{\"a\":1}"};
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        make_request(&sent, "POST", "/v1/server-error", ann.session_token, &ann,
            bodies[i]);
        assert_refused(
            &sent, TRIVET_REASON_SERVER_ERROR, 500, "Server error.", 0);
    }
    sent.request.num_tokens = 0;
    assert_refused(
        &sent, TRIVET_REASON_TOKEN_MISSING, 401, AUTHENTICATION, NOT_SIGNED);
    assert_works_from(&ann, HOME);
}

static void
sandbox_user_is_sandbox_user_person(void **state)
{
    struct sent sent;

    (void) state;

    make_request(&sent, "POST", "/v1/sandbox-user", NULL, NULL, "{}");
    assert_admitted(&sent);
    assert_int_equal(operate("SELECT kind FROM users"), 0);
    assert_int_equal(operate("SELECT COUNT(*) FROM api_key"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_installation_sees_itself_by_number_or_as_mine),
        WORLD_TEST(an_installation_sees_the_server_key_that_it_was_given),
        WORLD_TEST(installations_are_shown_to_sessions_alone),
        WORLD_TEST(a_device_is_shown_with_its_address),
        WORLD_TEST(a_device_is_shown_to_its_user_alone),
        WORLD_TEST(an_installation_s_token_lists_its_devices_from_home),
        WORLD_TEST(a_session_s_token_on_device_server_must_be_alive),
        WORLD_TEST(a_device_of_a_revoked_key_is_blocked),
        WORLD_TEST(a_list_is_walked_from_new_to_old_and_back),
        WORLD_TEST(the_future_brings_what_was_not_there),
        WORLD_TEST(a_bad_query_is_refused_by_every_list),
        WORLD_TEST(a_list_of_one_has_nothing_beside_it),
        WORLD_TEST(a_typed_user_is_shown_as_what_it_is),
        WORLD_TEST(a_user_has_one_account_and_no_savings),
        WORLD_TEST(server_error_is_an_error_whatever_is_sent),
        WORLD_TEST(sandbox_user_is_sandbox_user_person),
    };

    return cmocka_run_group_tests_name("show", tests, world_begin, world_end);
}
