/* SPDX-License-Identifier: Apache-2.0 */
/* test_canonical.c - the exact bytes that are signed */
#include "tests/unit/vector.h"

#include <stdio.h>

#include "core/canonical.h"

enum { MAX_FIELDS = 100 };

struct request {
    const char *method;
    const char *target;
    struct trivet_field fields[MAX_FIELDS];
    size_t num_fields;
};

static void
add_field(struct request *request, const char *name, const char *value)
{
    assert_true(request->num_fields < MAX_FIELDS);
    request->fields[request->num_fields++] = (struct trivet_field){
        trivet_slice_text(name), trivet_slice_text(value)};
}

static enum trivet_status
write_request(const struct request *request, struct trivet_writer *out)
{
    return trivet_canonical_request_head(TRIVET_SCHEME_FULL,
        trivet_slice_text(request->method), trivet_slice_text(request->target),
        request->fields, request->num_fields, out);
}

static void
assert_written(const struct trivet_writer *writer, const char *expected)
{
    struct trivet_slice written = trivet_writer_slice(writer);

    assert_false(writer->overflowed);
    assert_int_equal(written.len, strlen(expected));
    assert_memory_equal(written.data, expected, written.len);
}

static void
under_the_body_scheme_the_head_is_empty(void **state)
{
    const struct trivet_field fields[] = {
        {trivet_slice_text("X-Bunq-A"), trivet_slice_text("1")},
        {trivet_slice_text("User-Agent"), trivet_slice_text("x")},
    };
    struct trivet_writer none = trivet_writer_make(NULL, 0);

    (void) state;

    assert_int_equal(trivet_canonical_request_head(TRIVET_SCHEME_BODY,
                         trivet_slice_text("POST"), trivet_slice_text("/v1/x"),
                         fields, 2, &none),
        TRIVET_OK);
    assert_int_equal(trivet_canonical_response_head(
                         TRIVET_SCHEME_BODY, 200, fields, 2, &none),
        TRIVET_OK);
    assert_written(&none, "");
}

static void
a_request_is_its_line_and_its_sorted_fields(void **state)
{
    struct vector expected = vector_read("full-request.signed");
    struct request request = {.method = "POST", .target = "/v1/session-server"};
    char memory[1024];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    add_field(&request, "Host", "localhost");
    add_field(&request, "x-bunq-region", "nl_NL");
    add_field(&request, "USER-AGENT", "x");
    add_field(&request, "X-Bunq-Client-Signature", "AAAA");
    add_field(&request, "X-BUNQ-CLIENT-REQUEST-ID", "1");
    add_field(&request, "Content-Type", "application/json");
    add_field(&request, "x-Bunq-lAnguage", "en_US");
    add_field(&request, "X-Bunq-Geolocation", "0 0 0 0 NL");
    add_field(&request, "cache-control", "no-cache");
    add_field(&request, "x-bunq-client-authentication", "aa");

    assert_int_equal(write_request(&request, &writer), TRIVET_OK);
    trivet_writer_put_text(&writer, "{\"secret\":\"k\"}");
    assert_int_equal(writer.len, expected.len);
    assert_memory_equal(memory, expected.bytes, expected.len);
}

static void
an_answer_is_its_status_and_its_sorted_fields(void **state)
{
    const struct trivet_field fields[] = {
        {trivet_slice_text("x-bunq-server-signature"), trivet_slice_text("A")},
        {trivet_slice_text("x-bunq-warning"), trivet_slice_text("\"w\"")},
        {trivet_slice_text("Cache-Control"), trivet_slice_text("no-store")},
        {trivet_slice_text("User-Agent"), trivet_slice_text("y")},
        {trivet_slice_text("x-bunq-client-response-id"),
            trivet_slice_text("z")},
        {trivet_slice_text("X-Bunq-Client-Request-Id"), trivet_slice_text("1")},
        /* A request's signature is nothing special in an answer. */
        {trivet_slice_text("X-Bunq-Client-Signature"), trivet_slice_text("B")},
    };
    char memory[512];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    assert_int_equal(trivet_canonical_response_head(TRIVET_SCHEME_FULL, 200,
                         fields, sizeof fields / sizeof fields[0], &writer),
        TRIVET_OK);
    assert_written(&writer, "200\n"
                            "X-Bunq-Client-Request-Id: 1\n"
                            "X-Bunq-Client-Response-Id: z\n"
                            "X-Bunq-Client-Signature: B\n"
                            "X-Bunq-Warning: \"w\"\n"
                            "\n");
}

