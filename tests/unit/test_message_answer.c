/* SPDX-License-Identifier: Apache-2.0 */
/* test_message_answer.c - the exact bytes of each answer but errors and lists
 */
#include "tests/unit/answer_body.h"

#include <stdio.h>

#include "core/message/api_key.h"
#include "core/message/error.h"
#include "core/message/id.h"
#include "core/message/identity.h"
#include "core/message/installation.h"
#include "core/message/list.h"
#include "core/message/session.h"
#include "core/message/text.h"
#include "core/message/user.h"

#define T0      (INT64_C(1535550497580620)) /* 2018-08-29 13:48:17.580620 */
#define T0_TEXT "2018-08-29 13:48:17.580620"
#define TOKEN   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
small_answers_are_compact(void **state)
{
    (void) state;

    assert_body(trivet_empty_answer_write(), "{\"Response\":[]}");
    /* as bunq wrote it, in the recorded vector */
    assert_body(trivet_id_answer_write(1839935170),
        "{\"Response\":[{\"Id\":{\"id\":1839935170}}]}");
    assert_body(trivet_id_answer_write(INT64_MAX),
        "{\"Response\":[{\"Id\":{\"id\":9223372036854775807}}]}");
    assert_body(trivet_api_key_answer_write("sandbox_0"),
        "{\"Response\":[{\"ApiKey\":{\"api_key\":\"sandbox_0\"}}]}");
}

/* slashes=plain: the same JSON, with "/" for "\/" and for nothing else. */
static void
slashes_can_be_plain(void **state)
{
    static const struct {
        const char *before;
        const char *after;
    } rows[] = {
        {"{\"Response\":[]}", "{\"Response\":[]}"},
        {"{\"a\":\"\\/\"}", "{\"a\":\"/\"}"},
        {"{\"a\":\"\\/v1\\/\\/b\"}", "{\"a\":\"/v1//b\"}"},
        /* a backslash in front of a slash stays one */
        {"{\"a\":\"\\\\\\/\"}", "{\"a\":\"\\\\/\"}"},
        {"{\"\\/\":\"\\n\\u00e9\\\"\\/\",\"b\":[1,null,-2,\"\"]}",
            "{\"/\":\"\\n\\u00E9\\\"/\",\"b\":[1,null,-2,\"\"]}"},
        /* the order stays */
        {"{\"b\":\"\\/\",\"a\":{\"z\":1,\"y\":2}}",
            "{\"b\":\"/\",\"a\":{\"z\":1,\"y\":2}}"},
        /* what is plain already */
        {"{\"a\":\"/\"}", "{\"a\":\"/\"}"},
    };
    struct trivet_buffer empty = {0};

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_buffer body = trivet_buffer_make(1000);

        assert_int_equal(
            trivet_buffer_append(&body, trivet_slice_text(rows[i].before)),
            TRIVET_OK);
        assert_int_equal(trivet_message_plain_slashes(&body), TRIVET_OK);
        assert_body(body, rows[i].after);
    }

    assert_int_equal(trivet_message_plain_slashes(&empty), TRIVET_OK);
    assert_null(empty.data);
}

#define TOKEN_JSON(id)                                                         \
    "{\"Token\":{\"id\":" id ",\"created\":\"" T0_TEXT                         \
    "\",\"updated\":\"" T0_TEXT "\",\"token\":\"" TOKEN "\"}}"

static void
an_installation_is_id_token_and_server_key_in_that_order(void **state)
{
    (void) state;

    assert_body(trivet_installation_answer_write(4916, 16469, T0, TOKEN,
                    "-----BEGIN PUBLIC KEY-----\nMI/+==\n"
                    "-----END PUBLIC KEY-----\n"),
        "{\"Response\":[{\"Id\":{\"id\":4916}}," TOKEN_JSON(
            "16469") ",{\"ServerPublicKey\":{\"server_public_key\":"
                     "\"-----BEGIN PUBLIC KEY-----\\nMI\\/+==\\n"
                     "-----END PUBLIC KEY-----\\n\"}}]}");
}

#define PERSON_START                                                           \
    "{\"UserPerson\":{\"id\":1822179,"                                         \
    "\"created\":\"" T0_TEXT "\","                                             \
    "\"updated\":\"2018-08-29 13:48:17.580621\","                              \
    "\"public_uuid\":\"01234567-89ab-4def-8123-456789abcdef\","
