/* SPDX-License-Identifier: Apache-2.0 */
/* test_permitted_ip.c - a user's API keys, and from where they may be used */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#define IPS "/v1/user/%lld/credential-password-ip/%lld/ip"

static json_int_t
key_of(const struct client *client)
{
    return operate(
        "SELECT api_key_id FROM device WHERE id = %lld", client->device_id);
}

/* A call to the addresses of key, of the user `owner`, in Ann's session; entry
 * 0: to all of them. */
static void
make_call(struct sent *sent, const char *method, json_int_t owner,
    json_int_t key, json_int_t entry, const char *body)
{
    char target[MAX_WORLD_TEXT];

    if (entry == 0) {
        (void) snprintf(target, sizeof target, IPS, owner, key);
    } else {
        (void) snprintf(target, sizeof target, IPS "/%lld", owner, key, entry);
    }
    make_request(sent, method, target, ann.session_token, &ann, body);
    assert_non_null(sent->request.call);
}

static json_int_t
ask_id(const struct sent *sent)
{
    struct trivet_answer answer = ask_admitted(sent);
    json_t *root = parse_answer(&answer);
    json_int_t id;

    assert_int_equal(
        json_unpack(root, "{s:[{s:{s:I!}!}!]!}", "Response", "Id", "id", &id),
        0);
    json_decref(root);
    trivet_answer_release(&answer);

    return id;
}

static json_int_t
add(const char *body)
{
    struct sent sent;

    make_call(&sent, "POST", ann.user_id, key_of(&ann), 0, body);

    return ask_id(&sent);
}

static void
change(json_int_t entry, const char *body)
{
    struct sent sent;

    make_call(&sent, "PUT", ann.user_id, key_of(&ann), entry, body);
    assert_int_equal(ask_id(&sent), entry);
}

static void
refuse(const char *method, json_int_t entry, const char *body,
    enum trivet_reason reason, const char *text)
{
    struct sent sent;

    make_call(&sent, method, ann.user_id, key_of(&ann), entry, body);
    assert_refused(&sent, reason, 400, text, 0);
}

static bool
may_call_from(const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    bool is_admitted;

    make_protected(&sent, &ann);
    set_address(&sent, address);
    answer = ask(&sent);
    is_admitted = answer.verdict.admission == TRIVET_ALLOW;
    if (!is_admitted) {
        assert_int_equal(answer.verdict.reason, TRIVET_REASON_SESSION_IP);
    }
    trivet_answer_release(&answer);

    return is_admitted;
}

static bool
may_open_from(const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    bool is_admitted;

    make_session(&sent, &ann, address);
    answer = ask(&sent);
    is_admitted = answer.verdict.admission == TRIVET_ALLOW;
    trivet_answer_release(&answer);

    return is_admitted;
}

/* ---- adding and changing ------------------------------------------------ */

static void
an_added_address_may_call_from_then_on(void **state)
{
    (void) state;

    log_in(&ann);
    assert_false(may_call_from(ABROAD));
    (void) add("{\"ip\":\"" ABROAD "\",\"status\":\"ACTIVE\"}");
    assert_true(may_call_from(ABROAD));
    assert_true(may_open_from(ABROAD));
    assert_true(may_call_from(HOME));
    assert_false(may_call_from(THIRD));

    /* ACTIVE when nothing is said; a spelling is not an address */
    (void) add("{\"ip\":\"::ffff:" THIRD "\"}");
    assert_true(may_call_from(THIRD));
    (void) add("{\"ip\":\"2001:DB8:0::1\",\"status\":null}");
    assert_true(may_call_from("2001:db8::1"));
}

static void
an_inactive_address_may_call_no_more(void **state)
{
    json_int_t id;

    (void) state;

    log_in(&ann);
    id = add("{\"ip\":\"" ABROAD "\"}");
    change(id, "{\"status\":\"INACTIVE\"}");
    assert_false(may_call_from(ABROAD));
    assert_false(may_open_from(ABROAD));
    assert_true(may_call_from(HOME));
    change(id, "{\"status\":\"ACTIVE\",\"ip\":\"::ffff:" ABROAD "\"}");
    assert_true(may_call_from(ABROAD));
    change(id, "{\"status\":\"INACTIVE\",\"ip\":\"" ABROAD "\"}");
    assert_false(may_call_from(ABROAD));

    (void) add("{\"ip\":\"" THIRD "\",\"status\":\"INACTIVE\"}");
    assert_false(may_call_from(THIRD));
}

