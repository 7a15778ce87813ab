/* SPDX-License-Identifier: Apache-2.0 */
/* test_message.c - hostile bodies, and the exact bytes of each answer */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/message/api_key.h"
#include "core/message/credential.h"
#include "core/message/device.h"
#include "core/message/error.h"
#include "core/message/id.h"
#include "core/message/identity.h"
#include "core/message/installation.h"
#include "core/message/list.h"
#include "core/message/permitted_ip.h"
#include "core/message/psp.h"
#include "core/message/session.h"
#include "core/message/text.h"
#include "core/message/user.h"

#define T0      (INT64_C(1535550497580620)) /* 2018-08-29 13:48:17.580620 */
#define T0_TEXT "2018-08-29 13:48:17.580620"
#define TOKEN   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- requests ----------------------------------------------------------- */

static struct trivet_complaint
read_device(struct trivet_slice body)
{
    static struct trivet_device_request request;

    return trivet_device_request_read(body, &request);
}

static struct trivet_complaint
read_session(struct trivet_slice body)
{
    static struct trivet_session_request request;

    return trivet_session_request_read(body, &request);
}

static struct trivet_complaint
read_installation(struct trivet_slice body)
{
    static struct trivet_installation_request request;

    return trivet_installation_request_read(body, &request);
}

static struct trivet_complaint
read_permitted_ip(struct trivet_slice body)
{
    static struct trivet_permitted_ip_request request;

    return trivet_permitted_ip_request_read(body, &request);
}

typedef struct trivet_complaint reader(struct trivet_slice body);

static reader *const readers[] = {read_installation, read_device, read_session,
    read_permitted_ip, trivet_empty_request_read};

enum { NUM_READERS = sizeof readers / sizeof readers[0] };

static void
assert_complaint(const char *what, struct trivet_complaint complaint,
    enum trivet_reason reason, const char *field)
{
    if (complaint.reason != reason) {
        fail_msg("%s: %s", what, trivet_reason_row(complaint.reason)->id);
    }
    if (field == NULL) {
        assert_null(complaint.field);
    } else {
        assert_non_null(complaint.field);
        assert_string_equal(complaint.field, field);
    }
}

/* No reader takes this body, however many good fields are around. */
static void
assert_not_json(const char *bytes, size_t len)
{
    for (size_t i = 0; i < NUM_READERS; i++) {
        assert_complaint(bytes, readers[i](trivet_slice_make(bytes, len)),
            TRIVET_REASON_JSON_INVALID, NULL);
    }
}

static void
what_is_not_one_json_object_is_refused_by_every_call(void **state)
{
    static const char *const refused[] = {
        " ",
        "\n",
        "\t\r\n ",
        "{",
        "}",
        "{}}",
        "{}{}",
        "{} {}",
        "{},",
        "{} x",
        "x{}",
        "null",
        "true",
        "0",
        "42",
        "\"secret\"",
        "\"{}\"",
        "[]",
        "[{}]",
        "[{\"secret\":\"k\"}]",
        "{\"secret\":\"k\"",
        "{\"secret\":\"k}",
        "{\"secret\":}",
        "{\"secret\"}",
        "{\"secret\" \"k\"}",
        "{secret:\"k\"}",
        "{'secret':'k'}",
        "{\"secret\":\"k\",}",
        "{,\"secret\":\"k\"}",
        "{\"secret\":\"k\"}//",
        "/* */{\"secret\":\"k\"}",
        "{\"secret\":k}",
        "{\"x\":NaN,\"secret\":\"k\"}",
        "{\"x\":Infinity,\"secret\":\"k\"}",
        "{\"x\":01,\"secret\":\"k\"}",
        "{\"x\":+1,\"secret\":\"k\"}",
        "{\"x\":.5,\"secret\":\"k\"}",
        "{\"x\":True,\"secret\":\"k\"}",
        "secret=k",
        "secret=k&description=d",
        "<secret>k</secret>",
        /* strings that break JSON's rules */
        "{\"secret\":\"a\nb\"}",
        "{\"secret\":\"a\tb\"}",
        "{\"secret\":\"\\x41\"}",
        "{\"secret\":\"\\u12\"}",
        "{\"secret\":\"\\uD800\"}",
        "{\"secret\":\"\\uDC00\"}",
        "{\"secret\":\"\\uD800\\u0041\"}",
        /* a NUL in disguise, in values and in names */
        "{\"secret\":\"\\u0000\"}",
        "{\"secret\":\"k\\u0000evil\"}",
        "{\"secret\\u0000\":\"k\"}",
        "{\"secret\":\"k\",\"a\\u0000b\":1}",
        "{\"secret\":\"k\",\"x\":[\"\\u0000\"]}",
        /* one name twice */
        "{\"secret\":\"k\",\"secret\":\"l\"}",
        "{\"secret\":\"k\",\"secret\":\"k\"}",
        "{\"secret\":\"k\",\"s\\u0065cret\":\"l\"}",
        "{\"secret\":\"k\",\"x\":{\"a\":1,\"a\":2}}",
        "{\"secret\":\"k\",\"x\":[{\"a\":1,\"a\":1}]}",
        /* byte order marks, UTF-16 */
        "\xef\xbb\xbf{\"secret\":\"k\"}",
        "\xef\xbb\xbf{}",
        "\xff\xfe{}",
        /* bytes that are not UTF-8: cut, stray, overlong, surrogate, beyond */
        "{\"secret\":\"\xc3\"}",
        "{\"secret\":\"\x80\"}",
        "{\"secret\":\"\xe2\x82\"}",
        "{\"secret\":\"\xc0\xaf\"}",
        "{\"secret\":\"\xc0\x80\"}",
        "{\"secret\":\"\xed\xa0\x80\"}",
        "{\"secret\":\"\xf4\x90\x80\x80\"}",
        "{\"secret\":\"\xff\"}",
        "{\"secret\":\"k\",\"\xff\":1}",
    };

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_not_json(refused[i], strlen(refused[i]));
    }

    assert_not_json("{}\0", 3);
    assert_not_json("\0{}", 3);
    assert_not_json("\0", 1);
    assert_not_json("{\"secret\":\"k\0\"}", 15);
    assert_not_json("{\"secret\":\"k\"}\0", 15);
    assert_not_json("{\0\"\0a\0\"\0:\0001\0}\0", 14);
}

