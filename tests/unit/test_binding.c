/* SPDX-License-Identifier: Apache-2.0 */
/* test_binding.c - which addresses an API key and an installation work from */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#define AUTHENTICATION "Insufficient authentication."
#define CREDENTIALS                                                            \
    "User credentials are incorrect. Incorrect API key or IP address."
#define FIXED                                                                  \
    "The permitted IPs of this API key can only be changed through the "       \
    "permitted IP calls."

/* A new key, and an installation at home that it is registered with. */
static void
start(struct client *client, const char *permitted)
{
    get_api_key(client);
    install_from(client, HOME);
    register_from(client, permitted, HOME);
}

static void
assert_opens_from(struct client *client, const char *address)
{
    open_session_from(client, address);
    assert_works_from(client, address);
}

static void
assert_session_refused_from(const struct client *client, const char *address)
{
    struct sent sent;

    make_protected(&sent, client);
    set_address(&sent, address);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, AUTHENTICATION, 0);
}

static void
assert_key_refused_from(const struct client *client, const char *address)
{
    struct sent sent;

    make_session(&sent, client, address);
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_IP, 400, CREDENTIALS, 0);
}

static void
assert_device_refused(const struct client *client, const char *permitted,
    const char *address, enum trivet_reason reason, const char *text)
{
    int64_t before = operate("SELECT COUNT(*) FROM device");
    struct sent sent;

    make_device(&sent, client, permitted, address);
    assert_refused(&sent, reason, 400, text, 0);
    assert_int_equal(operate("SELECT COUNT(*) FROM device"), before);
}

static void
allow_all_ips(const struct client *client, int allow)
{
    (void) operate("UPDATE api_key SET allow_all_ips = %d WHERE user_id ="
                   " (SELECT k.user_id FROM api_key k JOIN device d"
                   " ON d.api_key_id = k.id WHERE d.id = %lld)",
        allow, client->device_id);
}

/* ---- the caller's own address ------------------------------------------- */

static void
without_a_list_the_callers_address_is_bound(void **state)
{
    static const char *const none[] = {NULL, "[]", "null"};

    (void) state;

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        start(&ann, none[i]);
        assert_opens_from(&ann, HOME);
        assert_session_refused_from(&ann, ABROAD);
        assert_session_refused_from(&ann, "192.0.2.2");
        assert_key_refused_from(&ann, ABROAD);
        assert_works_from(&ann, HOME);
    }
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 3);
}

static void
a_list_is_bound_as_it_is_given(void **state)
{
    (void) state;

    start(&ann, "[\"" ABROAD "\",\"" HOME "\",\"" ABROAD "\"]");
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 2);
    assert_opens_from(&ann, HOME);
    assert_works_from(&ann, ABROAD);
    assert_opens_from(&ann, ABROAD);
    assert_works_from(&ann, HOME);
    assert_session_refused_from(&ann, THIRD);
    assert_key_refused_from(&ann, THIRD);
}

static void
a_list_without_the_caller_locks_it_out(void **state)
{
    (void) state;

    start(&ann, "[\"" ABROAD "\"]");
    assert_key_refused_from(&ann, HOME);
    assert_device_refused(
        &ann, NULL, HOME, TRIVET_REASON_CREDENTIAL_IP, CREDENTIALS);
    assert_opens_from(&ann, ABROAD);
    assert_session_refused_from(&ann, HOME);
}

static void
the_unspecified_address_is_an_address_and_no_wildcard(void **state)
{
    (void) state;

    start(&ann, "[\"0.0.0.0\",\"::\"]");
    assert_key_refused_from(&ann, HOME);
    assert_key_refused_from(&ann, "2001:db8::1");
    assert_opens_from(&ann, "0.0.0.0");
}

/* ---- the wildcard ------------------------------------------------------- */

