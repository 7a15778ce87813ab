/* SPDX-License-Identifier: Apache-2.0 */
/* test_message_fields.c - the fields of requests: names, types, lengths */
#include "tests/unit/complaint.h"

#include <stdio.h>

static void
a_required_field_is_a_string_of_some_length(void **state)
{
    static const struct {
        const char *value;
        enum trivet_reason reason;
    } rows[] = {
        {"null", TRIVET_REASON_FIELD_MISSING},
        {"\"\"", TRIVET_REASON_FIELD_MISSING},
        {"true", TRIVET_REASON_FIELD_INVALID},
        {"false", TRIVET_REASON_FIELD_INVALID},
        {"0", TRIVET_REASON_FIELD_INVALID},
        {"42", TRIVET_REASON_FIELD_INVALID},
        {"-1.5e3", TRIVET_REASON_FIELD_INVALID},
        {"[]", TRIVET_REASON_FIELD_INVALID},
        {"[\"k\"]", TRIVET_REASON_FIELD_INVALID},
        {"{}", TRIVET_REASON_FIELD_INVALID},
        {"{\"secret\":\"k\"}", TRIVET_REASON_FIELD_INVALID},
        {"\"k\"", TRIVET_REASON_NONE},
        {"\" \"", TRIVET_REASON_NONE},
        {"\"\\u00e9\\ud83d\\ude00\"", TRIVET_REASON_NONE},
    };
    char body[200];

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = rows[i].value;
        enum trivet_reason reason = rows[i].reason;
        bool is_bad = reason != TRIVET_REASON_NONE;

        (void) snprintf(body, sizeof body, "{\"client_public_key\":%s}", value);
        assert_complaint(body, read_installation(trivet_slice_text(body)),
            reason, is_bad ? "client_public_key" : NULL);

        (void) snprintf(body, sizeof body, "{\"secret\":%s}", value);
        assert_complaint(body, read_session(trivet_slice_text(body)), reason,
            is_bad ? "secret" : NULL);

        (void) snprintf(
            body, sizeof body, "{\"secret\":%s,\"description\":\"d\"}", value);
        assert_complaint(body, read_device(trivet_slice_text(body)), reason,
            is_bad ? "secret" : NULL);

        (void) snprintf(
            body, sizeof body, "{\"secret\":\"k\",\"description\":%s}", value);
        assert_complaint(body, read_device(trivet_slice_text(body)), reason,
            is_bad ? "description" : NULL);
    }
}

static void
a_name_has_one_spelling_and_one_place(void **state)
{
    static const char *const missing[] = {
        "{\"Secret\":\"k\"}",
        "{\"SECRET\":\"k\"}",
        "{\"secret \":\"k\"}",
        "{\" secret\":\"k\"}",
        "{\"secre\":\"k\"}",
        "{\"secrets\":\"k\"}",
        "{\"x\":{\"secret\":\"k\"}}",
        "{\"Request\":[{\"secret\":\"k\"}]}",
        "{\"\":\"k\"}",
    };
    static const char *const found[] = {
        "{\"secret\":\"k\"}",
        "{\"s\\u0065cret\":\"k\"}",
        "\r\n\t { \"secret\" \n:\t \"k\" } \r\n",
        "{\"a\":null,\"secret\":\"k\",\"b\":[[[{}]]],\"c\":{\"secret\":1}}",
        "{\"Secret\":\"l\",\"secret\":\"k\"}",
    };
    static struct trivet_session_request request;

    (void) state;

    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        assert_complaint(missing[i],
            read_session(trivet_slice_text(missing[i])),
            TRIVET_REASON_FIELD_MISSING, "secret");
    }

    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++) {
        assert_complaint(found[i],
            trivet_session_request_read(trivet_slice_text(found[i]), &request),
            TRIVET_REASON_NONE, NULL);
        assert_true(
            trivet_slice_is(trivet_secret_slice(&request.api_key), "k"));
    }
}

/* {"field":"xxxx"}, with num_bytes of x, and a tail before the brace. */
static struct trivet_slice
long_body(const char *field, size_t num_bytes, const char *tail)
{
    static char body[8192];
    size_t len = (size_t) snprintf(body, sizeof body, "{\"%s\":\"", field);

    assert_true(len + num_bytes + strlen(tail) + 2 < sizeof body);
    memset(body + len, 'x', num_bytes);
    len += num_bytes;
    len += (size_t) snprintf(body + len, sizeof body - len, "\"%s}", tail);

    return trivet_slice_make(body, len);
}