static void
a_depth_bomb_is_refused(void **state)
{
    static const char *const parts[] = {"[", "{\"a\":", "{\"a\":[", "[[]"};
    static char bomb[TRIVET_MAX_CALL_BODY];

    (void) state;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t part_len = strlen(parts[i]);
        size_t len = (size_t) snprintf(bomb, sizeof bomb, "{\"secret\":");

        while (len + part_len <= sizeof bomb) {
            memcpy(bomb + len, parts[i], part_len);
            len += part_len;
        }
        assert_not_json(bomb, len);
    }

    /* ... also one that is closed properly, behind good fields */
    {
        size_t half = 30000;
        size_t len = (size_t) snprintf(bomb, sizeof bomb, "{\"x\":");

        memset(bomb + len, '[', half);
        memset(bomb + len + half, ']', half);
        bomb[len + 2 * half] = '}';
        assert_not_json(bomb, len + 2 * half + 1);
    }
}

static void
a_body_cut_anywhere_is_refused(void **state)
{
    static const char body[] =
        "{\"description\":\"d\\u00e9\",\"secret\":\"k\","
        "\"permitted_ips\":[\"1.2.3.4\",\"*\"],\"x\":{\"y\":[1,2.5e3,null]}}";

    (void) state;

    assert_complaint(
        body, read_device(trivet_slice_text(body)), TRIVET_REASON_NONE, NULL);

    for (size_t len = 1; len < sizeof body - 1; len++) {
        /* A copy of that length: a read behind it would be noticed. */
        char *cut = malloc(len);

        assert_non_null(cut);
        memcpy(cut, body, len);
        assert_complaint(body, read_device(trivet_slice_make(cut, len)),
            TRIVET_REASON_JSON_INVALID, NULL);
        free(cut);
    }
}

static void
an_absent_body_is_an_empty_object(void **state)
{
    static const char *const empty[] = {"", "{}", " {} ", "{\n}\r\n"};

    (void) state;

    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        struct trivet_slice body = trivet_slice_text(empty[i]);

        assert_complaint(empty[i], trivet_empty_request_read(body),
            TRIVET_REASON_NONE, NULL);
        assert_complaint(empty[i], read_installation(body),
            TRIVET_REASON_FIELD_MISSING, "client_public_key");
        assert_complaint(empty[i], read_device(body),
            TRIVET_REASON_FIELD_MISSING, "description");
        assert_complaint(empty[i], read_session(body),
            TRIVET_REASON_FIELD_MISSING, "secret");
    }

    assert_complaint("none",
        trivet_empty_request_read(trivet_slice_make(NULL, 0)),
        TRIVET_REASON_NONE, NULL);
    assert_complaint("anything",
        trivet_empty_request_read(
            trivet_slice_text("{\"a\":[1,{\"b\":null}],\"secret\":7}")),
        TRIVET_REASON_NONE, NULL);
}

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

/* ---- answers ------------------------------------------------------------ */

/* Compares, and frees the body. */
static void
assert_body(struct trivet_buffer body, const char *expected)
{
    assert_non_null(body.data);
    assert_int_equal(body.len, strlen(body.data));
    assert_string_equal(body.data, expected);

    trivet_buffer_free(&body);
    assert_null(body.data);
    assert_int_equal(body.len, 0);
    trivet_buffer_free(&body);
}

static struct trivet_buffer
error_of(enum trivet_reason reason, const char *subject, const char *language)
{
    return trivet_error_answer_write(
        reason, subject, trivet_slice_text(language));
}

#define ERROR_2(text, translated)                                              \
    "{\"Error\":[{\"error_description\":\"" text                               \
    "\",\"error_description_translated\":\"" translated "\"}]}"
