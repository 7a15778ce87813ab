/* SPDX-License-Identifier: Apache-2.0 */
/* test_binding.c - which addresses an API key and an installation work from */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/binding.h"

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
        WORLD_TEST(a_mapped_address_is_the_ipv4_one),
        WORLD_TEST(an_ipv6_address_is_one_in_all_its_forms),
    };

    return cmocka_run_group_tests_name(
        "binding", tests, world_begin, world_end);
}
