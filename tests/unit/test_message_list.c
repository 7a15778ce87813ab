/* SPDX-License-Identifier: Apache-2.0 */
/* test_message_list.c - the exact bytes of what is shown; the account */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/message/credential.h"
#include "core/message/device.h"
#include "core/message/id.h"
#include "core/message/installation.h"
#include "core/message/list.h"
#include "core/message/monetary_account.h"
#include "core/message/permitted_ip.h"
#include "core/message/user.h"
#include "sandbox/account.h"

#define T0      (INT64_C(1535550497580620)) /* 2018-08-29 13:48:17.580620 */
#define T0_TEXT "2018-08-29 13:48:17.580620"
#define T1_TEXT "2018-08-29 13:48:17.580621"

static const struct trivet_address ipv4 = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}};
static const struct trivet_address ipv6 = {
    {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

static struct trivet_list *list;

static int
set_up(void **state)
{
    (void) state;

    list = trivet_list_new();
    return list == NULL;
}

static int
tear_down(void **state)
{
    (void) state;

    trivet_list_free(list);
    return 0;
}

static void
assert_shown(const struct trivet_page_urls *urls, const char *expected)
{
    struct trivet_buffer body = trivet_list_answer_write(list, urls);

    assert_non_null(body.data);
    assert_int_equal(body.len, strlen(body.data));
    assert_string_equal(body.data, expected);
    trivet_buffer_free(&body);
}

static void
a_page_has_three_urls_or_nulls(void **state)
{
    static const struct trivet_page_urls none;
    static const struct trivet_page_urls some = {
        .future = "/v1/x?newer_id=2", .older = "/v1/x?older_id=1"};

    (void) state;

    assert_shown(NULL, "{\"Response\":[]}");
    assert_shown(&none, "{\"Response\":[],\"Pagination\":{\"future_url\":null,"
                        "\"newer_url\":null,\"older_url\":null}}");
    trivet_list_add_id(list, 2);
    trivet_list_add_id(list, INT64_MAX);
    assert_shown(NULL, "{\"Response\":[{\"Id\":{\"id\":2}},"
                       "{\"Id\":{\"id\":9223372036854775807}}]}");
    assert_shown(&some,
        "{\"Response\":[{\"Id\":{\"id\":2}},"
        "{\"Id\":{\"id\":9223372036854775807}}],"
        "\"Pagination\":{\"future_url\":\"\\/v1\\/x?newer_id=2\","
        "\"newer_url\":null,\"older_url\":\"\\/v1\\/x?older_id=1\"}}");
}

static void
a_server_key_is_its_pem(void **state)
{
    (void) state;

    trivet_list_add_server_key(list, "-----\nMI/+==\n-----\n");
    assert_shown(NULL, "{\"Response\":[{\"ServerPublicKey\":"
                       "{\"server_public_key\":"
                       "\"-----\\nMI\\/+==\\n-----\\n\"}}]}");
}

#define DEVICE(status)                                                         \
    "{\"DeviceServer\":{\"id\":74,\"created\":\"" T0_TEXT                      \
    "\",\"updated\":\"" T0_TEXT "\",\"ip\":\"1.2.3.4\","                       \
    "\"description\":\"a \\\"laptop\\\" \\u00E9\",\"status\":\"" status "\"}}"

static struct trivet_device
make_device(void)
{
    return (struct trivet_device){.id = 74,
        .created_us = T0,
        .description = "a \"laptop\" \xc3\xa9",
        .address = ipv4};
}

static void
a_device_is_active_until_its_key_is_revoked(void **state)
{
    struct trivet_device device = make_device();

    (void) state;

    trivet_list_add_device(list, &device);
    device.is_blocked = true;
    trivet_list_add_device(list, &device);
    assert_shown(
        NULL, "{\"Response\":[" DEVICE("ACTIVE") "," DEVICE("BLOCKED") "]}");
}

#define CREDENTIAL(status, expiry, device)                                     \
    "{\"Response\":[{\"CredentialPasswordIp\":{\"id\":184760,"                 \
    "\"created\":\"" T0_TEXT "\",\"updated\":\"" T1_TEXT                       \
    "\",\"status\":\"" status "\",\"expiry_time\":" expiry                     \
    ",\"token_value\":null,\"permitted_device\":" device "}}]}"

static struct trivet_api_key_view
make_credential(void)
{
    return (struct trivet_api_key_view){
        .id = 184760, .created_us = T0, .updated_us = T0 + 1, .expires_us = T0};
}

static void
a_pending_credential_tells_its_end(void **state)
{
    struct trivet_api_key_view credential = make_credential();

    (void) state;

    trivet_list_add_credential(list, &credential);
    assert_shown(
        NULL, CREDENTIAL("PENDING_FIRST_USE", "\"" T0_TEXT "\"", "null"));
}

#define PERMITTED_DEVICE                                                       \
    "{\"description\":\"a \\\"laptop\\\" \\u00E9\",\"ip\":\"1.2.3.4\"}"

static void
an_active_credential_tells_its_device(void **state)
{
    struct trivet_api_key_view credential = make_credential();

    (void) state;

    credential.status = TRIVET_API_KEY_ACTIVE;
    credential.has_device = true;
    credential.bound = make_device();
    trivet_list_add_credential(list, &credential);
    assert_shown(NULL, CREDENTIAL("ACTIVE", "null", PERMITTED_DEVICE));
}

static void
a_revoked_credential_is_inactive(void **state)
{
    struct trivet_api_key_view credential = make_credential();

    (void) state;

    credential.status = TRIVET_API_KEY_REVOKED;
    trivet_list_add_credential(list, &credential);
    assert_shown(NULL, CREDENTIAL("INACTIVE", "null", "null"));
}

#define PERMITTED_IP(ip, status)                                               \
    "{\"PermittedIp\":{\"id\":9,\"created\":\"" T0_TEXT                        \
    "\",\"updated\":\"" T1_TEXT "\",\"ip\":\"" ip "\",\"status\":\"" status    \
    "\"}}"

static void
a_permitted_ip_has_five_fields(void **state)
{
    struct trivet_permitted_ip ip = {.id = 9,
        .created_us = T0,
        .updated_us = T0 + 1,
        .address = ipv4,
        .is_active = true};

    (void) state;

    trivet_list_add_permitted_ip(list, &ip);
    ip.is_active = false;
    ip.address = ipv6;
    trivet_list_add_permitted_ip(list, &ip);
    assert_shown(NULL,
        "{\"Response\":[" PERMITTED_IP("1.2.3.4", "ACTIVE") "," PERMITTED_IP(
            "2001:db8::1", "INACTIVE") "]}");
}

/* ---- accounts ----------------------------------------------------------- */

static struct trivet_user
make_user(int64_t id)
{
    return (struct trivet_user){.id = id,
        .created_us = T0,
        .updated_us = T0 + 1,
        .display_name = "Anna de Vries"};
}

static void
an_account_has_what_clients_read(void **state)
{
    struct trivet_user user = make_user(42);
    struct trivet_account account;

    (void) state;

    trivet_account_of(&user, &account);
    trivet_list_add_account(list, &account);
    assert_shown(NULL,
        "{\"Response\":[{\"MonetaryAccountBank\":{\"id\":1000042,"
        "\"created\":\"" T0_TEXT "\",\"updated\":\"" T1_TEXT
        "\",\"description\":\"Main\",\"currency\":\"EUR\","
        "\"status\":\"ACTIVE\",\"sub_status\":\"NONE\",\"user_id\":42,"
        "\"timezone\":\"europe\\/amsterdam\","
        "\"balance\":{\"value\":\"0.00\",\"currency\":\"EUR\"},"
        "\"daily_limit\":{\"value\":\"1000.00\",\"currency\":\"EUR\"},"
        "\"overdraft_limit\":{\"value\":\"0.00\",\"currency\":\"EUR\"},"
        "\"alias\":[{\"type\":\"IBAN\",\"value\":\"NL57BUNQ2025000042\","
        "\"name\":\"Anna de Vries\"}],\"notification_filters\":[]}}]}");
}

/* Turned and written in digits, an IBAN is 1 modulo 97 (ISO 13616). */
static int
check_of(const char *iban)
{
    char turned[64];
    int rest = 0;

    (void) snprintf(turned, sizeof turned, "%.59s%.4s", iban + 4, iban);
    for (const char *p = turned; *p != '\0'; p++) {
        char digits[8];

        (void) snprintf(
            digits, sizeof digits, "%d", *p >= 'A' ? *p - 'A' + 10 : *p - '0');
        for (const char *d = digits; *d != '\0'; d++) {
            rest = (rest * 10 + *d - '0') % 97;
        }
    }

    return rest;
}

static void
assert_iban(int64_t user_id)
{
    struct trivet_user user = make_user(user_id);
    struct trivet_account account;

    trivet_account_of(&user, &account);
    assert_int_equal(strlen(account.iban), 18);
    assert_memory_equal(account.iban, "NL", 2);
    assert_memory_equal(account.iban + 4, "BUNQ", 4);
    assert_int_equal(strspn(account.iban + 8, "0123456789"), 10);
    assert_int_equal(check_of(account.iban), 1);
    /* 00, 01 and 99 give 1 as well, and are no check digits */
    assert_in_range(
        strtol((char[]){account.iban[2], account.iban[3], '\0'}, NULL, 10), 2,
        98);
    assert_true(account.id > 0);
}

static void
every_user_has_a_right_iban(void **state)
{
    static const int64_t ids[] = {INT64_C(7974999999), INT64_C(7975000000),
        INT64_C(10000000000), INT64_MAX, -1, INT64_MIN};

    (void) state;

    assert_int_equal(check_of("NL91ABNA0417164300"), 1); /* a known one */
    for (int64_t id = 0; id < 5000; id++) {
        assert_iban(id);
    }
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct trivet_user user = make_user(ids[i]);
        struct trivet_account account;

        trivet_account_of(&user, &account);
        assert_int_equal(strlen(account.iban), 18);
        assert_int_equal(check_of(account.iban), 1);
    }
}

/* ---- what cannot be shown ----------------------------------------------- */

/* Not even the elements that could be made are sent then. */
static void
what_is_not_utf8_gives_no_body(void **state)
{
    struct trivet_device device = make_device();
    struct trivet_buffer body;

    (void) state;

    trivet_list_add_id(list, 1);
    memcpy(device.description, "\xff\xfe", 3);
    trivet_list_add_device(list, &device);
    trivet_list_add_id(list, 2);
    body = trivet_list_answer_write(list, NULL);
    assert_null(body.data);
    assert_int_equal(body.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_has_three_urls_or_nulls),
        TEST(a_server_key_is_its_pem),
        TEST(a_device_is_active_until_its_key_is_revoked),
        TEST(a_pending_credential_tells_its_end),
        TEST(an_active_credential_tells_its_device),
        TEST(a_revoked_credential_is_inactive),
        TEST(a_permitted_ip_has_five_fields),
        TEST(an_account_has_what_clients_read),
        TEST(every_user_has_a_right_iban),
        TEST(what_is_not_utf8_gives_no_body),
    };

    return cmocka_run_group_tests_name("message_list", tests, NULL, NULL);
}