static void
a_server_s_signature_is_nothing_special_in_a_request(void **state)
{
    struct request request = {.method = "GET", .target = "/"};
    char memory[512];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    add_field(&request, "X-Bunq-Server-Signature", "B");
    assert_int_equal(write_request(&request, &writer), TRIVET_OK);
    assert_written(&writer, "GET /\nX-Bunq-Server-Signature: B\n\n");
}

static void
without_fields_two_line_ends_remain(void **state)
{
    char memory[64];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    assert_int_equal(
        trivet_canonical_request_head(TRIVET_SCHEME_FULL,
            trivet_slice_text("GET"), trivet_slice_text("/v1/user?count=1"),
            NULL, 0, &writer),
        TRIVET_OK);
    assert_written(&writer, "GET /v1/user?count=1\n\n");

    writer = trivet_writer_make(memory, sizeof memory);
    assert_int_equal(trivet_canonical_response_head(
                         TRIVET_SCHEME_FULL, 404, NULL, 0, &writer),
        TRIVET_OK);
    assert_written(&writer, "404\n\n");
}

static void
names_that_only_look_like_bunq_s_are_passed_over(void **state)
{
    static const char *const names[] = {"", "X", "X-", "X-Bunq", "X-Bunq-",
        "XX-Bunq-A", "X-Bunqs-A", "X_Bunq_A", "X Bunq-A", "-X-Bunq-A", "Bunq-A",
        "X--Bunq-A", " X-Bunq-A", "Cache-Control ", "Cache-Controls",
        "Cache_Control", "User-Agent2", "UserAgent", "X-User-Agent", "Host",
        "Content-Type", "Authorization", "x-bunq-client-signature",
        "X-BUNQ-CLIENT-SIGNATURE"};
    struct request request = {.method = "GET", .target = "/"};
    char memory[64];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        add_field(&request, names[i], "v");
    }

    assert_int_equal(write_request(&request, &writer), TRIVET_OK);
    assert_written(&writer, "GET /\n\n");
}

static void
names_sort_byte_by_byte_and_equal_ones_keep_their_order(void **state)
{
    struct request request = {.method = "GET", .target = "/"};
    char memory[512];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    add_field(&request, "X-Bunq-B", "2");
    add_field(&request, "x-bunq-ab", "3");
    add_field(&request, "X-Bunq-A-B", "4");
    add_field(&request, "X-BUNQ-A", "5");
    add_field(&request, "X-Bunq-A1", "6");
    add_field(&request, "x-bunq-A", "1");
    add_field(&request, "X-Bunq-A_B", "7");
    add_field(&request, "X-Bunq-9z", "8");
    add_field(&request, "User-Agent", "");

    assert_int_equal(write_request(&request, &writer), TRIVET_OK);
    assert_written(&writer, "GET /\n"
                            "User-Agent: \n"
                            "X-Bunq-9z: 8\n"
                            "X-Bunq-A: 5\n"
                            "X-Bunq-A: 1\n"
                            "X-Bunq-A-B: 4\n"
                            "X-Bunq-A1: 6\n"
                            "X-Bunq-A_b: 7\n"
                            "X-Bunq-Ab: 3\n"
                            "X-Bunq-B: 2\n"
                            "\n");
}

static void
values_are_written_as_they_are(void **state)
{
    const struct trivet_field fields[] = {
        {trivet_slice_text("X-Bunq-A"), trivet_slice_make("\0\xff: x ", 6)},
        {trivet_slice_text("X-Bunq-B"), trivet_slice_make(NULL, 0)},
    };
    static const char expected[] = "1\nX-Bunq-A: \0\xff: x \nX-Bunq-B: \n\n";
    char memory[64];
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    assert_int_equal(trivet_canonical_response_head(
                         TRIVET_SCHEME_FULL, 1, fields, 2, &writer),
        TRIVET_OK);
    assert_int_equal(writer.len, sizeof expected - 1);
    assert_memory_equal(memory, expected, sizeof expected - 1);
}