static void
each_string_has_its_maximum(void **state)
{
    static struct trivet_installation_request installation;
    static struct trivet_device_request device;
    static struct trivet_session_request session;

    (void) state;

    assert_complaint("key",
        trivet_installation_request_read(
            long_body("client_public_key", TRIVET_MAX_PUBLIC_KEY_TEXT, ""),
            &installation),
        TRIVET_REASON_NONE, NULL);
    assert_int_equal(installation.public_key_len, TRIVET_MAX_PUBLIC_KEY_TEXT);
    assert_complaint("key",
        trivet_installation_request_read(
            long_body("client_public_key", TRIVET_MAX_PUBLIC_KEY_TEXT + 1, ""),
            &installation),
        TRIVET_REASON_FIELD_INVALID, "client_public_key");

    assert_complaint("secret",
        trivet_session_request_read(
            long_body("secret", TRIVET_MAX_API_KEY, ""), &session),
        TRIVET_REASON_NONE, NULL);
    assert_int_equal(session.api_key.len, TRIVET_MAX_API_KEY);
    assert_complaint("secret",
        trivet_session_request_read(
            long_body("secret", TRIVET_MAX_API_KEY + 1, ""), &session),
        TRIVET_REASON_FIELD_INVALID, "secret");

    assert_complaint("description",
        trivet_device_request_read(
            long_body(
                "description", TRIVET_MAX_DESCRIPTION, ",\"secret\":\"k\""),
            &device),
        TRIVET_REASON_NONE, NULL);
    assert_int_equal(strlen(device.description), TRIVET_MAX_DESCRIPTION);
    assert_complaint("description",
        trivet_device_request_read(
            long_body(
                "description", TRIVET_MAX_DESCRIPTION + 1, ",\"secret\":\"k\""),
            &device),
        TRIVET_REASON_FIELD_INVALID, "description");
    assert_complaint("secret",
        trivet_device_request_read(long_body("secret", TRIVET_MAX_API_KEY + 1,
                                       ",\"description\":\"d\""),
            &device),
        TRIVET_REASON_FIELD_INVALID, "secret");
}

static void
a_maximum_is_in_bytes_not_in_characters(void **state)
{
    static struct trivet_session_request session;
    char body[4000] = "{\"secret\":\"";
    size_t len = strlen(body);

    (void) state;

    for (size_t i = 0; i < TRIVET_MAX_API_KEY / 2; i++) {
        memcpy(body + len, "\\u00e9", 6);
        len += 6;
    }
    memcpy(body + len, "\"}", 2);
    assert_complaint("512 bytes",
        trivet_session_request_read(trivet_slice_make(body, len + 2), &session),
        TRIVET_REASON_NONE, NULL);
    assert_int_equal(session.api_key.len, TRIVET_MAX_API_KEY);
    assert_memory_equal(session.api_key.bytes, "\xc3\xa9\xc3\xa9", 4);

    memcpy(body + len, "x\"}", 3);
    assert_complaint("513 bytes",
        trivet_session_request_read(trivet_slice_make(body, len + 3), &session),
        TRIVET_REASON_FIELD_INVALID, "secret");
}

static void
a_public_key_is_kept_exactly_as_it_was_sent(void **state)
{
    static const char *const rows[][2] = {
        {"-----BEGIN PUBLIC KEY-----\\nMIIB\\/+==\\n-----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nMIIB/+==\n-----END PUBLIC KEY-----"},
        {" a\\r\\n\\tb/c \\r\\n ", " a\r\n\tb/c \r\n "},
        {"\\u00e9\xc3\xa9\\\\n\\\"", "\xc3\xa9\xc3\xa9\\n\""},
    };
    static struct trivet_installation_request request;
    char body[200];

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void) snprintf(
            body, sizeof body, "{\"client_public_key\":\"%s\"}", rows[i][0]);
        assert_complaint(body,
            trivet_installation_request_read(trivet_slice_text(body), &request),
            TRIVET_REASON_NONE, NULL);
        assert_true(trivet_slice_is(
            trivet_slice_make(request.public_key, request.public_key_len),
            rows[i][1]));
    }
}