static void
a_wildcard_in_any_place_frees_the_key(void **state)
{
    static const char *const lists[] = {"[\"*\"]", "[\"" HOME "\",\"*\"]",
        "[\"*\",\"" HOME "\"]", "[\"" HOME "\",\"*\",\"" ABROAD "\"]",
        "[\"*\",\"*\"]"};

    (void) state;

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        start(&ann, lists[i]);
        assert_opens_from(&ann, HOME);
        assert_works_from(&ann, THIRD);
        assert_opens_from(&ann, "2001:db8::77");
        assert_works_from(&ann, ABROAD);
    }
}

/* A list with a wildcard alone binds to no address: not to the caller's. */
static void
a_wildcard_alone_names_no_address(void **state)
{
    (void) state;

    start(&ann, "[\"*\"]");
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 0);
    open_session_from(&ann, HOME);
    allow_all_ips(&ann, 0);
    assert_session_refused_from(&ann, HOME);

    start(&ann, "[\"" ABROAD "\",\"*\"]");
    open_session_from(&ann, HOME);
    allow_all_ips(&ann, 0);
    assert_session_refused_from(&ann, HOME);
    assert_works_from(&ann, ABROAD);
}

static void
a_wildcard_frees_one_key_alone(void **state)
{
    (void) state;

    start(&bob, NULL);
    start(&ann, "[\"*\"]");
    open_session_from(&bob, HOME);
    assert_session_refused_from(&bob, ABROAD);
    assert_key_refused_from(&bob, ABROAD);
}

static void
what_the_operator_frees_he_can_bind_again(void **state)
{
    (void) state;

    start(&ann, NULL);
    open_session_from(&ann, HOME);
    allow_all_ips(&ann, 1);
    assert_works_from(&ann, ABROAD);
    assert_opens_from(&ann, THIRD);
    allow_all_ips(&ann, 0);
    assert_session_refused_from(&ann, THIRD);
    assert_works_from(&ann, HOME);
}

static void
an_inactive_address_is_none(void **state)
{
    (void) state;

    start(&ann, "[\"" HOME "\",\"" ABROAD "\"]");
    open_session_from(&ann, HOME);
    (void) operate("UPDATE permitted_ip SET is_active = 0 WHERE id = 1");
    assert_session_refused_from(&ann, HOME);
    assert_key_refused_from(&ann, HOME);
    assert_works_from(&ann, ABROAD);
}

/* An address that is not active stays out only while addresses count. */
static void
a_wildcard_wins_over_an_inactive_address(void **state)
{
    (void) state;

    start(&ann, "[\"" HOME "\",\"*\"]");
    (void) operate("UPDATE permitted_ip SET is_active = 0");
    assert_opens_from(&ann, HOME);
    assert_opens_from(&ann, ABROAD);
    allow_all_ips(&ann, 0);
    assert_session_refused_from(&ann, HOME);
    assert_key_refused_from(&ann, HOME);
}

/* ---- lists that are none ------------------------------------------------ */

static void
a_list_that_is_none_binds_nothing(void **state)
{
    static const char *const lists[] = {"[\"\"]", "[\"example.com\"]",
        "[\"192.0.2.0/24\"]", "[\"192.0.2.*\"]", "[\"**\"]", "[\" *\"]",
        "[\"192.0.2.1:80\"]", "[\"fe80::1%eth0\"]", "[\"192.0.2.01\"]",
        "[\"" HOME "\",\"x\"]", "[\"*\",\"x\"]"};

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        assert_device_refused(&ann, lists[i], HOME,
            TRIVET_REASON_PERMITTED_IP_INVALID,
            "Invalid value for field \"permitted_ips\".");
    }
    assert_device_refused(&ann, "\"*\"", HOME, TRIVET_REASON_FIELD_INVALID,
        "Invalid value for field \"permitted_ips\".");
    assert_device_refused(&ann, "[1]", HOME, TRIVET_REASON_FIELD_INVALID,
        "Invalid value for field \"permitted_ips\".");
    assert_device_refused(&ann, "[null]", HOME, TRIVET_REASON_FIELD_INVALID,
        "Invalid value for field \"permitted_ips\".");

    /* the key is still free to be bound */
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 0);
    register_from(&ann, "[\"" ABROAD "\"]", HOME);
    assert_opens_from(&ann, ABROAD);
}

