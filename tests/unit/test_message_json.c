/* SPDX-License-Identifier: Apache-2.0 */
/* test_message_json.c - bodies that are no JSON, or are empty */
#include "tests/unit/complaint.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/message/id.h"
#include "core/message/permitted_ip.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_one_json_object_is_refused_by_every_call),
        cmocka_unit_test(a_depth_bomb_is_refused),
        cmocka_unit_test(a_body_cut_anywhere_is_refused),
        cmocka_unit_test(an_absent_body_is_an_empty_object),
    };

    return cmocka_run_group_tests_name("message_json", tests, NULL, NULL);
}