#define PERSON_END                                                             \
    "\"alias\":[],\"status\":\"ACTIVE\",\"sub_status\":\"NONE\","              \
    "\"language\":\"en_US\",\"region\":\"nl_NL\","                             \
    "\"session_timeout\":604800,"                                              \
    "\"daily_limit_without_confirmation_login\":"                              \
    "{\"currency\":\"EUR\",\"value\":\"250.00\"},"                             \
    "\"notification_filters\":[],\"relations\":[],"
#define PERSON                                                                 \
    PERSON_START                                                               \
    "\"display_name\":\"Anna de Vries\","                                      \
    "\"public_nick_name\":\"Anna de Vries\"," PERSON_END                       \
    "\"first_name\":\"Anna\",\"middle_name\":\"\","                            \
    "\"last_name\":\"de Vries\",\"legal_name\":\"Anna de Vries\","             \
    "\"date_of_birth\":\"1990-01-01\",\"nationality\":\"NL\"}}"

static struct trivet_user
make_user(const char *name)
{
    struct trivet_user user = {
        .id = 1822179,
        .created_us = T0,
        .updated_us = T0 + 1,
        .kind = TRIVET_USER_PERSON,
        .public_uuid = "01234567-89ab-4def-8123-456789abcdef",
        .session_timeout_s = 604800,
    };

    (void) snprintf(user.display_name, sizeof user.display_name, "%s", name);
    return user;
}

static void
a_session_is_id_token_and_user_in_that_order(void **state)
{
    struct trivet_user user = make_user("Anna de Vries");

    (void) state;

    assert_body(trivet_session_answer_write(25536694, T0, TOKEN, &user),
        "{\"Response\":[{\"Id\":{\"id\":25536694}}," TOKEN_JSON(
            "25536694") "," PERSON "]}");
}

static struct trivet_buffer
user_list(const struct trivet_user *user)
{
    static const struct trivet_page_urls none;
    struct trivet_list *list = trivet_list_new();
    struct trivet_buffer body;

    assert_non_null(list);
    trivet_list_add_user(list, user);
    body = trivet_list_answer_write(list, &none);
    trivet_list_free(list);

    return body;
}

static void
a_user_stands_alone_or_in_a_list_of_one_page(void **state)
{
    struct trivet_user user = make_user("Anna de Vries");

    (void) state;

    assert_body(trivet_user_answer_write(&user), "{\"Response\":[" PERSON "]}");
    assert_body(user_list(&user),
        "{\"Response\":[" PERSON "],\"Pagination\":{\"future_url\":null,"
        "\"newer_url\":null,\"older_url\":null}}");
}

static void
a_company_has_a_name_and_no_birthday(void **state)
{
    struct trivet_user user = make_user("B/V");

    (void) state;

    user.kind = TRIVET_USER_COMPANY;
    user.session_timeout_s = TRIVET_MAX_SESSION_TIMEOUT_S;
    assert_body(trivet_user_answer_write(&user),
        "{\"Response\":[{\"UserCompany\":{\"id\":1822179,"
        "\"created\":\"" T0_TEXT "\","
        "\"updated\":\"2018-08-29 13:48:17.580621\","
        "\"public_uuid\":\"01234567-89ab-4def-8123-456789abcdef\","
        "\"display_name\":\"B\\/V\",\"public_nick_name\":\"B\\/V\","
        "\"alias\":[],\"status\":\"ACTIVE\",\"sub_status\":\"NONE\","
        "\"language\":\"en_US\",\"region\":\"nl_NL\","
        "\"session_timeout\":2147483,"
        "\"daily_limit_without_confirmation_login\":"
        "{\"currency\":\"EUR\",\"value\":\"250.00\"},"
        "\"notification_filters\":[],\"relations\":[],"
        "\"name\":\"B\\/V\",\"legal_name\":\"B\\/V\"}}]}");
}