static void
an_address_is_added_once(void **state)
{
    json_int_t id;

    (void) state;

    log_in(&ann);
    id = add("{\"ip\":\"" ABROAD "\"}");
    assert_int_equal(add("{\"ip\":\"" ABROAD "\"}"), id);
    assert_int_equal(add("{\"ip\":\"::ffff:" ABROAD "\"}"), id);
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 2);

    change(id, "{\"status\":\"INACTIVE\"}");
    assert_int_equal(add("{\"ip\":\"" ABROAD "\"}"), id);
    assert_true(may_call_from(ABROAD));
    world_pass(1);
    assert_int_equal(
        add("{\"ip\":\"" ABROAD "\",\"status\":\"INACTIVE\"}"), id);
    assert_false(may_call_from(ABROAD));
    assert_int_equal(
        operate("SELECT created_us FROM permitted_ip WHERE id = %lld", id),
        START_US);
    assert_int_equal(
        operate("SELECT updated_us FROM permitted_ip WHERE id = %lld", id),
        START_US + TRIVET_US_PER_S);
}

/* Their own address they may take away: then they are out. */
static void
whoever_takes_the_last_address_away_is_out(void **state)
{
    struct sent sent;
    json_int_t home;

    (void) state;

    log_in(&ann);
    home = operate("SELECT id FROM permitted_ip");
    change(home, "{\"status\":\"INACTIVE\"}");
    assert_false(may_call_from(HOME));
    make_call(&sent, "PUT", ann.user_id, key_of(&ann), home,
        "{\"status\":\"ACTIVE\"}");
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403,
        "Insufficient authentication.", 0);
}

/* ---- refusals ----------------------------------------------------------- */

static void
a_wildcard_is_refused(void **state)
{
    json_int_t home;

    (void) state;

    log_in(&ann);
    home = operate("SELECT id FROM permitted_ip");
    refuse("POST", 0, "{\"ip\":\"*\"}", TRIVET_REASON_PERMITTED_IP_WILDCARD,
        "\"*\" cannot be added to the permitted IPs of an API key.");
    refuse("PUT", home, "{\"ip\":\"*\",\"status\":\"ACTIVE\"}",
        TRIVET_REASON_PERMITTED_IP_WILDCARD, NULL);
    assert_false(may_call_from(ABROAD));
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 1);
}

static void
what_is_no_address_or_status_is_refused(void **state)
{
    static const char *const bad_ips[] = {"\"1.2.3\"", "\"1.2.3.4/32\"",
        "\"nonsense\"", "\" *\"", "\"**\"", "\"1.2.3.4 \"", "5", "true",
        "[\"1.2.3.4\"]", "{}",
        "\"0000:0000:0000:0000:0000:0000:0000:0000:0000:00001\""};
    static const char *const bad_statuses[] = {
        "\"active\"", "\"ACTIVE \"", "\"INACTIVEE\"", "\"DELETED\"", "1", "{}"};
    char body[MAX_WORLD_TEXT];
    json_int_t home;

    (void) state;

    log_in(&ann);
    home = operate("SELECT id FROM permitted_ip");
    for (size_t i = 0; i < sizeof bad_ips / sizeof bad_ips[0]; i++) {
        (void) snprintf(
            body, sizeof body, "{\"ip\":%s,\"status\":\"ACTIVE\"}", bad_ips[i]);
        refuse("POST", 0, body, TRIVET_REASON_FIELD_INVALID,
            "Invalid value for field \"ip\".");
        refuse("PUT", home, body, TRIVET_REASON_FIELD_INVALID, NULL);
    }
    for (size_t i = 0; i < sizeof bad_statuses / sizeof bad_statuses[0]; i++) {
        (void) snprintf(body, sizeof body,
            "{\"ip\":\"" HOME "\",\"status\":%s}", bad_statuses[i]);
        refuse("POST", 0, body, TRIVET_REASON_FIELD_INVALID,
            "Invalid value for field \"status\".");
        refuse("PUT", home, body, TRIVET_REASON_FIELD_INVALID, NULL);
    }

    refuse("POST", 0, "", TRIVET_REASON_FIELD_MISSING,
        "Missing required field \"ip\".");
    refuse("POST", 0, "{\"ip\":null}", TRIVET_REASON_FIELD_MISSING, NULL);
    refuse("POST", 0, "{\"ip\":\"\"}", TRIVET_REASON_FIELD_MISSING, NULL);
    refuse("PUT", home, "{\"ip\":\"" HOME "\"}", TRIVET_REASON_FIELD_MISSING,
        "Missing required field \"status\".");
    refuse("POST", 0, "[]", TRIVET_REASON_JSON_INVALID, "Invalid JSON.");
    refuse("PUT", home, "{", TRIVET_REASON_JSON_INVALID, NULL);
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 1);
    assert_true(may_call_from(HOME));
}

