/* SPDX-License-Identifier: Apache-2.0 */
/* test_message_error.c - the exact bytes of each error */
#include "tests/unit/answer_body.h"

#include "core/message/error.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_its_text_twice),
        cmocka_unit_test(only_nl_nl_is_translated),
        cmocka_unit_test(a_subject_is_text_and_nothing_else),
        cmocka_unit_test(every_refusal_has_an_answer),
    };

    return cmocka_run_group_tests_name("message_error", tests, NULL, NULL);
}