static void
make_long_list(char out[MAX_WORLD_BODY], int num)
{
    size_t len = 0;

    for (int i = 0; i < num; i++) {
        len += (size_t) snprintf(out + len, MAX_WORLD_BODY - len,
            "%s\"10.0.%d.%d\"", i == 0 ? "[" : ",", i / 200, i % 200);
    }
    (void) snprintf(out + len, MAX_WORLD_BODY - len, "]");
}

static void
a_list_has_a_longest(void **state)
{
    char permitted[MAX_WORLD_BODY];

    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    make_long_list(permitted, TRIVET_MAX_PERMITTED_IPS + 1);
    assert_device_refused(&ann, permitted, HOME,
        TRIVET_REASON_PERMITTED_IP_INVALID,
        "Invalid value for field \"permitted_ips\".");
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 0);

    make_long_list(permitted, TRIVET_MAX_PERMITTED_IPS);
    register_from(&ann, permitted, HOME);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM permitted_ip"), TRIVET_MAX_PERMITTED_IPS);
    assert_opens_from(&ann, "10.0.0.0");
    assert_works_from(&ann, "10.0.1.55");
    assert_session_refused_from(&ann, "10.0.1.56");
}

/* ---- later devices with the same key ------------------------------------ */

static void
a_later_device_may_name_what_is_permitted(void **state)
{
    static const char *const lists[] = {NULL, "[]", "[\"" HOME "\"]",
        "[\"" ABROAD "\"]", "[\"" ABROAD "\",\"" HOME "\"]"};

    (void) state;

    start(&ann, "[\"" HOME "\",\"" ABROAD "\"]");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        register_from(&ann, lists[i], HOME);
        register_from(&ann, lists[i], ABROAD);
    }
    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
    assert_opens_from(&ann, ABROAD);

    /* it adds nothing, and takes nothing away */
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 2);
    assert_works_from(&ann, HOME);
}

static void
a_later_device_may_name_nothing_else(void **state)
{
    static const char *const lists[] = {"[\"" THIRD "\"]",
        "[\"" HOME "\",\"" THIRD "\"]", "[\"" THIRD "\",\"" HOME "\"]",
        "[\"" THIRD "\",\"*\"]", "[\"*\",\"" THIRD "\"]",
        "[\"" HOME "\",\"*\",\"" THIRD "\"]", "[\"0.0.0.0\",\"*\"]"};

    (void) state;

    start(&ann, "[\"" HOME "\",\"" ABROAD "\"]");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        assert_device_refused(
            &ann, lists[i], HOME, TRIVET_REASON_PERMITTED_IPS_FIXED, FIXED);
    }
    assert_key_refused_from(&ann, THIRD);
    assert_int_equal(operate("SELECT COUNT(*) FROM permitted_ip"), 2);
    assert_int_equal(operate("SELECT SUM(allow_all_ips) FROM api_key"), 0);
}

/* The switch to a wildcard key: from an address that is permitted. */
static void
a_later_wildcard_frees_the_key(void **state)
{
    static const char *const lists[] = {"[\"*\"]", "[\"" HOME "\",\"*\"]",
        "[\"*\",\"" HOME "\"]", "[\"*\",\"*\"]",
        "[\"" ABROAD "\",\"*\",\"" HOME "\"]"};

    (void) state;

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        start(&ann, "[\"" HOME "\",\"" ABROAD "\"]");
        open_session_from(&ann, HOME);
        assert_session_refused_from(&ann, THIRD);
        register_from(&ann, lists[i], HOME);
        assert_works_from(&ann, THIRD);
        assert_opens_from(&ann, "2001:db8::77");
        assert_int_equal(
            operate("SELECT COUNT(*) FROM permitted_ip"), 2 * (i + 1));
        assert_int_equal(
            operate("SELECT SUM(allow_all_ips) FROM api_key"), i + 1);
    }
}