static void
only_signed_fields_count(void **state)
{
    char names[TRIVET_MAX_CANONICAL_FIELDS + 1][16];
    char memory[4096];
    struct request request = {.method = "GET", .target = "/"};
    struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

    (void) state;

    for (size_t i = 0; i <= TRIVET_MAX_CANONICAL_FIELDS; i++) {
        (void) snprintf(names[i], sizeof names[i], "X-Bunq-%02zu", i);
    }
    for (size_t i = 0; i < TRIVET_MAX_CANONICAL_FIELDS; i++) {
        add_field(&request, names[i], "v");
    }
    for (size_t i = 0; i < 20; i++) {
        add_field(&request, "Accept", "v");
    }
    assert_int_equal(write_request(&request, &writer), TRIVET_OK);

    add_field(&request, names[TRIVET_MAX_CANONICAL_FIELDS], "v");
    writer = trivet_writer_make(memory, sizeof memory);
    assert_int_equal(write_request(&request, &writer), TRIVET_E_LIMIT);
}

static void
only_a_signed_field_s_name_can_be_too_long(void **state)
{
    static const char *const starts[] = {
        "X-Bunq-", "x-bunq-client-signature", "X-Other-", "User-Agent"};
    static const enum trivet_status statuses[] = {
        TRIVET_E_LIMIT, TRIVET_E_LIMIT, TRIVET_OK, TRIVET_OK};
    char memory[512];

    (void) state;

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        char name[TRIVET_MAX_CANONICAL_NAME + 2];
        struct trivet_field field = {
            trivet_slice_make(name, sizeof name - 1), trivet_slice_text("v")};
        struct trivet_writer writer = trivet_writer_make(memory, sizeof memory);

        memset(name, 'a', sizeof name);
        memcpy(name, starts[i], strlen(starts[i]));
        assert_int_equal(trivet_canonical_request_head(TRIVET_SCHEME_FULL,
                             trivet_slice_text("GET"), trivet_slice_text("/"),
                             &field, 1, &writer),
            statuses[i]);

        field.name.len = TRIVET_MAX_CANONICAL_NAME;
        writer = trivet_writer_make(memory, sizeof memory);
        assert_int_equal(trivet_canonical_request_head(TRIVET_SCHEME_FULL,
                             trivet_slice_text("GET"), trivet_slice_text("/"),
                             &field, 1, &writer),
            TRIVET_OK);
    }
}

static void
a_head_that_does_not_fit_is_a_limit(void **state)
{
    struct request request = {.method = "GET", .target = "/"};
    char memory[64];
    size_t needed = strlen("GET /\nX-Bunq-A: 1\n\n");

    (void) state;

    add_field(&request, "X-Bunq-A", "1");

    for (size_t cap = 0; cap < needed + 3; cap++) {
        struct trivet_writer writer = trivet_writer_make(memory, cap);

        assert_int_equal(write_request(&request, &writer),
            cap < needed ? TRIVET_E_LIMIT : TRIVET_OK);
        assert_true(writer.len <= cap);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(under_the_body_scheme_the_head_is_empty),
        cmocka_unit_test(a_request_is_its_line_and_its_sorted_fields),
        cmocka_unit_test(an_answer_is_its_status_and_its_sorted_fields),
        cmocka_unit_test(a_server_s_signature_is_nothing_special_in_a_request),
        cmocka_unit_test(without_fields_two_line_ends_remain),
        cmocka_unit_test(names_that_only_look_like_bunq_s_are_passed_over),
        cmocka_unit_test(
            names_sort_byte_by_byte_and_equal_ones_keep_their_order),
        cmocka_unit_test(values_are_written_as_they_are),
        cmocka_unit_test(only_signed_fields_count),
        cmocka_unit_test(only_a_signed_field_s_name_can_be_too_long),
        cmocka_unit_test(a_head_that_does_not_fit_is_a_limit),
    };

    return cmocka_run_group_tests_name("canonical", tests, NULL, NULL);
}