static void
an_entry_keeps_its_address(void **state)
{
    json_int_t home;

    (void) state;

    log_in(&ann);
    home = operate("SELECT id FROM permitted_ip");
    refuse("PUT", home, "{\"ip\":\"" ABROAD "\",\"status\":\"INACTIVE\"}",
        TRIVET_REASON_PERMITTED_IP_CHANGED, NULL);
    assert_true(may_call_from(HOME));
    assert_false(may_call_from(ABROAD));
}

static void
a_key_has_a_maximum_of_addresses(void **state)
{
    json_int_t last = 0;

    (void) state;
    sqlite_alone();

    log_in(&ann);
    (void) operate(
        "INSERT INTO permitted_ip (created_us, updated_us, api_key_id, address,"
        " is_active) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
        " FROM n WHERE i < %d) SELECT 0, 0, (SELECT id FROM api_key),"
        " CAST(printf('%%016d', i) AS BLOB), i %% 2 FROM n",
        TRIVET_MAX_PERMITTED_IPS - 2);
    last = add("{\"ip\":\"" ABROAD "\"}");
    refuse("POST", 0, "{\"ip\":\"" THIRD "\"}",
        TRIVET_REASON_PERMITTED_IPS_FULL, NULL);
    assert_int_equal(
        add("{\"ip\":\"" ABROAD "\",\"status\":\"INACTIVE\"}"), last);
    refuse("POST", 0, "{\"ip\":\"" THIRD "\"}",
        TRIVET_REASON_PERMITTED_IPS_FULL, NULL);
    change(last, "{\"status\":\"ACTIVE\"}");
    assert_int_equal(
        operate("SELECT COUNT(*) FROM permitted_ip"), TRIVET_MAX_PERMITTED_IPS);
    assert_false(may_call_from(THIRD));
}

static void
assert_nothing_found(json_int_t owner, json_int_t key, json_int_t entry,
    enum trivet_reason reason)
{
    static const char *const methods[] = {"GET", "PUT", "POST"};
    struct sent sent;

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        bool is_one = strcmp(methods[i], "POST") != 0;

        make_call(&sent, methods[i], owner, key, is_one ? entry : 0,
            i == 0 ? "" : "{\"ip\":\"" ABROAD "\",\"status\":\"ACTIVE\"}");
        if (is_one || reason != TRIVET_REASON_PERMITTED_IP_NOT_FOUND) {
            assert_refused(&sent, reason, 404, NULL, 0);
        }
    }
    if (reason != TRIVET_REASON_PERMITTED_IP_NOT_FOUND) {
        make_call(&sent, "GET", owner, key, 0, "");
        assert_refused(&sent, reason, 404, NULL, 0);
    }
}

