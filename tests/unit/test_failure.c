/* SPDX-License-Identifier: Apache-2.0 */
/* test_failure.c - what a caller of the proxy gets when there is no answer */
#include "tests/unit/unit.h"

#include "sidecar/failure.h"

static unsigned
status_of(enum trivet_status status, const char *where)
{
    const struct trivet_error err = {.status = status, .where = where};

    return trivet_failure_row(trivet_failure_of(&err))->status;
}

static const char *
reason_of(enum trivet_status status, const char *where)
{
    const struct trivet_error err = {.status = status, .where = where};

    return trivet_failure_row(trivet_failure_of(&err))->reason;
}

static void
the_status_says_whether_to_call_again(void **state)
{
    (void) state;
    assert_int_equal(status_of(TRIVET_E_OUTCOME_UNKNOWN, "call"), 502);
    assert_int_equal(status_of(TRIVET_E_UNTRUSTED, "worker.verify"), 502);
    assert_int_equal(status_of(TRIVET_E_UNTRUSTED, "transport.pins"), 502);
    assert_int_equal(status_of(TRIVET_E_UNTRUSTED, "transport"), 502);
    assert_int_equal(status_of(TRIVET_E_LIMIT, "transport"), 502);
    assert_int_equal(status_of(TRIVET_E_UNAVAILABLE, "transport"), 503);
    assert_int_equal(status_of(TRIVET_E_REFUSED, "session"), 503);
    assert_int_equal(status_of(TRIVET_E_NOT_FOUND, "file"), 503);
    assert_int_equal(status_of(TRIVET_E_UNAVAILABLE, "transport.time"), 504);
    assert_int_equal(status_of(TRIVET_E_USAGE, "call"), 400);
    assert_int_equal(status_of(TRIVET_E_LIMIT, "call"), 431);
    assert_int_equal(status_of(TRIVET_E_THROTTLED, "call.throttle"), 429);
    assert_int_equal(status_of(TRIVET_E_MEMORY, "call"), 500);
}

static void
the_reason_says_what_it_was(void **state)
{
    (void) state;
    assert_string_equal(
        reason_of(TRIVET_E_UNTRUSTED, "proof"), "answer-untrusted");
    assert_string_equal(
        reason_of(TRIVET_E_UNTRUSTED, "transport.pins"), "pin-mismatch");
    assert_string_equal(
        reason_of(TRIVET_E_UNTRUSTED, "transport"), "certificate-untrusted");
    assert_string_equal(
        reason_of(TRIVET_E_UNAVAILABLE, "session"), "server-unreachable");
    assert_string_equal(
        reason_of(TRIVET_E_UNAVAILABLE, "file.lock"), "context-unusable");
    assert_string_equal(
        reason_of(TRIVET_E_USAGE, "transport"), "context-unusable");
    assert_string_equal(reason_of(TRIVET_E_USAGE, "file"), "context-unusable");
}

/* Whatever fails has an answer of an error. */
static void
every_status_has_a_failure(void **state)
{
    static const char *const places[] = {
        "", "call", "transport", "session", "file", "worker.sign"};

    (void) state;
    for (int status = 1; status <= TRIVET_E_OUTCOME_UNKNOWN; status++) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            assert_in_range(
                status_of((enum trivet_status) status, places[i]), 400, 504);
        }
    }
    for (int i = 1; i < TRIVET_NUM_FAILURES; i++) {
        const struct trivet_failure_row *row =
            trivet_failure_row((enum trivet_failure) i);

        assert_in_range(row->status, 400, 504);
        assert_true(strlen(row->reason) > 0 && strlen(row->text) > 0);
    }
}

static void
what_the_http_server_finds_is_a_failure(void **state)
{
    (void) state;
    assert_int_equal(trivet_failure_of_status(404), TRIVET_FAILURE_NOT_FOUND);
    assert_int_equal(trivet_failure_of_status(413), TRIVET_FAILURE_BODY_SIZE);
    assert_int_equal(trivet_failure_of_status(431), TRIVET_FAILURE_HEADER_SIZE);
    assert_int_equal(trivet_failure_of_status(400), TRIVET_FAILURE_BAD_REQUEST);
    assert_int_equal(trivet_failure_of_status(502), TRIVET_FAILURE_INTERNAL);
    assert_int_equal(trivet_failure_of_status(500), TRIVET_FAILURE_INTERNAL);
    assert_int_equal(trivet_failure_of_status(405), TRIVET_FAILURE_BAD_REQUEST);
    assert_int_equal(trivet_failure_of_status(501), TRIVET_FAILURE_BAD_REQUEST);
    assert_int_equal(trivet_failure_of_status(505), TRIVET_FAILURE_BAD_REQUEST);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_says_whether_to_call_again),
        cmocka_unit_test(the_reason_says_what_it_was),
        cmocka_unit_test(every_status_has_a_failure),
        cmocka_unit_test(what_the_http_server_finds_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
