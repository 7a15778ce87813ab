/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_message.c - requests written, answers read */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/message/api_key.h"
#include "core/message/credential.h"
#include "core/message/device.h"
#include "core/message/id.h"
#include "core/message/installation.h"
#include "core/message/psp.h"
#include "core/message/session.h"
#include "core/message/text.h"

#define TOKEN "{\"Token\":{\"id\":2,\"token\":\"abc\"}}"
#define USER  "{\"UserPerson\":{\"id\":4,\"session_timeout\":300}}"

static void
assert_body(struct trivet_buffer body, const char *expected)
{
    assert_int_equal(body.len, strlen(expected));
    assert_memory_equal(body.data, expected, body.len);
    trivet_buffer_free(&body);
}

static void
requests_are_written(void **state)
{
    static const char *const ips[] = {"1.2.3.4", "*"};

    (void) state;

    assert_body(trivet_installation_request_write("A\nB\n"),
        "{\"client_public_key\":\"A\\nB\\n\"}");
    assert_body(trivet_session_request_write(trivet_slice_text("k\"y")),
        "{\"secret\":\"k\\\"y\"}");
    assert_body(
        trivet_device_request_write("me", trivet_slice_text("k"), NULL, 0),
        "{\"description\":\"me\",\"secret\":\"k\"}");
    assert_body(
        trivet_device_request_write("me", trivet_slice_text("k"), ips, 2),
        "{\"description\":\"me\",\"secret\":\"k\","
        "\"permitted_ips\":[\"1.2.3.4\",\"*\"]}");
    assert_null(
        trivet_device_request_write("\xff", trivet_slice_text("k"), NULL, 0)
            .data);
}

static void
answers_are_read_in_any_order(void **state)
{
    struct trivet_session_answer answer;
    struct trivet_error err;

    (void) state;

    assert_int_equal(
        trivet_session_answer_read(
            trivet_slice_text("{\"Response\":[" USER ",{\"New\":{}}," TOKEN
                              ",{\"Id\":{\"id\":1}}]}"),
            &answer, &err),
        TRIVET_OK);
    assert_string_equal((char *) answer.token.bytes, "abc");
    assert_string_equal(answer.holder.type, "UserPerson");
    assert_true(answer.holder.id == 4);
    assert_true(answer.holder.session_timeout_s == 300);
}

static void
a_user_api_key_takes_its_timeout_from_the_requester(void **state)
{
    struct trivet_session_answer answer;

    (void) state;

    assert_int_equal(
        trivet_session_answer_read(
            trivet_slice_text(
                "{\"Response\":[" TOKEN ",{\"UserApiKey\":{\"id\":9,"
                "\"requested_by_user\":{\"UserCompany\":{\"id\":8,"
                "\"display_name\":\"X\",\"session_timeout\":60}}}}]}"),
            &answer, NULL),
        TRIVET_OK);
    assert_true(answer.holder.id == 9);
    assert_true(answer.holder.requester_id == 8);
    assert_true(answer.holder.session_timeout_s == 60);
    assert_string_equal(answer.holder.name, "X");
}

static void
a_timeout_is_bounded(void **state)
{
    struct trivet_session_answer answer;

    (void) state;

    assert_int_equal(
        trivet_session_answer_read(
            trivet_slice_text(
                "{\"Response\":[" TOKEN ",{\"UserPerson\":{\"id\":1,"
                "\"session_timeout\":9223372036854775807}}]}"),
            &answer, NULL),
        TRIVET_OK);
    assert_true(answer.holder.session_timeout_s < INT64_C(400000000));
}

static void
what_is_no_answer_is_refused(void **state)
{
    static const char *const bodies[] = {"", "[]", "{}", "<html>",
        "{\"Response\":[]}", "{\"Response\":{}}", "{\"Response\":[" TOKEN "]}",
        "{\"Response\":[" USER "]}",
        "{\"Response\":[{\"Token\":{\"token\":7}}," USER "]}",
        "{\"Response\":[{\"Token\":{\"token\":\"\"}}," USER "]}",
        "{\"Response\":[{\"Token\":{\"token\":\"a\\r\\nb\"}}," USER "]}",
        "{\"Response\":[" TOKEN ",{\"UserPerson\":{\"id\":\"4\"}}]}"};

    (void) state;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct trivet_session_answer answer;
        struct trivet_error err = {.detail = ""};

        assert_int_equal(trivet_session_answer_read(
                             trivet_slice_text(bodies[i]), &answer, &err),
            TRIVET_E_MALFORMED);
        assert_true(err.detail[0] != '\0');
    }
}