static void
permitted_ips_is_a_list_of_addresses_and_stars(void **state)
{
    static const struct {
        const char *value;
        enum trivet_reason reason;
        bool has_wildcard;
        size_t num_addresses;
    } rows[] = {
        /* another type than a list of texts */
        {"\"*\"", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"\"1.2.3.4\"", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"\"\"", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"{}", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"{\"0\":\"1.2.3.4\"}", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"true", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"false", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"0", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"16909060", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[null]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[true]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[16909060]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[1.2]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[[]]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[[\"1.2.3.4\"]]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[{\"ip\":\"1.2.3.4\"}]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[\"1.2.3.4\",null]", TRIVET_REASON_FIELD_INVALID, false, 0},
        {"[\"*\",7]", TRIVET_REASON_FIELD_INVALID, false, 0},
        /* texts that are no address */
        {"[\"\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\" *\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"**\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"any\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"localhost\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"1.2.3\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"01.2.3.4\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"1.2.3.4/32\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"1.2.3.4:80\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"1.2.3.4 \"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"fe80::1%eth0\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"1.2.3.4,5.6.7.8\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"1.2.3.4\",\"\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        {"[\"*\",\"nonsense\"]", TRIVET_REASON_PERMITTED_IP_INVALID, false, 0},
        /* the caller's address alone */
        {"null", TRIVET_REASON_NONE, false, 0},
        {"[]", TRIVET_REASON_NONE, false, 0},
        /* lists */
        {"[\"*\"]", TRIVET_REASON_NONE, true, 0},
        {"[\"*\",\"*\"]", TRIVET_REASON_NONE, true, 0},
        {"[\"\\u002a\"]", TRIVET_REASON_NONE, true, 0},
        {"[\"1.2.3.4\"]", TRIVET_REASON_NONE, false, 1},
        {"[\"1.2.3.4\",\"*\"]", TRIVET_REASON_NONE, true, 1},
        {"[\"*\",\"1.2.3.4\"]", TRIVET_REASON_NONE, true, 1},
        {"[\"1.2.3.4\",\"::ffff:1.2.3.4\"]", TRIVET_REASON_NONE, false, 1},
        {"[\"1.2.3.4\",\"::1\",\"2001:db8::1\"]", TRIVET_REASON_NONE, false, 3},
        {"[\"0.0.0.0\"]", TRIVET_REASON_NONE, false, 1},
    };
    static struct trivet_device_request request;
    char body[200];

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_bad = rows[i].reason != TRIVET_REASON_NONE;

        /* What the last caller sent must not remain. */
        memset(&request, 0xff, sizeof request);
        (void) snprintf(body, sizeof body,
            "{\"secret\":\"k\",\"description\":\"d\",\"permitted_ips\":%s}",
            rows[i].value);
        assert_complaint(body,
            trivet_device_request_read(trivet_slice_text(body), &request),
            rows[i].reason, is_bad ? "permitted_ips" : NULL);

        if (!is_bad) {
            assert_int_equal(
                request.permitted.has_wildcard, rows[i].has_wildcard);
            assert_int_equal(
                request.permitted.num_addresses, rows[i].num_addresses);
        }
    }

    memset(&request, 0xff, sizeof request);
    assert_complaint("none",
        trivet_device_request_read(
            trivet_slice_text("{\"secret\":\"k\",\"description\":\"d\"}"),
            &request),
        TRIVET_REASON_NONE, NULL);
    assert_false(request.permitted.has_wildcard);
    assert_int_equal(request.permitted.num_addresses, 0);
}

static void
permitted_ips_has_a_maximum(void **state)
{
    static struct trivet_device_request request;
    static char body[16384];
    size_t len = (size_t) snprintf(body, sizeof body,
        "{\"secret\":\"k\",\"description\":\"d\",\"permitted_ips\":[\"*\"");

    (void) state;

    for (int i = 0; i < TRIVET_MAX_PERMITTED_IPS; i++) {
        len += (size_t) snprintf(
            body + len, sizeof body - len, ",\"10.0.%d.%d\"", i / 256, i % 256);
    }

    memcpy(body + len, "]}", 2);
    assert_complaint("256",
        trivet_device_request_read(trivet_slice_make(body, len + 2), &request),
        TRIVET_REASON_NONE, NULL);
    assert_int_equal(request.permitted.num_addresses, TRIVET_MAX_PERMITTED_IPS);

    memcpy(body + len, ",\"10.0.0.0\"]}", 13);
    assert_complaint("256 and one again",
        trivet_device_request_read(trivet_slice_make(body, len + 13), &request),
        TRIVET_REASON_NONE, NULL);

    memcpy(body + len, ",\"10.9.0.0\"]}", 13);
    assert_complaint("257",
        trivet_device_request_read(trivet_slice_make(body, len + 13), &request),
        TRIVET_REASON_PERMITTED_IP_INVALID, "permitted_ips");
}

static void
a_device_is_read_whole(void **state)
{
    static struct trivet_device_request request;

    (void) state;

    assert_complaint("device",
        trivet_device_request_read(
            trivet_slice_text("{\"permitted_ips\":[\"::1\"],"
                              "\"secret\":\"sandbox_\\/\",\"x\":1,"
                              "\"description\":\"My \\\"laptop\\\" \\u00e9\"}"),
            &request),
        TRIVET_REASON_NONE, NULL);
    assert_string_equal(request.description, "My \"laptop\" \xc3\xa9");
    assert_true(
        trivet_slice_is(trivet_secret_slice(&request.api_key), "sandbox_/"));
    assert_int_equal(request.permitted.num_addresses, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_required_field_is_a_string_of_some_length),
        cmocka_unit_test(a_name_has_one_spelling_and_one_place),
        cmocka_unit_test(each_string_has_its_maximum),
        cmocka_unit_test(a_maximum_is_in_bytes_not_in_characters),
        cmocka_unit_test(a_public_key_is_kept_exactly_as_it_was_sent),
        cmocka_unit_test(permitted_ips_is_a_list_of_addresses_and_stars),
        cmocka_unit_test(permitted_ips_has_a_maximum),
        cmocka_unit_test(a_device_is_read_whole),
    };

    return cmocka_run_group_tests_name("message_fields", tests, NULL, NULL);
}