/* By a right number at a wrong place, too. */
static void
nobody_reaches_another_s_addresses(void **state)
{
    json_int_t bob_ip;

    (void) state;

    log_in(&bob);
    log_in(&ann);
    bob_ip = operate("SELECT MIN(id) FROM permitted_ip");
    assert_nothing_found(
        bob.user_id, key_of(&bob), bob_ip, TRIVET_REASON_USER_NOT_FOUND);
    assert_nothing_found(
        ann.user_id, key_of(&bob), bob_ip, TRIVET_REASON_CREDENTIAL_NOT_FOUND);
    assert_nothing_found(ann.user_id, key_of(&ann), bob_ip,
        TRIVET_REASON_PERMITTED_IP_NOT_FOUND);
    assert_nothing_found(
        ann.user_id, 4711, 1, TRIVET_REASON_CREDENTIAL_NOT_FOUND);
    assert_nothing_found(
        ann.user_id, 0, INT64_MAX, TRIVET_REASON_CREDENTIAL_NOT_FOUND);
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 2);
}

/* A key that waits for its first device is bound by that, and one that was
 * revoked needs no addresses. */
static void
the_addresses_of_a_key_change_while_it_is_active(void **state)
{
    struct sent sent;
    json_int_t pending;

    (void) state;

    log_in(&ann);
    (void) operate("INSERT INTO api_key (created_us, updated_us, user_id,"
                   " digest, label, expires_us) VALUES (0, 0, %lld, x'00', '',"
                   " 0)",
        ann.user_id);
    pending = operate("SELECT MAX(id) FROM api_key");
    make_call(&sent, "POST", ann.user_id, pending, 0, "{\"ip\":\"" HOME "\"}");
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_NOT_ACTIVE, 400,
        "The API key is not active.", 0);
    (void) operate("UPDATE api_key SET bound_us = 1, revoked_us = 1"
                   " WHERE id = %lld",
        pending);
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_NOT_ACTIVE, 400, NULL, 0);
    make_call(&sent, "GET", ann.user_id, pending, 0, "");
    assert_admitted(&sent);

    /* another key of the same user, in use, is theirs */
    (void) operate(
        "UPDATE api_key SET revoked_us = NULL WHERE id = %lld", pending);
    make_call(&sent, "POST", ann.user_id, pending, 0, "{\"ip\":\"" HOME "\"}");
    assert_admitted(&sent);
}

/* ---- showing ------------------------------------------------------------ */

static void
assert_shown(const char *target, const char *expected)
{
    struct sent sent;
    struct trivet_answer answer;

    make_request(&sent, "GET", target, ann.session_token, &ann, "");
    answer = ask_admitted(&sent);
    assert_string_equal(answer.body.data, expected);
    trivet_answer_release(&answer);
}

static void
a_credential_is_shown_to_its_user(void **state)
{
    char target[MAX_WORLD_TEXT];
    char expected[MAX_WORLD_TEXT];
    struct sent sent;

    (void) state;

    log_in(&bob);
    log_in(&ann);
    (void) snprintf(target, sizeof target,
        "/v1/user/%lld/credential-password-ip/%lld", ann.user_id, key_of(&ann));
    (void) snprintf(expected, sizeof expected,
        "{\"Response\":[{\"CredentialPasswordIp\":{\"id\":%lld,"
        "\"created\":\"" START_TEXT "\",\"updated\":\"" START_TEXT
        "\",\"status\":\"ACTIVE\",\"expiry_time\":null,\"token_value\":null,"
        "\"permitted_device\":{\"description\":\"a device\","
        "\"ip\":\"" HOME "\"}}}]}",
        key_of(&ann));
    assert_shown(target, expected);

    (void) snprintf(target, sizeof target,
        "/v1/user/%lld/credential-password-ip/%lld", ann.user_id, key_of(&bob));
    make_request(&sent, "GET", target, ann.session_token, &ann, "");
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_NOT_FOUND, 404, NULL, 0);
}