static void
an_installation_needs_both_token_and_key(void **state)
{
    struct trivet_installation_answer answer;

    (void) state;

    assert_int_equal(
        trivet_installation_answer_read(
            trivet_slice_text("{\"Response\":[" TOKEN "]}"), &answer, NULL),
        TRIVET_E_MALFORMED);
    assert_int_equal(
        trivet_installation_answer_read(
            trivet_slice_text(
                "{\"Response\":[{\"ServerPublicKey\":{\"server_public_key\":"
                "\"PEM\"}}," TOKEN "]}"),
            &answer, NULL),
        TRIVET_OK);
    assert_string_equal(answer.public_key, "PEM");
}

/* As the gateway reads it. */
static void
a_provider_asks_for_its_api_key(void **state)
{
    static struct trivet_psp_request read;
    struct trivet_buffer body =
        trivet_psp_request_write(trivet_slice_text("A\nB"),
            trivet_slice_text("C\n"), trivet_slice_text("AA=="));
    (void) state;

    assert_int_equal(
        trivet_psp_request_read(trivet_buffer_slice(&body), &read).reason,
        TRIVET_REASON_NONE);
    assert_int_equal(read.certificate_len, 3);
    assert_memory_equal(read.certificate, "A\nB", 3);
    assert_int_equal(read.chain_len, 2);
    assert_memory_equal(read.chain, "C\n", 2);
    assert_memory_equal(read.signature, "AA==", 4);
    trivet_buffer_free(&body);

    body = trivet_psp_request_write(trivet_slice_text("\xff"),
        trivet_slice_text(""), trivet_slice_text("AA=="));
    assert_null(body.data);
}

static void
its_api_key_is_in_the_answer(void **state)
{
    static const char *const without[] = {
        "{\"Response\":[]}",
        "{\"Response\":[{\"Id\":{\"id\":1}}]}",
        "{\"Response\":[{\"CredentialPasswordIp\":{\"id\":1}}]}",
        "{\"Response\":[{\"CredentialPasswordIp\":{\"token_value\":null}}]}",
        "{\"Response\":[{\"CredentialPasswordIp\":{\"token_value\":\"\"}}]}",
    };
    struct trivet_secret key;
    (void) state;

    assert_int_equal(
        trivet_credential_answer_read(
            trivet_slice_text("{\"Response\":[{\"CredentialPasswordIp\":"
                              "{\"id\":1,\"token_value\":\"abc\"}}]}"),
            &key, NULL),
        TRIVET_OK);
    assert_string_equal((const char *) key.bytes, "abc");

    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        assert_int_equal(trivet_credential_answer_read(
                             trivet_slice_text(without[i]), &key, NULL),
            TRIVET_E_MALFORMED);
    }
}

static void
an_endless_answer_is_not_parsed(void **state)
{
    static char text[TRIVET_MAX_PARSED_ANSWER + 1];
    struct trivet_slice body = trivet_slice_make(text, sizeof text);
    int64_t id;

    (void) state;

    memset(text, ' ', sizeof text);
    memcpy(text, "{\"Response\":[{\"Id\":{\"id\":1}}]}", 30);
    assert_int_equal(
        trivet_id_answer_read(body, &id, NULL), TRIVET_E_MALFORMED);
    body.len--;
    assert_int_equal(trivet_id_answer_read(body, &id, NULL), TRIVET_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_written),
        cmocka_unit_test(answers_are_read_in_any_order),
        cmocka_unit_test(a_user_api_key_takes_its_timeout_from_the_requester),
        cmocka_unit_test(a_timeout_is_bounded),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(a_provider_asks_for_its_api_key),
        cmocka_unit_test(its_api_key_is_in_the_answer),
        cmocka_unit_test(an_endless_answer_is_not_parsed),
        cmocka_unit_test(an_installation_needs_both_token_and_key),
    };

    return cmocka_run_group_tests_name("client_message", tests, NULL, NULL);
}