static void
names_are_ascii_on_the_wire(void **state)
{
    static const struct {
        const char *name;
        const char *json;
        const char *first;
        const char *last;
    } rows[] = {
        {"J\xc3\xb6rg", "J\\u00F6rg", "J\\u00F6rg", ""},
        {"\xf0\x9f\x98\x80 \xe2\x82\xac", "\\uD83D\\uDE00 \\u20AC",
            "\\uD83D\\uDE00", "\\u20AC"},
        {"a\"b\\ c\n\x01", "a\\\"b\\\\ c\\n\\u0001", "a\\\"b\\\\",
            "c\\n\\u0001"},
        {"", "", "", ""},
        {" x", " x", "", "x"},
    };
    char expected[2000];

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_user user = make_user(rows[i].name);

        (void) snprintf(expected, sizeof expected,
            "{\"Response\":[" PERSON_START "\"display_name\":\"%s\","
            "\"public_nick_name\":\"%s\"," PERSON_END
            "\"first_name\":\"%s\",\"middle_name\":\"\",\"last_name\":\"%s\","
            "\"legal_name\":\"%s\",\"date_of_birth\":\"1990-01-01\","
            "\"nationality\":\"NL\"}}]}",
            rows[i].json, rows[i].json, rows[i].first, rows[i].last,
            rows[i].json);
        assert_body(trivet_user_answer_write(&user), expected);
    }
}

/* Text that cannot be JSON gives no body, rather than half of one. */
static void
what_is_not_utf8_gives_no_body(void **state)
{
    struct trivet_user user = make_user("\xff\xfe x");
    struct trivet_buffer bodies[7];

    (void) state;

    bodies[0] = trivet_user_answer_write(&user);
    bodies[1] = user_list(&user);
    bodies[2] = trivet_session_answer_write(1, T0, TOKEN, &user);
    bodies[3] = trivet_installation_answer_write(1, 2, T0, TOKEN, "\xff");
    user.kind = TRIVET_USER_COMPANY;
    bodies[4] = trivet_user_answer_write(&user);
    bodies[5] = trivet_error_answer_write(
        TRIVET_REASON_SESSION_NOT_FOUND, "\xff", trivet_slice_text("nl_NL"));
    bodies[6] = trivet_api_key_answer_write("\xff");

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_null(bodies[i].data);
        assert_int_equal(bodies[i].len, 0);
        trivet_buffer_free(&bodies[i]);
    }
}

#define IDENTITY_START                                                         \
    "{\"Response\":[{\"Identity\":{\"user_id\":1,\"device_id\":2,"             \
    "\"session_id\":3,\"api_key_id\":4,\"installation_id\":5,"                 \
    "\"method\":\"POST\""

static struct trivet_buffer
identity_of(const void *target, size_t target_len)
{
    static const struct trivet_identity identity = {1, 2, 3, 4, 5};

    return trivet_identity_answer_write(&identity,
        trivet_slice_make("POSTER", 4), trivet_slice_make(target, target_len),
        42);
}

static void
an_identity_repeats_the_target_unless_it_is_no_text(void **state)
{
    (void) state;

    assert_body(identity_of("/v1/payment?a=b&c", 11),
        IDENTITY_START ",\"path\":\"\\/v1\\/payment\",\"body_length\":42}}]}");
    assert_body(identity_of("\"\\\n\xc3\xa9", 5), IDENTITY_START
        ",\"path\":\"\\\"\\\\\\n\\u00E9\",\"body_length\":42}}]}");
    assert_body(identity_of("", 0),
        IDENTITY_START ",\"path\":\"\",\"body_length\":42}}]}");
    assert_body(
        identity_of("/\xff", 2), IDENTITY_START ",\"body_length\":42}}]}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_answers_are_compact),
        cmocka_unit_test(slashes_can_be_plain),
        cmocka_unit_test(
            an_installation_is_id_token_and_server_key_in_that_order),
        cmocka_unit_test(a_session_is_id_token_and_user_in_that_order),
        cmocka_unit_test(a_user_stands_alone_or_in_a_list_of_one_page),
        cmocka_unit_test(a_company_has_a_name_and_no_birthday),
        cmocka_unit_test(names_are_ascii_on_the_wire),
        cmocka_unit_test(what_is_not_utf8_gives_no_body),
        cmocka_unit_test(an_identity_repeats_the_target_unless_it_is_no_text),
    };

    return cmocka_run_group_tests_name("message_answer", tests, NULL, NULL);
}
