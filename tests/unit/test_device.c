/* SPDX-License-Identifier: Apache-2.0 */
/* test_device.c - devices registered with a key that is bound; how many */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/binding.h"

#define FIXED                                                                  \
    "The permitted IPs of this API key can only be changed through the "       \
    "permitted IP calls."

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
    sqlite_alone();

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
        WORLD_TEST(a_key_has_so_many_devices_and_no_more),
        WORLD_TEST(an_installation_has_so_many_devices_and_no_more),
    };

    return cmocka_run_group_tests_name("device", tests, world_begin, world_end);
}