static void
an_inactive_address_frees_no_key(void **state)
{
    (void) state;

    start(&ann, "[\"" HOME "\",\"" ABROAD "\"]");
    (void) operate("UPDATE permitted_ip SET is_active = 0 WHERE id = 1");
    assert_device_refused(
        &ann, "[\"*\"]", HOME, TRIVET_REASON_CREDENTIAL_IP, CREDENTIALS);
    assert_device_refused(&ann, "[\"" HOME "\",\"*\"]", HOME,
        TRIVET_REASON_CREDENTIAL_IP, CREDENTIALS);
    assert_device_refused(&ann, "[\"" HOME "\",\"*\"]", ABROAD,
        TRIVET_REASON_PERMITTED_IPS_FIXED, FIXED);
    assert_int_equal(operate("SELECT SUM(allow_all_ips) FROM api_key"), 0);

    register_from(&ann, "[\"*\"]", ABROAD);
    assert_opens_from(&ann, HOME);
}

static void
a_freed_keys_later_devices_may_name_anything(void **state)
{
    (void) state;

    start(&ann, "[\"*\"]");
    register_from(&ann, "[\"*\"]", THIRD);
    register_from(&ann, "[\"" ABROAD "\"]", THIRD);
    register_from(&ann, "[\"" ABROAD "\",\"*\"]", HOME);
    register_from(&ann, NULL, THIRD);
    assert_opens_from(&ann, "2001:db8::1");
}

static void
a_bound_key_is_worth_nothing_elsewhere(void **state)
{
    (void) state;

    start(&ann, NULL);
    install_from(&ann, ABROAD); /* another installation, where a thief is */
    assert_device_refused(
        &ann, NULL, ABROAD, TRIVET_REASON_CREDENTIAL_IP, CREDENTIALS);
    assert_device_refused(
        &ann, "[\"*\"]", ABROAD, TRIVET_REASON_CREDENTIAL_IP, CREDENTIALS);
    assert_device_refused(&ann, "[\"" ABROAD "\"]", ABROAD,
        TRIVET_REASON_CREDENTIAL_IP, CREDENTIALS);
    assert_key_refused_from(&ann, ABROAD);
}

static void
a_key_serves_the_installation_it_was_registered_with(void **state)
{
    struct sent sent;

    (void) state;

    start(&ann, NULL);
    install_from(&bob, HOME);
    memcpy(bob.api_key, ann.api_key, sizeof bob.api_key);
    make_session(&sent, &bob, HOME);
    assert_refused(
        &sent, TRIVET_REASON_KEY_NOT_REGISTERED, 400, CREDENTIALS, 0);
    register_from(&bob, NULL, HOME);
    assert_opens_from(&bob, HOME);

    /* one that was never bound is registered nowhere */
    get_api_key(&bob);
    make_session(&sent, &bob, HOME);
    assert_refused(
        &sent, TRIVET_REASON_KEY_NOT_REGISTERED, 400, CREDENTIALS, 0);
}

/* ---- installations ------------------------------------------------------ */

static void
an_installation_registers_devices_at_home_alone(void **state)
{
    (void) state;

    get_api_key(&ann);
    install_from(&ann, HOME);
    assert_device_refused(
        &ann, NULL, ABROAD, TRIVET_REASON_INSTALLATION_IP, CREDENTIALS);
    assert_device_refused(
        &ann, "[\"*\"]", ABROAD, TRIVET_REASON_INSTALLATION_IP, CREDENTIALS);
    memset(
        ann.api_key, 'f', TRIVET_TOKEN_LEN); /* before the key is looked at */
    assert_device_refused(
        &ann, NULL, ABROAD, TRIVET_REASON_INSTALLATION_IP, CREDENTIALS);
    assert_device_refused(
        &ann, NULL, HOME, TRIVET_REASON_KEY_UNKNOWN, CREDENTIALS);
}