static void
a_key_that_nobody_used_is_pending(void **state)
{
    char target[MAX_WORLD_TEXT];
    char expected[MAX_WORLD_TEXT];
    json_int_t id;

    (void) state;

    log_in(&ann);
    (void) operate("INSERT INTO api_key (created_us, updated_us, user_id,"
                   " digest, label, expires_us) VALUES (0, 0, %lld, x'00', '',"
                   " %lld)",
        ann.user_id, (long long) START_US);
    id = operate("SELECT MAX(id) FROM api_key");
    (void) snprintf(target, sizeof target,
        "/v1/user/%lld/credential-password-ip?count=1", ann.user_id);
    (void) snprintf(expected, sizeof expected,
        "{\"Response\":[{\"CredentialPasswordIp\":{\"id\":%lld,"
        "\"created\":\"1970-01-01 00:00:00.000000\","
        "\"updated\":\"1970-01-01 00:00:00.000000\","
        "\"status\":\"PENDING_FIRST_USE\",\"expiry_time\":\"" START_TEXT
        "\",\"token_value\":null,\"permitted_device\":null}}],"
        "\"Pagination\":{\"future_url\":"
        "\"\\/v1\\/user\\/%lld\\/credential-password-ip?count=1&newer_id=%lld\""
        ",\"newer_url\":null,\"older_url\":"
        "\"\\/v1\\/user\\/%lld\\/credential-password-ip?count=1&older_id=%lld\""
        "}}",
        id, ann.user_id, id, ann.user_id, id);
    assert_shown(target, expected);
}

static void
addresses_are_shown_active_or_not(void **state)
{
    char target[MAX_WORLD_TEXT];
    char expected[MAX_WORLD_TEXT];
    json_int_t home;
    json_int_t abroad;

    (void) state;

    log_in(&bob);
    log_in(&ann);
    home = operate("SELECT MAX(id) FROM permitted_ip");
    world_pass(1);
    abroad = add("{\"ip\":\"" ABROAD "\",\"status\":\"INACTIVE\"}");
    (void) snprintf(target, sizeof target, IPS, ann.user_id, key_of(&ann));
    (void) snprintf(expected, sizeof expected,
        "{\"Response\":[{\"PermittedIp\":{\"id\":%lld,"
        "\"created\":\"2026-01-02 03:04:06.678901\","
        "\"updated\":\"2026-01-02 03:04:06.678901\",\"ip\":\"" ABROAD
        "\",\"status\":\"INACTIVE\"}},{\"PermittedIp\":{\"id\":%lld,"
        "\"created\":\"" START_TEXT "\",\"updated\":\"" START_TEXT
        "\",\"ip\":\"" HOME "\",\"status\":\"ACTIVE\"}}],\"Pagination\":"
        "{\"future_url\":\"\\/v1\\/user\\/%lld\\/credential-password-ip\\/%lld"
        "\\/ip?newer_id=%lld\",\"newer_url\":null,\"older_url\":null}}",
        abroad, home, ann.user_id, key_of(&ann), abroad);
    assert_shown(target, expected);

    (void) snprintf(
        target, sizeof target, IPS "/%lld", ann.user_id, key_of(&ann), home);
    (void) snprintf(expected, sizeof expected,
        "{\"Response\":[{\"PermittedIp\":{\"id\":%lld,"
        "\"created\":\"" START_TEXT "\",\"updated\":\"" START_TEXT
        "\",\"ip\":\"" HOME "\",\"status\":\"ACTIVE\"}}]}",
        home);
    assert_shown(target, expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_added_address_may_call_from_then_on),
        WORLD_TEST(an_inactive_address_may_call_no_more),
        WORLD_TEST(an_address_is_added_once),
        WORLD_TEST(whoever_takes_the_last_address_away_is_out),
        WORLD_TEST(a_wildcard_is_refused),
        WORLD_TEST(what_is_no_address_or_status_is_refused),
        WORLD_TEST(an_entry_keeps_its_address),
        WORLD_TEST(a_key_has_a_maximum_of_addresses),
        WORLD_TEST(nobody_reaches_another_s_addresses),
        WORLD_TEST(the_addresses_of_a_key_change_while_it_is_active),
        WORLD_TEST(a_credential_is_shown_to_its_user),
        WORLD_TEST(a_key_that_nobody_used_is_pending),
        WORLD_TEST(addresses_are_shown_active_or_not),
    };

    return cmocka_run_group_tests_name(
        "permitted_ip", tests, world_begin, world_end);
}