#define ERROR(text) ERROR_2(text, text)

static void
an_error_says_its_text_twice(void **state)
{
    (void) state;

    assert_body(error_of(TRIVET_REASON_TOKEN_UNKNOWN, NULL, ""),
        ERROR("Insufficient authentication."));
    assert_body(error_of(TRIVET_REASON_KEY_UNKNOWN, NULL, "nl_NL"),
        ERROR("User credentials are incorrect. Incorrect API key or IP "
              "address."));
    assert_body(error_of((enum trivet_reason) 9999, NULL, ""),
        ERROR("Internal error."));
    assert_body(error_of(TRIVET_REASON_SIGNATURE_MISSING, NULL, "en_US"),
        "{\"Error\":[{\"error_description\":\"For this operation a request "
        "signature is required. Check the urls for more information.\","
        "\"error_description_translated\":\"For this operation a request "
        "signature is required. Check the urls for more information.\","
        "\"error_additional_parameter\":[{\"url_together_post\":"
        "\"https:\\/\\/together.bunq.com\\/d\\/15399\"}]}]}");
}

static void
only_nl_nl_is_translated(void **state)
{
    static const char *const others[] = {"", "en_US", "nl", "nl_BE", "NL_nl",
        "nl_nl", "nl-NL", "nl_NL ", " nl_NL"};

    (void) state;

    assert_body(error_of(TRIVET_REASON_SESSION_EXPIRED, NULL, "nl_NL"),
        ERROR_2("Insufficient authorisation.", "Onvoldoende autorisatie."));

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_body(error_of(TRIVET_REASON_SESSION_EXPIRED, NULL, others[i]),
            ERROR("Insufficient authorisation."));
    }
    assert_body(trivet_error_answer_write(TRIVET_REASON_SESSION_EXPIRED, NULL,
                    trivet_slice_make("nl_NL\0", 6)),
        ERROR("Insufficient authorisation."));
    assert_body(trivet_error_answer_write(TRIVET_REASON_SESSION_EXPIRED, NULL,
                    trivet_slice_make(NULL, 0)),
        ERROR("Insufficient authorisation."));
}

static void
a_subject_is_text_and_nothing_else(void **state)
{
    (void) state;

    assert_body(error_of(TRIVET_REASON_FIELD_MISSING, "secret", ""),
        ERROR("Missing required field \\\"secret\\\"."));
    assert_body(error_of(TRIVET_REASON_FIELD_MISSING, NULL, ""),
        ERROR("Missing required field \\\"\\\"."));
    assert_body(error_of(TRIVET_REASON_SESSION_NOT_FOUND, "%s%n%d%%", ""),
        ERROR("Session for id \\\"%s%n%d%%\\\" not found."));
    assert_body(error_of(TRIVET_REASON_USER_NOT_FOUND, "\"},{\"a\":\"/\n", ""),
        ERROR("User for id \\\"\\\"},{\\\"a\\\":\\\"\\/\\n\\\" not found."));
    /* a text without a place for it */
    assert_body(error_of(TRIVET_REASON_TOKEN_MISSING, "secret", ""),
        ERROR("Insufficient authentication."));
}

static void
every_refusal_has_an_answer(void **state)
{
    (void) state;

    for (int i = 1; i < TRIVET_NUM_REASONS; i++) {
        struct trivet_buffer body =
            error_of((enum trivet_reason) i, "x", "nl_NL");
        static const char start[] = "{\"Error\":[{\"error_description\":\"";

        assert_non_null(body.data);
        assert_memory_equal(body.data, start, sizeof start - 1);
        assert_null(strchr(body.data, '%'));
        trivet_buffer_free(&body);
    }
}

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
    bodies[5] = error_of(TRIVET_REASON_SESSION_NOT_FOUND, "\xff", "nl_NL");
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
        cmocka_unit_test(what_is_not_one_json_object_is_refused_by_every_call),
        cmocka_unit_test(a_depth_bomb_is_refused),
        cmocka_unit_test(a_body_cut_anywhere_is_refused),
        cmocka_unit_test(an_absent_body_is_an_empty_object),
        cmocka_unit_test(a_required_field_is_a_string_of_some_length),
        cmocka_unit_test(a_name_has_one_spelling_and_one_place),
        cmocka_unit_test(each_string_has_its_maximum),
        cmocka_unit_test(a_maximum_is_in_bytes_not_in_characters),
        cmocka_unit_test(a_public_key_is_kept_exactly_as_it_was_sent),
        cmocka_unit_test(permitted_ips_is_a_list_of_addresses_and_stars),
        cmocka_unit_test(permitted_ips_has_a_maximum),
        cmocka_unit_test(a_device_is_read_whole),
        cmocka_unit_test(an_error_says_its_text_twice),
        cmocka_unit_test(only_nl_nl_is_translated),
        cmocka_unit_test(a_subject_is_text_and_nothing_else),
        cmocka_unit_test(every_refusal_has_an_answer),
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

    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