static void
an_installation_is_freed_by_its_devices_keys(void **state)
{
    struct client other;

    (void) state;

    start(&ann, "[\"" HOME "\",\"" ABROAD "\"]");
    start(&bob, "[\"*\"]");

    get_api_key(&ann);
    assert_device_refused(
        &ann, NULL, THIRD, TRIVET_REASON_INSTALLATION_IP, CREDENTIALS);
    register_from(&ann, NULL, ABROAD); /* a new key, bound to where it comes */
    assert_opens_from(&ann, ABROAD);
    assert_key_refused_from(&ann, HOME);

    other = bob;
    get_api_key(&other);
    register_from(&other, NULL, THIRD);
    assert_opens_from(&other, THIRD);
}

static void
a_session_asks_for_the_keys_addresses_not_the_installations(void **state)
{
    (void) state;

    start(&ann, "[\"" ABROAD "\"]");
    assert_opens_from(&ann, ABROAD);
    assert_key_refused_from(&ann, HOME);
}

/* ---- IPv6 and mapped addresses ------------------------------------------ */

static void
a_mapped_address_is_the_ipv4_one(void **state)
{
    (void) state;

    start(&ann, "[\"::ffff:192.0.2.1\",\"::FFFF:c633:6407\"]");
    assert_opens_from(&ann, "192.0.2.1");
    assert_works_from(&ann, "::ffff:192.0.2.1");
    assert_works_from(&ann, "::ffff:c000:201");
    assert_works_from(&ann, "198.51.100.7");
    /* compatible and translated forms are other addresses */
    assert_session_refused_from(&ann, "::192.0.2.1");
    assert_session_refused_from(&ann, "64:ff9b::192.0.2.1");

    start(&ann, "[\"192.0.2.1\"]");
    assert_opens_from(&ann, "::ffff:192.0.2.1");
}

static void
an_ipv6_address_is_one_in_all_its_forms(void **state)
{
    (void) state;

    get_api_key(&ann);
    install_from(&ann, "2001:db8::1");
    assert_device_refused(
        &ann, NULL, "2001:db8::2", TRIVET_REASON_INSTALLATION_IP, CREDENTIALS);
    register_from(&ann, NULL, "2001:0DB8:0:0:0:0:0:1");
    assert_opens_from(&ann, "2001:db8:0::1");
    assert_session_refused_from(&ann, "2001:db8::2");
    assert_session_refused_from(&ann, "2001:db8::1:0:0:1");
    assert_session_refused_from(&ann, "::1");
    assert_session_refused_from(&ann, HOME);
    assert_key_refused_from(&ann, "2001:db8:0:1::1");
}

/* ---- how many devices -------------------------------------------------- */

/* Copies of the device, so that there are num of them. */
static void
fill_devices(int64_t device_id, const char *more, int num)
{
    (void) operate("INSERT INTO device (created_us, installation_id,"
                   " api_key_id, description, address, user_id)"
                   " WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1"
                   " FROM n WHERE i < %d) SELECT 0, %s, '', d.address,"
                   " d.user_id FROM n, device d WHERE d.id = %lld",
        num, more, (long long) device_id);
}

/* With other installations each time: the key alone is full. */
static void
a_key_has_so_many_devices_and_no_more(void **state)
{
    (void) state;

    start(&ann, NULL);
    install_from(&bob, HOME);
    (void) snprintf(bob.api_key, sizeof bob.api_key, "%s", ann.api_key);
    fill_devices(ann.device_id, "d.installation_id, d.api_key_id",
        TRIVET_MAX_KEY_DEVICES - 1);

    register_from(&bob, NULL, HOME);
    assert_device_refused(&bob, NULL, HOME, TRIVET_REASON_KEY_DEVICES_FULL,
        "The API key has as many devices as it may have.");
    assert_device_refused(&ann, NULL, HOME, TRIVET_REASON_KEY_DEVICES_FULL,
        "The API key has as many devices as it may have.");

    /* Who has a device goes on, and another key is not concerned. */
    assert_opens_from(&ann, HOME);
    assert_opens_from(&bob, HOME);
    get_api_key(&bob);
    register_from(&bob, NULL, HOME);
    assert_opens_from(&bob, HOME);
}

/* A refused first device leaves its key free. */
static void
an_installation_has_so_many_devices_and_no_more(void **state)
{
    struct sent sent;

    (void) state;

    start(&ann, NULL);
    get_api_key(&bob);
    (void) operate(
        "INSERT INTO api_key (id, created_us, updated_us, user_id,"
        " digest, label, expires_us) WITH RECURSIVE n (i) AS (SELECT 2"
        " UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " SELECT 1000 + i, 0, 0, 1, CAST(i AS BLOB), '', 0 FROM n",
        TRIVET_MAX_INSTALLATION_DEVICES - 1);
    fill_devices(ann.device_id, "d.installation_id, 1000 + n.i",
        TRIVET_MAX_INSTALLATION_DEVICES - 1);

    register_from(&ann, NULL, HOME);
    (void) snprintf(ann.api_key, sizeof ann.api_key, "%s", bob.api_key);
    assert_device_refused(&ann, NULL, HOME,
        TRIVET_REASON_INSTALLATION_DEVICES_FULL,
        "The installation has as many devices as it may have.");
    make_session(&sent, &ann, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_NOT_REGISTERED, 400, NULL, 0);

    install_from(&ann, HOME);
    register_from(&ann, NULL, HOME);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(without_a_list_the_callers_address_is_bound),
        WORLD_TEST(a_list_is_bound_as_it_is_given),
        WORLD_TEST(a_list_without_the_caller_locks_it_out),
        WORLD_TEST(the_unspecified_address_is_an_address_and_no_wildcard),
        WORLD_TEST(a_wildcard_in_any_place_frees_the_key),
        WORLD_TEST(a_wildcard_alone_names_no_address),
        WORLD_TEST(a_wildcard_frees_one_key_alone),
        WORLD_TEST(what_the_operator_frees_he_can_bind_again),
        WORLD_TEST(an_inactive_address_is_none),
        WORLD_TEST(a_wildcard_wins_over_an_inactive_address),
        WORLD_TEST(a_list_that_is_none_binds_nothing),
        WORLD_TEST(a_list_has_a_longest),
        WORLD_TEST(a_later_device_may_name_what_is_permitted),
        WORLD_TEST(a_later_device_may_name_nothing_else),
        WORLD_TEST(a_later_wildcard_frees_the_key),
        WORLD_TEST(an_inactive_address_frees_no_key),
        WORLD_TEST(a_freed_keys_later_devices_may_name_anything),
        WORLD_TEST(a_bound_key_is_worth_nothing_elsewhere),
        WORLD_TEST(a_key_serves_the_installation_it_was_registered_with),
        WORLD_TEST(an_installation_registers_devices_at_home_alone),
        WORLD_TEST(an_installation_is_freed_by_its_devices_keys),
        WORLD_TEST(a_session_asks_for_the_keys_addresses_not_the_installations),
        WORLD_TEST(a_mapped_address_is_the_ipv4_one),
        WORLD_TEST(an_ipv6_address_is_one_in_all_its_forms),
        WORLD_TEST(a_key_has_so_many_devices_and_no_more),
        WORLD_TEST(an_installation_has_so_many_devices_and_no_more),
    };

    return cmocka_run_group_tests_name(
        "binding", tests, world_begin, world_end);
}
